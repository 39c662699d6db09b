"""How long `execute` takes beside the floor: the same run done by hand.

Prints medians of interleaved repetitions in microseconds. The floor does, for each run, what a run cannot do without:
a store, the host functions, an instance, its calls and the copies in and out. `python benchmarks/execute.py`
"""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Returned
from executor.model.request import Request
from executor.vm import execute, load
from executor.vm.checks import IMPORTS
from executor.vm.engine import SETTINGS

INPUT = bytes(range(32))
ROUNDS = 1_000
ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "executor" / "engines" / "quickjs.wasm"
EMPTY = ROOT / "fixtures" / "guests" / "c_empty.wasm"
TYPES = {"i32": wasmtime.ValType.i32, "i64": wasmtime.ValType.i64}
PRICE = """
import { utf8 } from "executor";
export default function (input) {
  const feed = input.json();
  const prices = feed.items.slice(0, 31).map((item) => item.price).sort((a, b) => a - b);
  return utf8.encode(String(prices[15]));
}
"""


def define(linker: wasmtime.Linker) -> None:
    """The ABI's host functions, by hand."""
    for name, signature in IMPORTS.items():
        kind = wasmtime.FuncType([TYPES[v]() for v in signature.parameters], [TYPES[v]() for v in signature.results])
        linker.define_func("executor", name, kind, lambda *_arguments: 0)


def wasmtime_py(engine: wasmtime.Engine, module: wasmtime.Module, shared: wasmtime.Linker | None) -> bytes:
    """One run with wasmtime-py's public API; host functions defined here unless the linker is shared."""
    store = wasmtime.Store(engine)
    store.set_fuel(200_000_000)
    store.set_limits(memory_size=64 << 20)
    linker = shared
    if linker is None:
        linker = wasmtime.Linker(engine)
        define(linker)
    exports = linker.instantiate(store, module).exports(store)
    memory, alloc, run = exports["memory"], exports["alloc"], exports["run"]
    assert isinstance(memory, wasmtime.Memory)
    assert isinstance(alloc, wasmtime.Func)
    assert isinstance(run, wasmtime.Func)
    pointer = alloc(store, len(INPUT))
    memory.write(store, INPUT, pointer)
    packed = run(store, pointer, len(INPUT))
    output = bytes(memory.read(store, packed >> 32, (packed >> 32) + (packed & 0xFFFF_FFFF)))
    store.get_fuel()
    return output


def raw_bindings(engine: wasmtime.Engine, pre: wasmtime.InstancePre) -> bytes:
    """One run with the C API only, host functions shared: what Python cannot go below."""
    store = RAW_NEW(engine.ptr(), None, None)
    context = RAW_CONTEXT(store)
    RAW_LIMIT(store, 64 << 20, -1, -1, -1, -1)
    RAW_SET(context, 200_000_000)
    instance, trap, item = ffi.wasmtime_instance_t(), _P(), ffi.wasmtime_extern_t()
    RAW_INSTANTIATE(pre.ptr(), context, ctypes.byref(instance), ctypes.byref(trap))
    RAW_EXPORT(context, ctypes.byref(instance), b"alloc", 5, ctypes.byref(item))
    slots = (ctypes.c_uint64 * 4)(len(INPUT))
    RAW_CALL(context, ctypes.byref(item.of.func), slots, 1, ctypes.byref(trap))
    pointer = slots[0]
    RAW_EXPORT(context, ctypes.byref(instance), b"memory", 6, ctypes.byref(item))
    base = RAW_DATA(context, ctypes.byref(item.of.memory))
    ctypes.memmove(base + pointer, INPUT, len(INPUT))
    RAW_EXPORT(context, ctypes.byref(instance), b"run", 3, ctypes.byref(item))
    slots[0], slots[2] = pointer, len(INPUT)
    RAW_CALL(context, ctypes.byref(item.of.func), slots, 2, ctypes.byref(trap))
    output = ctypes.string_at(base + (slots[0] >> 32), slots[0] & 0xFFFF_FFFF)
    RAW_GET(context, ctypes.byref(ctypes.c_uint64()))
    RAW_DELETE(store)
    return output


def _raw(name: str, result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *arguments)((name, ffi.dll))


_P, _U64, _SIZE = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t
RAW_NEW = _raw("wasmtime_store_new", _P, _P, _P, _P)
RAW_CONTEXT = _raw("wasmtime_store_context", _P, _P)
RAW_LIMIT = _raw("wasmtime_store_limiter", None, _P, *[ctypes.c_int64] * 5)
RAW_SET = _raw("wasmtime_context_set_fuel", _P, _P, _U64)
RAW_GET = _raw("wasmtime_context_get_fuel", _P, _P, _P)
RAW_INSTANTIATE = _raw("wasmtime_instance_pre_instantiate", _P, _P, _P, _P, _P)
RAW_EXPORT = _raw("wasmtime_instance_export_get", ctypes.c_bool, _P, _P, ctypes.c_char_p, _SIZE, _P)
RAW_DATA = _raw("wasmtime_memory_data", _P, _P, _P)
RAW_CALL = _raw("wasmtime_func_call_unchecked", _P, _P, _P, _P, _SIZE, _P)
RAW_DELETE = _raw("wasmtime_store_delete", None, _P)


def medians(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median microseconds of each, interleaved so that a noisy machine is noisy for all."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def fuel_engine() -> wasmtime.Engine:
    """The floor's engine: wasmtime's own fuel and NaNs, everything else as ours."""
    config = wasmtime.Config()
    for name, value in SETTINGS.items():
        setattr(config, name, value)
    config.max_wasm_stack = 1 << 19
    config.consume_fuel = config.cranelift_nan_canonicalization = True
    return wasmtime.Engine(config)


def empty_guest() -> None:
    """`execute` of an empty guest against the floors."""
    engine = fuel_engine()
    module = wasmtime.Module(engine, EMPTY.read_bytes())
    program = load(Function(EMPTY.read_bytes()))
    request = Request.local(program.function_id, INPUT)
    shared = wasmtime.Linker(engine)
    define(shared)
    pre = shared.instantiate_pre(module)
    outcome = execute(program, request)
    assert isinstance(outcome, Returned)
    assert outcome.output == b"" == raw_bindings(engine, pre) == wasmtime_py(engine, module, None)
    found = medians(
        {
            "execute": lambda: execute(program, request),
            "floor: wasmtime-py by hand, host functions defined for each run": lambda: wasmtime_py(
                engine, module, None
            ),
            "        wasmtime-py by hand, one linker for all runs": lambda: wasmtime_py(engine, module, shared),
            "        C bindings only, one linker for all runs": lambda: raw_bindings(engine, pre),
        },
        ROUNDS,
    )
    print(f"empty C guest, {len(INPUT)} bytes in, none out, median of {ROUNDS} interleaved runs")
    for name, value in found.items():
        print(f"  {value:8.1f} us  {found['execute'] / value:5.2f}x  {name}")


def javascript() -> None:
    """A cold run of the 10 kB median on the JavaScript engine, when it has been built."""
    if not ENGINE.exists():
        print("javascript: executor/engines/quickjs.wasm is not built")
        return
    module = ENGINE.read_bytes()
    start = time.perf_counter()
    program = load(Function(module, Terms(), PRICE.encode()))
    compiled_s = time.perf_counter() - start
    items = ",".join(f'{{"venue":"exchange-{i}","volume":{i * 1000},"price":{1000 + i * 7 % 31}}}' for i in range(200))
    request = Request.local(program.function_id, f'{{"items":[{items}]}}'.encode())
    outcome = execute(program, request)
    found = medians({"run": lambda: execute(program, request)}, 100)
    print(f"javascript, {len(request.input)} bytes of JSON, median of 31 prices")
    print(f"  engine {len(module):,} bytes, compiled {len(program.serialize()):,} bytes in {compiled_s:.2f} s")
    print(f"  {found['run']:8.1f} us  cold run")
    print(f"  {outcome}")


if __name__ == "__main__":
    empty_guest()
    javascript()
