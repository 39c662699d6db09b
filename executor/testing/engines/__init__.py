"""Runs the same cases on many WebAssembly engines and compares what they answer, byte for byte (D12)."""

from executor.testing.engines.cases import Answer, Call, Case
from executor.testing.engines.catalogue import NAMES, open_engine
from executor.testing.engines.engine import Engine, ProcessEngine
from executor.testing.engines.replay import WebReplay
from executor.testing.engines.rows import Astray, HostCalls, Returned, Row, TrapClass, Trapped

__all__ = [
    "NAMES",
    "Answer",
    "Astray",
    "Call",
    "Case",
    "Engine",
    "HostCalls",
    "ProcessEngine",
    "Returned",
    "Row",
    "TrapClass",
    "Trapped",
    "WebReplay",
    "open_engine",
]
