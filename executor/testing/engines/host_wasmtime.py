"""Answers cases on wasmtime: case lines on stdin, row lines on stdout. Standalone: any wasmtime-py from 36 on runs it.

    python host_wasmtime.py '{"cranelift_opt_level": "none"}'

The argument holds wasmtime-py's own settings. The first line on stdout is {"engine": …, "version": …}. A line with a
"module" compiles it; a line with a "name" is a case for the module compiled last (executor/testing/engines/cases.py
states the rules, rows.py what a row says). Engine fuel and engine NaN canonicalisation are never on.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import json
import struct
import sys
import threading
from importlib.metadata import version
from typing import Any, TextIO

import wasmtime
from wasmtime import _ffi as ffi

STACK_BYTES = 64 << 20  # 40,000 slots fit; an attack on the slot count reached 620 bytes a slot
THREAD_BYTES = 80 << 20
SHOWN = 200
IMPORTS = {"observe": (2, 1), "propose": (3, 0), "call": (4, 1), "read": (1, 0), "fail": (2, 0), "log": (3, 0)}
METER = ("meter.fuel", "meter.depth", "meter.pages", "meter.status", "meter.calls")
CHECKS = {1: "OUT_OF_FUEL", 2: "STACK", 3: "HOST"}


def configure(settings: dict[str, Any]) -> wasmtime.Engine:
    """The engine of these settings; a setting this wasmtime-py does not know is refused, not ignored."""
    config = wasmtime.Config()
    for name, value in settings.items():
        if not isinstance(getattr(wasmtime.Config, name, None), property):
            raise SystemExit(f"wasmtime {version('wasmtime')} has no setting {name}")
        if name in ("consume_fuel", "cranelift_nan_canonicalization"):
            raise SystemExit(f"{name} would hide what is compared")
        setattr(config, name, value)
    # Not properties in every version. The async stack is not used, but may not be smaller than the other.
    for name, size in (("async_stack_size", THREAD_BYTES), ("max_wasm_stack", STACK_BYTES)):
        setter = getattr(ffi.dll, f"wasmtime_config_{name}_set")
        setter.argtypes, setter.restype = [ctypes.c_void_p, ctypes.c_size_t], None
        setter(ctypes.cast(config.ptr(), ctypes.c_void_p), size)
    return wasmtime.Engine(config)


class Astray(Exception):
    """`alloc` answered a range outside the memory."""


class Run:
    """One case: an instance, and the host behind its imports."""

    def __init__(self, engine: wasmtime.Engine, case: dict[str, Any]) -> None:
        self.store, self.linker = wasmtime.Store(engine), wasmtime.Linker(engine)
        self.answers: list[tuple[int, bytes]] = [
            (kind, base64.b64decode(data["base64"])) for kind, data in case["answers"]
        ]
        self.repeat, self.price, self.case = case["repeat"], case["price"], case
        self.exports: dict[str, Any] = {}
        self.memory: wasmtime.Memory | None = None
        self.answered = self.count = 0
        self.pending: bytes | None = None
        self.ended: int | None = None
        self.shown: list[Any] = []
        self.digest = hashlib.sha256()
        i32, i64 = wasmtime.ValType.i32(), wasmtime.ValType.i64()
        for name, (parameters, results) in IMPORTS.items():
            kind = wasmtime.FuncType([i32] * parameters, [i64] * results)
            self.linker.define_func("executor", name, kind, self.behind(name, results))

    def behind(self, name: str, results: int) -> Any:
        """The function behind an import (rules 3, 4 and 5)."""

        def enter(*arguments: int) -> int | None:
            fuel, depth = self.meter("fuel"), self.meter("depth")
            self.digest.update(f"{name} {','.join(map(str, arguments))} {fuel} {depth}\n".encode())
            if self.count < SHOWN:
                self.shown.append([name, [str(value) for value in arguments], str(fuel), depth])
            self.count += 1
            answer = 0
            if self.ended is None:
                self.exports["meter.fuel"].set_value(self.store, wasmtime.Val.i64(fuel - self.price))
                answer = self.end() if fuel < self.price else self.act(name, arguments)
            return answer if results else None

        return enter

    def act(self, name: str, arguments: tuple[int, ...]) -> int:
        """What an import does (rules 6, 7 and 8)."""
        if name in ("observe", "call"):
            if not self.answers or (self.answered >= len(self.answers) and not self.repeat):
                return self.end()
            kind, data = self.answers[self.answered % len(self.answers)]
            self.pending = data
            self.answered += 1
            return kind << 32 | len(data)
        if name == "read":
            pending, self.pending = self.pending, None
            if pending is None or not self.write(arguments[0] & 0xFFFF_FFFF, pending):
                return self.end()
        return self.end() if name in ("propose", "fail") else 0

    def end(self) -> int:
        """Rule 9."""
        self.ended = self.count - 1
        self.exports["meter.fuel"].set_value(self.store, wasmtime.Val.i64(-1))
        return 0

    def meter(self, name: str) -> int:
        """One of the meter's globals."""
        return int(self.exports[f"meter.{name}"].value(self.store))

    def write(self, pointer: int, data: bytes) -> bool:
        """Whether the range was inside the memory; written if so."""
        if not data:
            return True
        if self.memory is None or pointer + len(data) > self.memory.data_len(self.store):
            return False
        self.memory.write(self.store, data, pointer)
        return True

    def instantiate(self, module: wasmtime.Module) -> None:
        """The instance, its meter set."""
        exports = self.linker.instantiate(self.store, module).exports(self.store)
        self.exports = {export.name: exports[export.name] for export in module.exports}
        self.memory = next((item for item in self.exports.values() if isinstance(item, wasmtime.Memory)), None)
        for name in METER:
            value = {"fuel": int(self.case["budget"]), "status": 0, "calls": 0}.get(name[6:], self.case.get(name[6:]))
            self.exports[name].set_value(self.store, value)

    def call(self, name: str, arguments: list[Any]) -> dict[str, Any]:
        """One call of an export, as a row shows it."""
        function = self.exports[name]
        kind = function.type(self.store)
        values: list[int] = []
        for argument in arguments:
            if isinstance(argument, str):
                values.append(int(argument))
                continue
            data = base64.b64decode(argument["base64"])
            pointer = int(self.exports["alloc"](self.store, len(data))) & 0xFFFF_FFFF
            if not self.write(pointer, data):
                raise Astray(pointer)
            values += [pointer, len(data)]
        given = [from_bits(str(kind), bits) for kind, bits in zip(kind.params, values, strict=True)]
        answer = function(self.store, *given)
        found = answer if isinstance(answer, list) else [] if answer is None and not kind.results else [answer]
        results = [to_bits(str(kind), value) for kind, value in zip(kind.results, found, strict=True)]
        return {"results": results, "fuel": str(self.meter("fuel")), "depth": self.meter("depth")}

    def row(self, module: wasmtime.Module | None) -> dict[str, Any]:
        """The whole case."""
        calls: list[dict[str, Any]] = []
        note, instance, overflow = "", "ok", False
        try:
            if module is None:
                instance = "refused"
            else:
                self.instantiate(module)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            if not is_trap(error):
                raise
            instance, note = "trap", str(error)
        try:
            for export, arguments in self.case["calls"] if instance == "ok" else ():
                calls.append(self.call(export, arguments))
        except Astray as astray:
            calls.append({"astray": astray.args[0]})
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            if not is_trap(error):
                raise
            note = str(error)
            overflow = isinstance(error, wasmtime.Trap) and error.trap_code == wasmtime.TrapCode.STACK_OVERFLOW
            trap = "NATIVE_STACK" if overflow else CHECKS.get(self.meter("status"), "TRAP")
            calls.append({"trap": trap})
        seen = instance == "ok" and not overflow
        memory = self.memory if seen else None
        row = {
            "name": self.case["name"],
            "instance": instance,
            "calls": calls,
            "host": {"count": self.count, "digest": self.digest.hexdigest(), "first": self.shown},
            "ended": self.ended,
            "pages": memory.size(self.store) if memory else None,
            "memory": hashlib.sha256(memory.get_buffer_ptr(self.store)).hexdigest() if memory else None,
            "globals": self.globals() if seen else {},
            "note": note,
        }
        self.store.close()
        return row

    def globals(self) -> dict[str, str]:
        """The guest's exported integers."""
        found = {}
        for name, item in self.exports.items():
            if isinstance(item, wasmtime.Global) and name not in METER:
                kind = str(item.type(self.store).content)
                if kind in ("i32", "i64"):
                    found[name] = to_bits(kind, item.value(self.store))
        return found


def is_trap(error: Exception) -> bool:
    """Whether the guest stopped itself; a trap's code says so in every version, an engine's failure has none."""
    return isinstance(error, wasmtime.Trap)


def from_bits(kind: str, bits: int) -> Any:
    """The value of a type with these bits."""
    match kind:
        case "i32":
            return (bits + (1 << 31) & 0xFFFF_FFFF) - (1 << 31)
        case "i64":
            return (bits + (1 << 63) & (1 << 64) - 1) - (1 << 63)
        case "f32":
            value = struct.unpack("<f", struct.pack("<I", bits & 0xFFFF_FFFF))[0]
        case "f64":
            value = struct.unpack("<d", struct.pack("<Q", bits & (1 << 64) - 1))[0]
        case _:
            return None
    return value if value == value else float("nan")


def to_bits(kind: str, value: Any) -> str:
    """The signed integer with a value's bits."""
    match kind:
        case "i32" | "i64":
            return str(value)
        case "f32":
            return str(struct.unpack("<i", struct.pack("<f", value if value == value else float("nan")))[0])
        case "f64":
            return str(struct.unpack("<q", struct.pack("<d", value if value == value else float("nan")))[0])
        case _:
            return "-"


def serve(engine: wasmtime.Engine, source: TextIO, sink: TextIO) -> None:
    """Every line of the source, answered."""
    module, note = None, ""
    for line in source:
        value = json.loads(line)
        if "module" in value:
            try:
                module, note = wasmtime.Module(engine, base64.b64decode(value["module"]["base64"])), ""
            except wasmtime.WasmtimeError as error:
                module, note = None, str(error)
        if "name" in value:
            row = Run(engine, value).row(module)
            row["note"] = row["note"] or note
            print(json.dumps(row, separators=(",", ":")), file=sink, flush=True)


def main() -> None:
    """Serve in a thread whose stack holds what the engine may use of it."""
    settings = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    engine = configure(settings)
    sys.stdout.write(json.dumps({"engine": "wasmtime", "version": version("wasmtime")}) + "\n")
    sys.stdout.flush()
    failed = []

    def body() -> None:
        try:
            serve(engine, sys.stdin, sys.stdout)
        except BaseException as error:
            failed.append(error)
            raise

    threading.stack_size(THREAD_BYTES)
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
