"""The outside world, one file each.

Names are imported on first use, so that commands start at once; their types are in __init__.pyi.
"""

from __future__ import annotations

from executor.parts import on_first_use

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

__getattr__ = on_first_use(
    __name__,
    {
        "executor.capabilities.evm": "EvmCapability EvmChain EvmSettings",
        "executor.capabilities.http": "HttpCapability HttpSettings",
        "executor.capabilities.node": "BlockingCapabilities Capability NodeCapabilities granted_capabilities",
        "executor.capabilities.private": "GivenPrivateData PrivateData",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
