from executor.worker.confinement import Confinement
from executor.worker.pool import Execution, WorkerPool
from executor.worker.worlds import AsyncCapabilities

__all__ = ["WorkerPool", "Execution", "AsyncCapabilities", "Confinement"]
