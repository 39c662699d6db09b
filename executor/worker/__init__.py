"""Worker processes around the machine: isolation, watchdog, pool, and the cache of compiled code."""

from executor.worker.handle import AsyncCapabilities
from executor.worker.pool import Execution, WorkerPool

__all__ = ["WorkerPool", "Execution", "AsyncCapabilities"]
