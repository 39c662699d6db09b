"""One run of a guest, for both verbs: set up, call, and say how it ended.

Order of what burns the function's budget: making the instance; `_initialize`; for an engine `alloc(source)` and `load`;
`alloc(input)` and `run`. Fuel below zero when an export returns is OUT_OF_FUEL (docs/metering.md, "How a run ends").
"""

from __future__ import annotations

from typing import Final

from wasmtime import TrapCode as EngineTrap

from executor.errors import HostFault, InvalidValue, TranscriptMismatch
from executor.model.observation import Observation
from executor.model.outcome import Awaiting, Outcome, Returned, TrapCode
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.vm.capabilities import Capabilities
from executor.vm.diagnostics import Diagnostics
from executor.vm.host import Host, Mode
from executor.vm.imports import dismiss, enlist
from executor.vm.machine import GuestStopped, Machine
from executor.vm.metering import CheckStatus
from executor.vm.program import Program

GUEST_TRAPS: Final = frozenset(
    {
        EngineTrap.UNREACHABLE,
        EngineTrap.MEMORY_OUT_OF_BOUNDS,
        EngineTrap.TABLE_OUT_OF_BOUNDS,
        EngineTrap.INDIRECT_CALL_TO_NULL,
        EngineTrap.BAD_SIGNATURE,
        EngineTrap.INTEGER_OVERFLOW,
        EngineTrap.INTEGER_DIVISION_BY_ZERO,
        EngineTrap.BAD_CONVERSION_TO_INTEGER,
    }
)
"""The traps of the WebAssembly specification that our features can reach; any other stop is the engine's fault."""


def run(
    program: Program,
    request: Request,
    transcript: Transcript,
    capabilities: Capabilities | None,
    diagnostics: Diagnostics,
) -> Outcome | Observation:
    """How the guest ended: an outcome without capabilities, an observation with them.

    Raises TranscriptMismatch (D2), HostFault (D4, D5), InvalidValue when the request is for another function.
    """
    if request.function_id != program.function_id:
        raise InvalidValue(f"the request is for function {request.function_id}, the program is {program.function_id}")
    host = Host(program.function, request, transcript, capabilities, program.profile.ceilings, diagnostics)
    number = enlist(host)
    try:
        machine = _instantiate(program, number)
        try:
            host.attach(machine, program.instantiation_fuel)
            _drive(program, host, machine)
            if machine.host_calls() != host.answered:  # lost outside of any Python of ours, so nothing else can tell
                raise HostFault("a host call was broken off: did a signal handler raise in the thread of the run?")
            diagnostics.memory_bytes = machine.memory.size_bytes
        finally:
            machine.close()
    finally:
        dismiss(number)
    return _conclude(host)


def _instantiate(program: Program, number: int) -> Machine:
    try:
        return program.instantiate(number)
    except GuestStopped as stopped:  # `load` has instantiated it before
        raise HostFault(f"instantiation failed: {stopped}") from stopped


def _drive(program: Program, host: Host, machine: Machine) -> None:
    """Call the exports in order, until the run has ended."""
    data, limit = host.request.input, program.profile.ceilings.input_bytes
    if len(data) > limit:
        host.break_rule(f"the input has {len(data)} bytes, the limit is {limit}")
    start(program, host, machine)
    try:
        if not host.ended:
            pointer = _hand_over(host, machine, data)
            if not host.ended:
                host.mode = Mode.AGREED
                _take_output(host, machine, _call(host, machine, b"run", pointer, len(data)))
    except GuestStopped as stopped:
        _map_trap(host, machine, stopped)


def start(program: Program, host: Host, machine: Machine) -> None:
    """Call what comes before the input, unless the run has ended: `_initialize`, and `load` of an engine."""
    source = program.function.source
    try:
        if program.has_initialize and not host.ended:
            _call(host, machine, b"_initialize")
        if source and not host.ended:
            pointer = _hand_over(host, machine, source)
            if not host.ended:
                _call(host, machine, b"load", pointer, len(source))
        if not host.ended:
            host.diagnostics.loaded, host.diagnostics.start_fuel = True, host.fuel_used()
    except GuestStopped as stopped:
        _map_trap(host, machine, stopped)


def _call(host: Host, machine: Machine, name: bytes, *arguments: int) -> int:
    result = machine.call(name, *arguments)
    if not host.ended and machine.fuel() < 0:  # overdrawn since the guest's last check
        host.trap(TrapCode.OUT_OF_FUEL, f"out of fuel at the end of {name.decode('ascii')}")
    return result


def _hand_over(host: Host, machine: Machine, data: bytes) -> int:
    """Copy bytes to where the guest's `alloc` says; a range outside its memory is against the ABI."""
    pointer = _call(host, machine, b"alloc", len(data))
    if not host.ended:
        if machine.memory.contains(pointer, len(data)):
            machine.memory.write(pointer, data)
        else:
            host.break_rule(f"alloc({len(data)}) answered {pointer}, which leaves the memory")
    return pointer


def _take_output(host: Host, machine: Machine, packed: int) -> None:
    """End a run whose guest returned, unless it had ended."""
    if host.ended:
        return
    pointer, size = packed >> 32, packed & 0xFFFF_FFFF
    limit = host.function.terms.limits.output_bytes
    if host.mode is Mode.OBSERVING:
        host.finish(Observation.error("no-proposal"), "run returned without propose")
    elif not machine.memory.contains(pointer, size):
        host.break_rule(f"run: an output of {size} bytes at {pointer} leaves the memory")
    elif size > limit:
        host.break_rule(f"run: an output of {size} bytes, limits.output_bytes is {limit}")
    else:
        host.finish(Returned(machine.memory.read(pointer, size), host.fuel_used()))


def _map_trap(host: Host, machine: Machine, stopped: GuestStopped) -> None:
    """End a run whose guest was stopped, unless it had ended: then the stop is what was asked for."""
    if host.ended:
        return
    match machine.check_status(), stopped.code:
        case CheckStatus.OUT_OF_FUEL, _:
            host.trap(TrapCode.OUT_OF_FUEL, f"out of fuel: {stopped}")
        case CheckStatus.STACK, _:
            host.trap(TrapCode.STACK, f"out of stack: {stopped}")
        case CheckStatus.HOST_MEMORY, _:  # D5: the rules had allowed it
            host.fail_run(HostFault("the host refused memory that the guest may have"))
        case CheckStatus.NONE, EngineTrap.STACK_OVERFLOW:  # D5: where the native stack ends is no rule of ours
            host.fail_run(HostFault(f"native stack overflow: {stopped}"))
        case CheckStatus.NONE, code if code in GUEST_TRAPS:
            host.trap(TrapCode.TRAP, str(stopped))
        case _, code:
            host.fail_run(HostFault(f"the engine stopped the guest ({code}): {stopped}"))


def _conclude(host: Host) -> Outcome | Observation:
    if host.fault is not None:
        raise host.fault
    if host.end is None:
        raise HostFault("a run ended without an end")
    if isinstance(host.end, Observation):
        return host.end
    if host.capabilities is not None:
        raise TranscriptMismatch(f"the run ended before slot {len(host.transcript)}, where it was to observe")
    if not isinstance(host.end, Awaiting) and host.slot < len(host.transcript):
        raise TranscriptMismatch(f"the run consumed {host.slot} of {len(host.transcript)} entries")
    return host.end
