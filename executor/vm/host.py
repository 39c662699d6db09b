"""The state of one run, shared by its driver (vm/run.py) and its host functions (vm/host_functions.py).

Rule 1. What ended the run first, stays: nothing the guest does afterwards has any effect.
Rule 2. Whoever ends a run takes the guest's fuel away, so that a guest which goes on is stopped by the engine's next
        check of it, wherever that is.
Rule 3. In observe mode every end is an observation (D13).
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Final

from executor.errors import ExecutorError, HostFault
from executor.model.function import Function
from executor.model.observation import Observation
from executor.model.outcome import Outcome, TrapCode, Trapped
from executor.model.profile import Ceilings
from executor.model.request import Request
from executor.model.spec import Spec
from executor.model.transcript import Transcript
from executor.vm.capabilities import Capabilities
from executor.vm.diagnostics import Diagnostics
from executor.vm.machine import Machine

OBSERVED_TRAPS: Final = MappingProxyType(
    {TrapCode.OUT_OF_FUEL: "out-of-fuel", TrapCode.STACK: "trap", TrapCode.TRAP: "trap", TrapCode.ABI: "abi"}
)
"""What a trap becomes in observe mode."""


NOTHING: Final = -1
"""The fuel of a run that has ended: the guest's next check stops it."""


class Mode(Enum):
    """Where a run is."""

    SETUP = "before run"
    AGREED = "agreed mode"
    OBSERVING = "observe mode"
    ENDED = "after the end of the run"


class Host:
    """State of one run: its mode, its place in the transcript, and what ended it."""

    __slots__ = (
        "_machine", "answered", "budget", "calls", "capabilities", "ceilings", "diagnostics", "draws", "end", "fault",
        "function", "log_bytes", "log_lines", "mode", "pending", "request", "slot", "spec", "transcript",
    )  # fmt: skip

    def __init__(
        self,
        function: Function,
        request: Request,
        transcript: Transcript,
        capabilities: Capabilities | None,
        ceilings: Ceilings,
        diagnostics: Diagnostics,
    ) -> None:
        self.function, self.request, self.transcript = function, request, transcript
        self.capabilities = capabilities
        self.ceilings, self.diagnostics = ceilings, diagnostics
        self.mode = Mode.SETUP
        self.budget = function.terms.limits.fuel
        self.slot = self.draws = 0
        self.end: Outcome | Observation | None = None
        self.fault: ExecutorError | None = None
        self._machine: Machine | None = None
        self.spec: Spec | None = None
        self.pending: bytes | None = None
        self.calls = self.log_bytes = self.log_lines = 0
        self.answered = 0  # host calls, whatever came of them

    def attach(self, machine: Machine, instantiation_fuel: int) -> None:
        """The instance exists: from here on the guest burns its budget, the price of the instance first."""
        self._machine = machine
        machine.set_fuel(self.budget)
        self.pay(instantiation_fuel)

    @property
    def machine(self) -> Machine:
        """The instance of this run."""
        if self._machine is None:
            raise HostFault("a guest ran before its run began")
        return self._machine

    @property
    def ended(self) -> bool:
        """Whether the run has ended; what the guest still does has no effect."""
        return self.mode is Mode.ENDED

    def fuel_used(self) -> int:
        """What the guest has burned of the present budget."""
        return self.budget - self.machine.fuel()

    def finish(self, end: Outcome | Observation, message: str = "") -> None:
        """End the run with this, unless it has ended; take the fuel away."""
        if not self.ended:
            self.mode, self.end = Mode.ENDED, end
            self.diagnostics.explain(message)
            self.machine.set_fuel(NOTHING)

    def trap(self, code: TrapCode, message: str) -> None:
        """End the run as trapped; in observe mode as the error observation of that kind (D13)."""
        if self.mode is Mode.OBSERVING:
            self.finish(Observation.error(OBSERVED_TRAPS[code]), message)
        else:
            self.finish(Trapped(code, self.function.terms.limits.fuel), message)

    def break_rule(self, message: str) -> None:
        """End the run because the guest broke a rule of the ABI or a limit."""
        self.trap(TrapCode.ABI, message)

    def fail_run(self, fault: ExecutorError) -> None:
        """End the run without any outcome: our fault, or the transcript's."""
        if not self.ended:
            self.mode, self.fault = Mode.ENDED, fault
            self.machine.set_fuel(NOTHING)

    # What host functions share

    def pay(self, price: int) -> bool:
        """Take this much fuel; False when the run has ended over it."""
        left = self.machine.fuel()
        if left < price:
            self.trap(TrapCode.OUT_OF_FUEL, f"{price} fuel to pay, {max(left, 0)} left")
            return False
        self.machine.set_fuel(left - price)
        return True

    def take_bytes(self, what: str, pointer: int, size: int, limit: int) -> bytes | None:
        """The guest's bytes, or None when the run has ended over them."""
        if not self.machine.memory.contains(pointer, size):
            self.break_rule(f"{what}: {size} bytes at {pointer} leave the memory")
        elif size > limit:
            self.break_rule(f"{what}: {size} bytes, the limit is {limit}")
        else:
            return self.machine.memory.read(pointer, size)
        return None

    def take_text(self, what: str, pointer: int, size: int, limit: int) -> str | None:
        """The same for UTF-8 text."""
        data = self.take_bytes(what, pointer, size, limit)
        if data is None:
            return None
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            self.break_rule(f"{what}: not UTF-8")
            return None
