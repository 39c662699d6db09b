"""A checked, compiled, linked function, ready to run any number of times."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import wasmtime

from executor.crypto.digests import function_id, module_id
from executor.crypto.draws import check_grant
from executor.errors import HostFault, InvalidModule
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.manifest import check_terms
from executor.model.profile import PROFILE, Profile
from executor.vm.checks import PAGES_PER_MIB, check_module
from executor.vm.engine import engine_of
from executor.vm.imports import linker_of
from executor.vm.machine import GuestStopped, Machine, Rules
from executor.vm.metering import instantiation_fuel, instrument

ATTEMPTS = 3  # at an instance; the kernel itself waits some 150 ms for its pages each time (memfd_wait_for_pins)


@dataclass(frozen=True, slots=True)
class Program:
    """What `load` returns; immutable, and every run of it starts from a fresh instance."""

    function: Function
    function_id: FunctionId
    profile: Profile
    has_initialize: bool
    instantiation_fuel: int
    rules: Rules = field(repr=False)
    engine: wasmtime.Engine = field(repr=False)
    module: wasmtime.Module = field(repr=False)
    linked: wasmtime.InstancePre = field(repr=False)

    def serialize(self) -> bytes:
        """The compiled code, for `load(..., compiled=)` of the same profile. Whoever keeps it must keep it private."""
        return bytes(self.module.serialize())

    def instantiate(self, data: int) -> Machine:
        """A fresh instance whose store carries `data`; raises HostFault when this host has no room for it.

        The first one makes an image of the memory, which Linux refuses to seal while it moves one of its pages
        ("cannot add seals to the memfd"); a moment later it does not. No code of the guest has run by then.
        """
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(HostFault):
                return Machine(self.linked, self.engine, data, self.rules)
        return Machine(self.linked, self.engine, data, self.rules)


def load(
    function: Function, profile: Profile = PROFILE, *, compiled: bytes | None = None, sibling: Program | None = None
) -> Program:
    """Check and compile a function.

    `compiled` are bytes of `Program.serialize` of the same module and profile; they are native code and are trusted.
    `sibling`, a program of the same module and profile, shares its code, which is 28 MB of CPython's engine.
    Raises InvalidModule and InvalidManifest for what the function breaks, HostFault when `compiled` is refused or the
    sibling is none.
    """
    if sibling is not None and (sibling.function.module != function.module or sibling.profile != profile):
        raise HostFault("a sibling has another module or profile: its code is not this function's")
    check_terms(function.terms, profile.ceilings)
    check_grant(function.terms)
    outline = check_module(function, profile.ceilings)
    engine = engine_of(profile)
    if sibling is not None and sibling.engine is engine:  # one that was put away meanwhile has code of its own
        module = sibling.module
    else:
        module = _compile(engine, function.module) if compiled is None else _restore(engine, compiled)
    memory, pages = outline.memories[0], function.terms.limits.memory_mib * PAGES_PER_MIB
    program = Program(
        function=function,
        function_id=function_id(function),
        profile=profile,
        has_initialize=any(export.name == "_initialize" for export in outline.exports),
        instantiation_fuel=instantiation_fuel(outline.data_bytes, outline.elements, memory.minimum),
        rules=Rules(profile.metering.depth, pages if memory.maximum is None else min(pages, memory.maximum)),
        engine=engine,
        module=module,
        linked=linker_of(engine).instantiate_pre(module),
    )
    _try_segments(program)
    return program


def _compile(engine: wasmtime.Engine, module: bytes) -> wasmtime.Module:
    try:
        # The original first: a module that means globals it does not have could mean ours after the pass.
        wasmtime.Module.validate(engine, module)
    except wasmtime.WasmtimeError as error:
        raise InvalidModule(f"the engine refuses module {module_id(module)}: {error}") from error
    metered = instrument(module)
    try:
        return wasmtime.Module(engine, metered)  # validates it again
    except wasmtime.WasmtimeError as error:
        raise InvalidModule(f"the engine refuses module {module_id(module)} with its metering: {error}") from error


def _restore(engine: wasmtime.Engine, compiled: bytes) -> wasmtime.Module:
    try:
        return wasmtime.Module.deserialize(engine, compiled)
    except wasmtime.WasmtimeError as error:
        raise HostFault(f"the compiled code is not of this engine: {error}") from error


def _try_segments(program: Program) -> None:
    """Instantiate once, so that a segment that leaves its memory or table is found here and not in a run."""
    try:
        program.instantiate(0).close()
    except GuestStopped as stopped:
        raise InvalidModule(f"the module cannot be instantiated: {stopped}") from stopped
