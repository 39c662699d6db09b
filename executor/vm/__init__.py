"""The machine: checks, compiles and runs guests. Pure, and the only package that imports wasmtime."""

from executor.vm.capabilities import Answer, Capabilities, Refusal, Response
from executor.vm.diagnostics import Diagnostics, Event, LogLine
from executor.vm.engine import ENGINE
from executor.vm.execute import execute, observe
from executor.vm.program import Program, load
from executor.vm.selftest import self_test
from executor.vm.snapshot import freeze, instance_fuel

__all__ = [
    "load",
    "execute",
    "observe",
    "freeze",
    "instance_fuel",
    "Program",
    "Diagnostics",
    "LogLine",
    "Event",
    "Capabilities",
    "Response",
    "Answer",
    "Refusal",
    "self_test",
    "ENGINE",
]
