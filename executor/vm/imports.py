"""The imports as the engine sees them: registered once for each engine, finding their run through the store's data."""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import Any, Final

from wasmtime import Engine, FuncType, Linker, ValType

from executor.errors import ExecutorError, HostFault
from executor.vm import bindings
from executor.vm.checks import IMPORT_MODULE, IMPORTS
from executor.vm.host import Host
from executor.vm.host_functions import enter

_VALUE_TYPES: Final = {"i32": ValType.i32, "i64": ValType.i64}
_MASK_32: Final = 0xFFFF_FFFF

RUNS: Final[dict[int, Host]] = {}
"""Runs in progress, by the number in their store's data. Every step is one dict operation, so threads may share it."""
_numbers = count(1)


def enlist(host: Host) -> int:
    """Make a run reachable from its store; `dismiss` it afterwards."""
    number = next(_numbers)
    RUNS[number] = host
    return number


def dismiss(number: int) -> None:
    """Forget a run."""
    del RUNS[number]


@lru_cache(maxsize=4)
def linker_of(engine: Engine) -> Linker:
    """The linker every module of this engine is linked with."""
    linker = Linker(engine)
    module = IMPORT_MODULE.encode("ascii")
    for name, signature in IMPORTS.items():
        kind = FuncType(
            [_VALUE_TYPES[value]() for value in signature.parameters],
            [_VALUE_TYPES[value]() for value in signature.results],
        )
        encoded = name.encode("ascii")
        error = bindings.linker_define(
            linker.ptr(), module, len(module), encoded, len(encoded), kind.ptr(), _CALLBACKS[name], None, None
        )
        if error:
            raise HostFault(f"the engine refused the import {name}")
    return linker


def _callback(name: str) -> Any:
    """The native function behind one import. D10: nothing is ever raised through the engine."""
    indices = range(0, 2 * len(IMPORTS[name].parameters), 2)
    returns = bool(IMPORTS[name].results)

    def callback(_environment: int, caller: int, slots: Any, _count: int) -> None:
        host = RUNS[bindings.context_data(bindings.caller_context(caller))]
        result = 0
        try:
            result = enter(host, name, tuple([slots[index] & _MASK_32 for index in indices]))
        except ExecutorError as error:
            host.fail_run(error if isinstance(error, HostFault) else HostFault(f"{name}: {error}"))
        except BaseException as error:  # D10: kept for the caller of execute, whatever it is
            host.fail_run(_as_fault(name, error))
        if returns:
            slots[0] = result
        host.answered += 1  # last: a signal handler that raised anywhere before leaves it out (vm/run.py)

    return bindings.HostCallback(callback)


def _as_fault(name: str, error: BaseException) -> HostFault:
    fault = HostFault(f"the host function {name} failed: {type(error).__name__}: {error}")
    fault.__cause__ = error
    return fault


_CALLBACKS: Final = {name: _callback(name) for name in IMPORTS}
"""Kept for the life of the process: the engine holds their addresses."""
