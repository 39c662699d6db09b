"""Runs the same cases on many WebAssembly engines and compares what they answer, byte for byte (D12)."""

from executor.testing.engines.cases import Answer, Call, Case
from executor.testing.engines.rows import HostCalls, Returned, Row, TrapClass, Trapped

__all__ = ["Answer", "Call", "Case", "HostCalls", "Returned", "Row", "TrapClass", "Trapped"]
