"""Worker processes around the machine: isolation, watchdog, pool, and the cache of compiled code.

Names are imported on first use, so that commands start at once; their types are in __init__.pyi.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["WorkerPool", "Execution", "AsyncCapabilities", "Confinement"]

_MODULES = {
    "executor.worker.confinement": "Confinement",
    "executor.worker.pool": "Execution WorkerPool",
    "executor.worker.worlds": "AsyncCapabilities",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'executor.worker' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
