"""The host's side of one run: what each import does (docs/abi.md).

Rule 1. A host function never raises: whatever goes wrong is kept here and the guest's fuel is taken (D10).
Rule 2. What ended the run first, stays: nothing the guest does afterwards has any effect.
Rule 3. Which imports a mode allows is the table ALLOWED; an import out of its mode is against the ABI.
Rule 4. Prices are taken before anything is looked at (vm/prices.py).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import MappingProxyType
from typing import Final

from executor.errors import ExecutorError, HostFault, InvalidSpec, InvalidValue, TranscriptMismatch
from executor.model.function import Function
from executor.model.observation import ERROR_CODE, Kind, Observation
from executor.model.outcome import Awaiting, Failed, Outcome, TrapCode, Trapped
from executor.model.profile import Ceilings
from executor.model.request import Request
from executor.model.spec import Spec, parse_spec
from executor.model.transcript import Transcript
from executor.model.values import check_value
from executor.vm.capabilities import Answer, Capabilities, Refusal, Response
from executor.vm.diagnostics import Diagnostics, LogLine
from executor.vm.machine import Machine
from executor.vm.operations import GRANTED_BY, PURE, is_granted
from executor.vm.prices import IMPORT_PRICES, OPERATION_PRICES

UNANSWERED: Final = (1 << 64) - 1  # -1 as i64


class Mode(Enum):
    """Where a run is."""

    SETUP = "before run"
    AGREED = "agreed mode"
    OBSERVING = "observe mode"
    ENDED = "after the end of the run"


ALLOWED: Final = MappingProxyType(
    {
        Mode.SETUP: frozenset({"fail", "log"}),
        Mode.AGREED: frozenset({"observe", "call", "read", "fail", "log"}),
        Mode.OBSERVING: frozenset({"observe", "propose", "call", "read", "fail", "log"}),
        Mode.ENDED: frozenset[str](),
    }
)


class Host:
    """State of one run: its mode, its place in the transcript, and what ended it."""

    __slots__ = (
        "_calls", "_ceilings", "_diagnostics", "_log_bytes", "_log_lines", "_machine", "_pending", "_spec",
        "budget", "capabilities", "end", "fault", "function", "mode", "request", "slot", "transcript",
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
        self._ceilings, self._diagnostics = ceilings, diagnostics
        self.mode = Mode.SETUP
        self.budget = function.terms.limits.fuel
        self.slot = 0
        self.end: Outcome | Observation | None = None
        self.fault: ExecutorError | None = None
        self._machine: Machine | None = None
        self._spec: Spec | None = None
        self._pending: bytes | None = None
        self._calls = self._log_bytes = self._log_lines = 0

    # What the run does

    def attach(self, machine: Machine) -> None:
        """The instance exists: from here on the guest burns its budget."""
        self._machine = machine
        machine.set_fuel(self.budget)

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
            self._diagnostics.explain(message)
            self.machine.set_fuel(0)

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
            self.machine.set_fuel(0)

    # What the guest calls

    def enter(self, name: str, arguments: tuple[int, ...]) -> int:
        """One import call: pay, check the mode, act; the raw result."""
        if self.ended or not self._pay(IMPORT_PRICES[name].of(self._size_of(name, arguments))):
            return 0
        if name not in ALLOWED[self.mode]:
            self.break_rule(_REFUSED.get((name, self.mode), f"{name} is not allowed {self.mode.value}"))
            return 0
        return _ACTIONS[name](self, *arguments) or 0

    def _size_of(self, name: str, arguments: tuple[int, ...]) -> int:
        match name:
            case "read":
                return len(self._pending or b"")
            case "call":
                return arguments[1] + arguments[3]
            case _:
                return arguments[-1]

    def _pay(self, price: int) -> bool:
        left = self.machine.fuel()
        if left <= price:
            self.trap(TrapCode.OUT_OF_FUEL, f"a host function costs {price} fuel, {left} is left")
            return False
        self.machine.set_fuel(left - price)
        return True

    def _bytes(self, what: str, pointer: int, size: int, limit: int) -> bytes | None:
        """The guest's bytes, or None when the run has ended over them."""
        if not self.machine.memory.contains(pointer, size):
            self.break_rule(f"{what}: {size} bytes at {pointer} leave the memory")
        elif size > limit:
            self.break_rule(f"{what}: {size} bytes, the limit is {limit}")
        else:
            return self.machine.memory.read(pointer, size)
        return None

    def _text(self, what: str, pointer: int, size: int, limit: int) -> str | None:
        data = self._bytes(what, pointer, size, limit)
        if data is None:
            return None
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            self.break_rule(f"{what}: not UTF-8")
            return None

    def observe(self, pointer: int, size: int) -> int:
        """The next observation slot: the transcript's entry, `-1` in an observe run, or the end as Awaiting."""
        # ARGUMENTS
        if self.mode is Mode.OBSERVING:
            self.finish(Observation.error("nested-observe"), "observe inside an observation")
            return 0
        spec_bytes = self._bytes("observe: spec", pointer, size, self._ceilings.spec_bytes)
        if spec_bytes is None:
            return 0
        if self.slot >= (limit := self.function.terms.limits.observations):
            self.break_rule(f"observe: more than {limit} observations")
            return 0
        try:
            spec = parse_spec(spec_bytes)
        except InvalidSpec as error:
            self.break_rule(str(error))
            return 0
        # TRANSCRIPT
        if self.slot == len(self.transcript):
            return self._reach_unanswered(spec_bytes, spec)
        entry = self.transcript[self.slot]
        if entry.spec != spec_bytes:
            self.fail_run(TranscriptMismatch(f"slot {self.slot}: the guest asks {spec_bytes!r}, not {entry.spec!r}"))
            return 0
        # RESULT
        self.slot += 1
        self._pending = entry.value
        return int(entry.kind) << 32 | len(entry.value)

    def _reach_unanswered(self, spec_bytes: bytes, spec: Spec) -> int:
        if self.capabilities is None:
            self.finish(Awaiting(self.slot, spec_bytes))
            return 0
        self.mode, self._spec, self._pending = Mode.OBSERVING, spec, None
        self._log_bytes = self._log_lines = 0  # budgets of its own
        self.budget = self.function.terms.limits.observe_fuel
        self.machine.set_fuel(self.budget)
        return UNANSWERED

    def propose(self, kind: int, pointer: int, size: int) -> None:
        """The local observation of an observe run; ends it."""
        # ARGUMENTS
        if kind not in (Kind.VALUE, Kind.ERROR):
            return self.break_rule(f"propose: kind {kind} is neither 0 (value) nor 1 (error)")
        if not self.machine.memory.contains(pointer, size):
            return self.break_rule(f"propose: {size} bytes at {pointer} leave the memory")
        if size > self._ceilings.observation_bytes:
            code = "invalid-value" if kind == Kind.VALUE else "invalid-code"
            return self.finish(Observation.error(code), f"propose: {size} bytes")
        data = self.machine.memory.read(pointer, size)
        # RESULT
        if kind == Kind.ERROR:
            if not ERROR_CODE.fullmatch(data):
                return self.finish(Observation.error("invalid-code"), f"propose: {data[:80]!r} is no error code")
            return self.finish(Observation(Kind.ERROR, data))
        if self._spec is None:
            raise HostFault("observe mode without a spec")
        try:
            check_value(self._spec.aggregate, data)
        except InvalidValue as error:
            return self.finish(Observation.error("invalid-value"), f"propose: {error}")
        return self.finish(Observation(Kind.VALUE, data))

    def call(self, name_pointer: int, name_size: int, pointer: int, size: int) -> int:
        """An operation: pure ones in either mode, the manifest's capabilities in observe mode."""
        # ARGUMENTS
        operation = self._text("call: operation", name_pointer, name_size, MAX_OPERATION_BYTES)
        if operation is None:
            return 0
        data = self._bytes(f"call {operation}: request", pointer, size, self._ceilings.call_request_bytes)
        if data is None:
            return 0
        # FUEL
        pure = PURE.get(operation)
        if pure is not None and not self._pay(OPERATION_PRICES[operation].of(size)):
            return 0
        # RESULT
        if pure is not None:
            return self._respond(Answer(pure(self.request, data)))
        if self.mode is Mode.AGREED or self.capabilities is None:
            self.break_rule(f"call {operation}: looks at the world; wrap it in observe")
            return 0
        self._calls += 1
        if self._calls > self._ceilings.calls:
            self.break_rule(f"call {operation}: more than {self._ceilings.calls} calls in one observe run")
            return 0
        if operation not in GRANTED_BY:
            return self._respond(Refusal("unknown-operation"))
        if not is_granted(operation, self.function.terms.capabilities):
            return self._respond(Refusal("not-granted"))
        return self._respond(self.capabilities.call(operation, data))

    def _respond(self, response: Response) -> int:
        match response:
            case Answer(data) if len(data) > self._ceilings.call_response_bytes:
                return self._respond(Refusal("response-too-large"))
            case Answer(data):
                self._pending, status = data, 0
            case Refusal(code):
                self._pending, status = code.encode("ascii"), 1
        return status << 32 | len(self._pending)

    def read(self, pointer: int) -> None:
        """Copy the pending bytes, once."""
        # ARGUMENTS
        data = self._pending
        if data is None:
            return self.break_rule("read: nothing is pending")
        if not self.machine.memory.contains(pointer, len(data)):
            return self.break_rule(f"read: {len(data)} bytes at {pointer} leave the memory")
        # RESULT
        self._pending = None
        return self.machine.memory.write(pointer, data)

    def fail(self, pointer: int, size: int) -> None:
        """The guest's own error; ends the run."""
        # ARGUMENTS
        error = self._bytes("fail", pointer, size, self._ceilings.error_bytes)
        if error is None:
            return None
        if not error:
            return self.break_rule("fail: the error is empty")
        # RESULT
        message = f"the guest failed: {error.decode('utf-8', 'backslashreplace')}"
        if self.mode is Mode.OBSERVING:
            return self.finish(Observation.error("failed"), message)
        return self.finish(Failed(error, self.fuel_used()), message)

    def log(self, level: int, pointer: int, size: int) -> None:
        """A line for people."""
        # ARGUMENTS
        text = self._text("log", pointer, size, self._ceilings.log_bytes)
        if text is None:
            return
        self._log_bytes += size
        self._log_lines += 1
        if self._log_bytes > self._ceilings.log_bytes or self._log_lines > self._ceilings.log_lines:
            self.break_rule(f"log: more than {self._ceilings.log_lines} lines or {self._ceilings.log_bytes} bytes")
            return
        # RESULT
        self._diagnostics.logs.append(LogLine(level, text))


MAX_OPERATION_BYTES: Final = 64  # the longest name we have is 16
OBSERVED_TRAPS: Final = MappingProxyType(
    {TrapCode.OUT_OF_FUEL: "out-of-fuel", TrapCode.STACK: "trap", TrapCode.TRAP: "trap", TrapCode.ABI: "abi"}
)
_REFUSED: Final = MappingProxyType(
    {
        ("propose", Mode.AGREED): "propose: this slot is answered, or observe was not called; nothing may be proposed",
        ("observe", Mode.SETUP): "observe: only fail and log may be called before run",
        ("call", Mode.SETUP): "call: only fail and log may be called before run",
    }
)
_ACTIONS: Final = MappingProxyType[str, Callable[..., int | None]](
    {
        "observe": Host.observe,
        "propose": Host.propose,
        "call": Host.call,
        "read": Host.read,
        "fail": Host.fail,
        "log": Host.log,
    }
)
