"""The outside world, one file each.

Names are imported on first use, so that commands start at once; their types are in __init__.pyi.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = [
    "BlockingCapabilities",
    "Capability",
    "EvmCapability",
    "EvmChain",
    "EvmSettings",
    "GivenPrivateData",
    "HttpCapability",
    "HttpSettings",
    "NodeCapabilities",
    "PrivateData",
    "granted_capabilities",
]

_MODULES = {
    "executor.capabilities.evm": "EvmCapability EvmChain EvmSettings",
    "executor.capabilities.http": "HttpCapability HttpSettings",
    "executor.capabilities.node": "BlockingCapabilities Capability NodeCapabilities granted_capabilities",
    "executor.capabilities.private": "GivenPrivateData PrivateData",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'executor.capabilities' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
