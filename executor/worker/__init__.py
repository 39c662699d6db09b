"""Worker processes around the machine: isolation, watchdog, pool, and the cache of compiled code.

Names are imported on first use, so that commands start at once; their types are in __init__.pyi.
"""

from __future__ import annotations

from executor.parts import on_first_use

__all__ = ["WorkerPool", "Execution", "AsyncCapabilities", "Confinement"]

__getattr__ = on_first_use(
    __name__,
    {
        "executor.worker.confinement": "Confinement",
        "executor.worker.pool": "Execution WorkerPool",
        "executor.worker.worlds": "AsyncCapabilities",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
