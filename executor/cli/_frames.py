"""Where a guest ends: runs a module with debugging information once more, over what the host answered before.

A program of its own, for people only: no meter, no rules, and nothing of it reaches a digest. One JSON object on
standard input, {"module", "input", "calls": [[name, result, answer]], "ends_in_call", "fuel", "memory_bytes"}; one on
standard output, {"trap", "text", "offsets"} of the frames at the end and what was "said" last in `fail` or `log`, {}
where the module went another way this time.

Theory of operation. Host calls are answered in their order. The last one, if it ended the run, and the first that was
not made before, end in `unreachable` inside a module that stands between host and guest: only there does the engine
write the guest's frames down. Zig's modules also import `trace.returned`, called wherever an error is returned: where
one ended the run, the module is run again, up to where that error came to be.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

os.environ["WASMTIME_BACKTRACE_DETAILS"] = "1"  # before the engine is made: frames then have files and lines

import wasmtime
from wasmtime import FuncType, ValType

IMPORTS: Final = {"observe": (2, 1), "propose": (3, 0), "call": (4, 1), "read": (1, 0), "fail": (2, 0), "log": (3, 0)}
ERROR: Final = "returned"
RETURNED_BY: Final = ("ending.failed", "ending.lookFailed")  # of Zig's SDK: what ended the run was an error


class Astray(Exception):
    """The module made another call than the one that was recorded."""


class Run:
    """One run, up to the error with number `stop_at` if there is one."""

    def __init__(self, engine: wasmtime.Engine, given: dict[str, Any], stop_at: int = -1) -> None:
        self.engine, self.given, self.stop_at = engine, given, stop_at
        self.store = wasmtime.Store(engine)
        self.store.set_fuel(given["fuel"])
        self.store.set_limits(memory_size=given["memory_bytes"])
        self.made = 0
        self.is_over = False
        self.depths: list[int] = []  # of each error that was returned: how many calls away from where it came to be
        self.pending = b""
        self.said = ""
        self.memory: Any = None

    def until_its_end(self, module: wasmtime.Module) -> wasmtime.Trap | None:
        """The trap it ended in."""
        exports: Any = self._linked().instantiate(self.store, module).exports(self.store)
        self.memory, data = exports["memory"], bytes.fromhex(self.given["input"])
        try:
            if any(each.name == "_initialize" for each in module.exports):
                exports["_initialize"](self.store)
            at = exports["alloc"](self.store, len(data))
            self.memory.write(self.store, data, at % (1 << 32))
            exports["run"](self.store, at, len(data))
        except wasmtime.Trap as trap:
            return trap
        return None

    def _linked(self) -> wasmtime.Linker:
        linker = wasmtime.Linker(self.engine)
        for name, (parameters, results) in IMPORTS.items():
            kind = FuncType([ValType.i32()] * parameters, [ValType.i64()] * results)
            linker.define_func("host", name, kind, self._answering(name))
        linker.define_func("host", ERROR, FuncType([ValType.i32()], []), self._returned)
        linker.define_func("host", "is_over", FuncType([], [ValType.i32()]), lambda: int(self.is_over))
        between = linker.instantiate(self.store, wasmtime.Module(self.engine, bytes(wasmtime.wat2wasm(between_text()))))
        exports = between.exports(self.store)
        for name in IMPORTS:
            linker.define(self.store, "executor", name, exports[name])
        linker.define(self.store, "trace", ERROR, exports[ERROR])
        return linker

    def _answering(self, name: str) -> Any:
        def answer(*arguments: int) -> int | None:
            at, self.made = self.made, self.made + 1
            calls = self.given["calls"]
            if at >= len(calls):
                self.is_over = True
                return 0 if IMPORTS[name][1] else None
            recorded, result, answered = calls[at]
            if recorded != name:
                raise Astray
            self.is_over = self.given["ends_in_call"] and at == len(calls) - 1
            if name in ("fail", "log"):
                start, size = (each % (1 << 32) for each in arguments[-2:])
                self.said = self.memory.read(self.store, start, start + size).decode("utf-8", "replace")
            if name == "read":
                self.memory.write(self.store, self.pending, arguments[0] % (1 << 32))
            elif answered:
                self.pending = bytes.fromhex(answered)
            return (result - (1 << 64) if result >= 1 << 63 else result) if IMPORTS[name][1] else None

        return answer

    def _returned(self, depth: int) -> None:
        self.is_over = self.stop_at == len(self.depths)
        self.depths.append(depth)


def between_text() -> str:
    """The module between host and guest."""
    imports, functions = ['(import "host" "is_over" (func $is_over (result i32)))'], []
    for name, (parameters, results) in {**IMPORTS, ERROR: (1, 0)}.items():
        kind = f"(param{' i32' * parameters}) {'(result i64)' * results}"
        passed = " ".join(f"(local.get {at})" for at in range(parameters))
        imports.append(f'(import "host" "{name}" (func ${name} {kind}))')
        functions.append(
            f'(func (export "{name}") {kind} (call ${name} {passed}) (if (call $is_over) (then unreachable)))'
        )
    return f"(module {' '.join(imports + functions)})"


def ended(given: dict[str, Any]) -> dict[str, Any]:
    """The frames at the end."""
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, given["module"])
    run = Run(engine, given)
    try:
        trap = run.until_its_end(module)
        if trap is not None and 0 in run.depths and any(name in str(trap) for name in RETURNED_BY):
            first = max(at for at, depth in enumerate(run.depths) if depth == 0)
            trap = Run(engine, given, first).until_its_end(module)
    except Astray:
        return {}
    if trap is None:
        return {}
    code = None if trap.trap_code is None else trap.trap_code.name
    offsets = [frame.module_offset for frame in trap.frames]
    return {"trap": code, "text": str(trap), "offsets": offsets, "said": run.said}


if __name__ == "__main__":
    json.dump(ended(json.load(sys.stdin)), sys.stdout)
