"""An engine function with its start behind it: engine and evaluated top level, frozen into a plain module.

Rule 1. What is frozen is the state after `_initialize` and `load`, exactly as the machine leaves it: metered, with
        canonical NaNs, without a clock, so that everyone who freezes the same function gets the same bytes.
Rule 2. The memory is all of that state: globals must stand where they began, and tables are written by no engine of
        ours.
Rule 3. A start that fails, traps or calls the host for more than `log` is not frozen.

A frozen function ends every run as the function it was made of, with less fuel; what its top level logged is not
logged again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Failed, Trapped
from executor.model.profile import PROFILE, Profile
from executor.model.request import Request
from executor.vm.binary import read_outline
from executor.vm.checks import check_module
from executor.vm.diagnostics import Diagnostics
from executor.vm.host import Host
from executor.vm.image import with_globals, with_memory
from executor.vm.imports import dismiss, enlist
from executor.vm.machine import Machine
from executor.vm.metering import instantiation_fuel
from executor.vm.program import Program, load
from executor.vm.run import start

_CALLED: Final = frozenset({"load", "_initialize"})


def freeze(
    function: Function,
    profile: Profile = PROFILE,
    *,
    diagnostics: Diagnostics | None = None,
    loading: Callable[[Function], Program] | None = None,
) -> bytes:
    """The module that runs as this engine function does. The start may burn the profile's ceiling of fuel.

    `loading` keeps compiled code: the engine with its globals shown is one module for all of an engine's functions.
    Raises InvalidModule for what cannot be frozen, HostFault for our own failures.
    """
    outline = check_module(function, profile.ceilings)
    if not function.source:
        raise InvalidModule("a plain function has no start to freeze")
    state = {f"state.{index}": index for index, is_mutable in enumerate(outline.globals) if is_mutable}
    limits = function.terms.limits.model_copy(update={"fuel": profile.ceilings.fuel})
    terms = Terms(limits=limits, capabilities=function.terms.capabilities)
    shown = Function(with_globals(function.module, state), terms, function.source)
    program = load(shown, profile) if loading is None else loading(shown)
    memory = _started(program, [name.encode("ascii") for name in state], diagnostics or Diagnostics())
    return with_memory(function.module, memory, _CALLED)


def _started(program: Program, state: list[bytes], diagnostics: Diagnostics) -> bytes:
    """The memory after the start."""
    request = Request.local(program.function_id)
    host = Host(program.function, request, (), None, program.profile.ceilings, diagnostics)
    number = enlist(host)
    try:
        machine = program.instantiate(number)
        try:
            host.attach(machine, program.instantiation_fuel)
            return _memory_after_start(program, host, machine, state)
        finally:
            machine.close()
    finally:
        dismiss(number)


def _memory_after_start(program: Program, host: Host, machine: Machine, state: list[bytes]) -> bytes:
    began = [machine.global_bits(name) for name in state]
    start(program, host, machine)
    if host.fault is not None:
        raise host.fault
    match host.end:
        case None:
            pass
        case Failed(error):
            raise InvalidModule(f"the start cannot be frozen: {error.decode('utf-8', 'backslashreplace')}")
        case Trapped(code):
            raise InvalidModule(f"the start cannot be frozen: it trapped with {code.name}: {host.diagnostics.message}")
        case _:
            raise InvalidModule("the start cannot be frozen: it ended the run")
    if began != [machine.global_bits(name) for name in state]:
        raise InvalidModule("the start cannot be frozen: it left something in a global of the engine")
    return machine.memory.read(0, machine.memory.size_bytes)


def instance_fuel(module: bytes) -> int:
    """What a run of a plain module burns before its input: the price of the instance (docs/metering.md)."""
    outline = read_outline(module)
    return instantiation_fuel(outline.data_bytes, outline.elements, outline.memories[0].minimum)
