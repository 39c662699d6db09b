"""One run of a guest, for both verbs: set up, call, and say how it ended.

Order of calls, all on the function's budget: `_initialize`; for an engine `alloc(source)` and `load`; `alloc(input)`
and `run`. Instantiation has fuel of its own.
"""

from __future__ import annotations

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
from executor.vm.program import Program


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
            host.attach(machine)
            _drive(program, host, machine)
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
    function, ceilings = program.function, program.profile.ceilings
    if len(host.request.input) > ceilings.input_bytes:
        host.break_rule(f"the input has {len(host.request.input)} bytes, the limit is {ceilings.input_bytes}")
    try:
        if program.has_initialize and host.mode is not Mode.ENDED:
            machine.call(b"_initialize")
        if function.source and host.mode is not Mode.ENDED:
            pointer = _hand_over(host, machine, function.source)
            if host.mode is not Mode.ENDED:
                machine.call(b"load", pointer, len(function.source))
        if host.mode is not Mode.ENDED:
            pointer = _hand_over(host, machine, host.request.input)
            if host.mode is not Mode.ENDED:
                host.mode = Mode.AGREED
                _take_output(host, machine, machine.call(b"run", pointer, len(host.request.input)))
    except GuestStopped as stopped:
        _map_trap(host, stopped)


def _hand_over(host: Host, machine: Machine, data: bytes) -> int:
    """Copy bytes to where the guest's `alloc` says; a range outside its memory is against the ABI."""
    pointer = machine.call(b"alloc", len(data)) & 0xFFFF_FFFF
    if host.mode is not Mode.ENDED:
        if machine.memory.contains(pointer, len(data)):
            machine.memory.write(pointer, data)
        else:
            host.break_rule(f"alloc({len(data)}) answered {pointer}, which leaves the memory")
    return pointer


def _take_output(host: Host, machine: Machine, packed: int) -> None:
    """End a run whose guest returned."""
    if host.mode is Mode.ENDED:
        return
    left = machine.fuel()
    if left == 0:  # overdrawn since the engine's last check
        return host.trap(TrapCode.OUT_OF_FUEL, "out of fuel at the end of run")
    if host.mode is Mode.OBSERVING:
        return host.finish(Observation.error("no-proposal"), "run returned without propose")
    pointer, size = packed >> 32, packed & 0xFFFF_FFFF
    limit = host.function.terms.limits.output_bytes
    if not machine.memory.contains(pointer, size):
        return host.break_rule(f"run: an output of {size} bytes at {pointer} leaves the memory")
    if size > limit:
        return host.break_rule(f"run: an output of {size} bytes, limits.output_bytes is {limit}")
    return host.finish(Returned(machine.memory.read(pointer, size), host.budget - left))


def _map_trap(host: Host, stopped: GuestStopped) -> None:
    """End a run whose guest was stopped, unless it had ended: then the stop is what was asked for."""
    if host.mode is Mode.ENDED:
        return
    match stopped.code:
        case EngineTrap.OUT_OF_FUEL:
            host.trap(TrapCode.OUT_OF_FUEL, f"out of fuel: {stopped}")
        case EngineTrap.STACK_OVERFLOW if host.mode is not Mode.OBSERVING:
            # D5: where the native stack ends depends on the engine's code
            host.fail_run(HostFault(f"native stack overflow: {stopped}"))
        case EngineTrap.INTERRUPT | None:
            host.fail_run(HostFault(f"the engine stopped the guest: {stopped}"))
        case _:
            host.trap(TrapCode.TRAP, str(stopped))


def _conclude(host: Host) -> Outcome | Observation:
    if host.fault is not None:
        raise host.fault
    if host.end is None:
        raise HostFault("a run ended without an end")
    if isinstance(host.end, Observation):
        return host.end
    if host.capabilities is not None and not isinstance(host.end, Observation):
        raise TranscriptMismatch(f"the run ended before slot {len(host.transcript)}, where it was to observe")
    if not isinstance(host.end, Awaiting) and host.slot < len(host.transcript):
        raise TranscriptMismatch(f"the run consumed {host.slot} of {len(host.transcript)} entries")
    return host.end
