"""What each import does (docs/abi.md). In four parts where there are that many: arguments, fuel, transcript, result.

Rule 1. A host function never raises through the engine; vm/imports.py keeps what is raised here (D10).
Rule 2. Which imports a mode allows is the table ALLOWED; an import out of its mode is against the ABI.
Rule 3. Prices are taken before anything is looked at (vm/prices.py).
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from executor.crypto.draws import draw_of, value_of
from executor.errors import HostFault, InvalidSpec, InvalidValue, TranscriptMismatch
from executor.model.draw import encode_draw
from executor.model.manifest import DrandRandom
from executor.model.observation import ERROR_CODE, Kind, Observation
from executor.model.outcome import Awaiting, Failed
from executor.model.spec import Spec, parse_spec
from executor.model.trigger import HttpCall
from executor.model.values import check_value
from executor.vm.capabilities import Answer, Refusal, Response
from executor.vm.diagnostics import MAX_EVENTS, Event, LogLine
from executor.vm.host import Host, Mode
from executor.vm.operations import DRAW, GRANTED_BY, PURE, is_granted
from executor.vm.prices import IMPORT_PRICES, OPERATION_PRICES

UNANSWERED: Final = (1 << 64) - 1  # -1 as i64
MAX_OPERATION_BYTES: Final = 64  # the longest name we have is 16

ALLOWED: Final = MappingProxyType(
    {
        Mode.SETUP: frozenset({"fail", "log"}),
        Mode.AGREED: frozenset({"observe", "call", "read", "fail", "log"}),
        Mode.OBSERVING: frozenset({"observe", "propose", "call", "read", "fail", "log"}),
        Mode.ENDED: frozenset[str](),
    }
)


def enter(host: Host, name: str, arguments: tuple[int, ...]) -> int:
    """One import call: pay, check the mode, act; the raw result."""
    # FUEL
    if host.ended or not host.pay(IMPORT_PRICES[name].of(_size_of(host, name, arguments))):
        return 0
    # RESULT
    if name not in ALLOWED[host.mode]:
        host.break_rule(_REFUSED.get((name, host.mode), f"{name} is not allowed {host.mode.value}"))
        return 0
    if host.diagnostics.record_events and len(host.diagnostics.events) < MAX_EVENTS:
        return _record(host, name, arguments)
    return _ACTIONS[name](host, *arguments) or 0


def _record(host: Host, name: str, arguments: tuple[int, ...]) -> int:
    """The same, written down for people."""
    fuel_used, memory = host.fuel_used(), host.machine.memory
    ranges = (arguments[:2], arguments[2:]) if name == "call" else (arguments[-2:],) if name != "read" else ()
    given = [memory.read(*part) if memory.contains(*part) else b"" for part in ranges]
    answer = host.pending or b"" if name == "read" else b""
    result = _ACTIONS[name](host, *arguments) or 0
    if name in ("observe", "call") and not host.ended:
        answer = host.pending or b""
    host.diagnostics.events.append(Event(name, fuel_used, b"\0".join(given), answer, result))
    return result


def _size_of(host: Host, name: str, arguments: tuple[int, ...]) -> int:
    match name:
        case "read":
            return len(host.pending or b"")
        case "call":
            return arguments[1] + arguments[3]
        case _:
            return arguments[-1]


def observe(host: Host, pointer: int, size: int) -> int:
    """The next observation slot: the transcript's entry, `-1` in an observe run, or the end as Awaiting."""
    # ARGUMENTS
    if host.mode is Mode.OBSERVING:
        host.finish(Observation.error("nested-observe"), "observe inside an observation")
        return 0
    spec_bytes = host.take_bytes("observe: spec", pointer, size, host.ceilings.spec_bytes)
    if spec_bytes is None:
        return 0
    if host.draws:
        host.break_rule("observe: a draw was made before; draws come last")
        return 0
    if host.slot >= (limit := host.function.terms.limits.observations):
        host.break_rule(f"observe: more than {limit} observations: limits.observations is {limit}")
        return 0
    try:
        spec = parse_spec(spec_bytes)
    except InvalidSpec as error:
        host.break_rule(str(error))
        return 0
    # TRANSCRIPT
    if host.slot == len(host.transcript):
        return _reach_unanswered(host, spec_bytes, spec)
    entry = host.transcript[host.slot]
    if entry.spec != spec_bytes:
        host.fail_run(TranscriptMismatch(f"slot {host.slot}: the guest asks {spec_bytes!r}, not {entry.spec!r}"))
        return 0
    # RESULT
    host.slot += 1
    host.pending = entry.value
    return int(entry.kind) << 32 | len(entry.value)


def _reach_unanswered(host: Host, spec_bytes: bytes, spec: Spec) -> int:
    if host.capabilities is None:
        host.finish(Awaiting(host.slot, spec_bytes))
        return 0
    host.mode, host.spec, host.pending = Mode.OBSERVING, spec, None
    host.log_bytes = host.log_lines = 0  # budgets of its own
    host.budget = host.function.terms.limits.observe_fuel
    host.machine.set_fuel(host.budget)
    return UNANSWERED


def propose(host: Host, kind: int, pointer: int, size: int) -> None:
    """The local observation of an observe run; ends it."""
    # ARGUMENTS
    if kind not in (Kind.VALUE, Kind.ERROR):
        return host.break_rule(f"propose: kind {kind} is neither 0 (value) nor 1 (error)")
    if not host.machine.memory.contains(pointer, size):
        return host.break_rule(f"propose: {size} bytes at {pointer} leave the memory")
    if size > host.ceilings.observation_bytes:
        code = "invalid-value" if kind == Kind.VALUE else "invalid-code"
        return host.finish(Observation.error(code), f"propose: {size} bytes")
    data = host.machine.memory.read(pointer, size)
    # RESULT
    if kind == Kind.ERROR:
        if not ERROR_CODE.fullmatch(data):
            return host.finish(Observation.error("invalid-code"), f"propose: {data[:80]!r} is no error code")
        return host.finish(Observation(Kind.ERROR, data))
    if host.spec is None:
        raise HostFault("observe mode without a spec")
    try:
        check_value(host.spec.aggregate, data)
    except InvalidValue as error:
        return host.finish(Observation.error("invalid-value"), f"propose: {error}")
    return host.finish(Observation(Kind.VALUE, data))


def call(host: Host, name_pointer: int, name_size: int, pointer: int, size: int) -> int:
    """An operation: pure ones in either mode, the manifest's capabilities in observe mode."""
    # ARGUMENTS
    operation = host.take_text("call: operation", name_pointer, name_size, MAX_OPERATION_BYTES)
    if operation is None:
        return 0
    data = host.take_bytes(f"call {operation}: request", pointer, size, host.ceilings.call_request_bytes)
    if data is None:
        return 0
    # FUEL
    pure = PURE.get(operation)
    if pure is not None and not host.pay(OPERATION_PRICES[operation].of(size)):
        return 0
    # RESULT
    if pure is not None:
        return _respond(host, Answer(pure(host.request, data)))
    if operation == DRAW and host.mode is Mode.AGREED:
        return _draw(host, data)
    if host.mode is Mode.AGREED or host.capabilities is None:
        host.break_rule(f"call {operation}: looks at the world; wrap it in observe")
        return 0
    host.calls += 1
    if host.calls > host.ceilings.calls:
        host.break_rule(f"call {operation}: more than {host.ceilings.calls} calls in one observe run")
        return 0
    if operation == DRAW:
        return _respond(host, Refusal("agreed-mode-only"))
    if operation not in GRANTED_BY:
        return _respond(host, Refusal("unknown-operation"))
    if not is_granted(operation, host.function.terms.capabilities):
        return _respond(host, Refusal("not-granted"))
    return _respond(host, host.capabilities.call(operation, data))


def _draw(host: Host, data: bytes) -> int:
    """The transcript's next draw, or the end as Awaiting it."""
    # ARGUMENTS
    grant = host.function.terms.capabilities.random
    if grant is None:
        host.break_rule(f"call {DRAW}: the manifest has no [capabilities.random]")
        return 0
    posted = host.request.origin is not None and isinstance(host.request.origin.event, HttpCall)
    if posted and isinstance(grant, DrandRandom):
        host.break_rule(f"call {DRAW}: whoever posts names a block of the past, and knows its round")
        return 0
    if data:
        host.break_rule(f"call {DRAW}: the request is empty")
        return 0
    if host.draws >= grant.draws:
        host.break_rule(f"call {DRAW}: more than {grant.draws} draws: capabilities.random.draws is {grant.draws}")
        return 0
    # TRANSCRIPT
    draw = draw_of(grant, host.request, host.draws)
    spec = encode_draw(draw)
    if host.slot == len(host.transcript):
        if host.capabilities is not None:
            host.fail_run(TranscriptMismatch(f"slot {host.slot}: the guest draws, where it was to observe"))
        host.finish(Awaiting(host.slot, spec))
        return 0
    entry = host.transcript[host.slot]
    if entry.spec != spec:
        host.fail_run(TranscriptMismatch(f"slot {host.slot}: the guest draws {spec!r}, not {entry.spec!r}"))
        return 0
    # RESULT
    host.slot += 1
    host.draws += 1
    return _respond(host, Answer(value_of(draw, host.request, entry.value)))


def _respond(host: Host, response: Response) -> int:
    match response:
        case Answer(data) if len(data) > host.ceilings.call_response_bytes:
            return _respond(host, Refusal("response-too-large"))
        case Answer(data):
            host.pending, status = data, 0
        case Refusal(code):
            host.pending, status = code.encode("ascii"), 1
    return status << 32 | len(host.pending)


def read(host: Host, pointer: int) -> None:
    """Copy the pending bytes, once."""
    # ARGUMENTS
    data = host.pending
    if data is None:
        return host.break_rule("read: nothing is pending")
    if not host.machine.memory.contains(pointer, len(data)):
        return host.break_rule(f"read: {len(data)} bytes at {pointer} leave the memory")
    # RESULT
    host.pending = None
    return host.machine.memory.write(pointer, data)


def fail(host: Host, pointer: int, size: int) -> None:
    """The guest's own error; ends the run."""
    # ARGUMENTS
    error = host.take_bytes("fail", pointer, size, host.ceilings.error_bytes)
    if error is None:
        return None
    if not error:
        return host.break_rule("fail: the error is empty")
    # RESULT
    message = f"the guest failed: {error.decode('utf-8', 'backslashreplace')}"
    if host.mode is Mode.OBSERVING:
        return host.finish(Observation.error("failed"), message)
    return host.finish(Failed(error, host.fuel_used()), message)


def log(host: Host, level: int, pointer: int, size: int) -> None:
    """A line for people."""
    # ARGUMENTS
    text = host.take_text("log", pointer, size, host.ceilings.log_bytes)
    if text is None:
        return
    host.log_bytes += size
    host.log_lines += 1
    if host.log_bytes > host.ceilings.log_bytes or host.log_lines > host.ceilings.log_lines:
        host.break_rule(f"log: more than {host.ceilings.log_lines} lines or {host.ceilings.log_bytes} bytes")
        return
    # RESULT
    host.diagnostics.logs.append(LogLine(level, text))


_REFUSED: Final = MappingProxyType(
    {
        ("propose", Mode.AGREED): "propose: this slot is answered, or observe was not called",
        ("observe", Mode.SETUP): "observe: only fail and log may be called before run",
        ("call", Mode.SETUP): "call: only fail and log may be called before run",
    }
)
_ACTIONS: Final = MappingProxyType[str, Callable[..., int | None]](
    {
        "observe": observe,
        "propose": propose,
        "call": call,
        "read": read,
        "fail": fail,
        "log": log,
    }
)
