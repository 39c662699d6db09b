"""A host for guests in a hundred lines: the ABI with scripted answers, apart from executor.vm on purpose.

The SDK's tests script what no honest node would answer, and look at every import call a guest makes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import wasmtime

ROOT = Path(__file__).parents[2]
QUICKJS = ROOT / "executor" / "engines" / "quickjs.wasm"
FUEL = 20_000_000_000
MEMORY_BYTES = 64 << 20
CONTEXT = {
    "block_number": 19, "block_timestamp": 1_700_000_000, "callback_gas_limit": 200_000, "chain_id": 31337,
    "consumer": "0x" + "c0" * 20, "epoch": 1, "function_id": "0x" + "f1" * 32, "nonce": 7,
    "parent_hash": "0x" + "aa" * 32,
    "request_id": "0x" + "1d" * 32, "router": "0x" + "20" * 20, "sender": "0x" + "5e" * 20, "subscription": 3,
    "trigger": "request",
}  # fmt: skip

Answer = tuple[int, bytes]  # (kind, bytes) of an observation, (status, bytes) of a call
Calls = Mapping[str, Callable[[bytes], Answer]]


@dataclass
class Run:
    """What a guest did: how it ended, what it asked, what it logged."""

    ending: str = "trapped"  # returned | failed | proposed | awaiting | trapped
    output: bytes = b""
    kind: int = 0
    specs: list[bytes] = field(default_factory=list)
    calls: list[tuple[str, bytes]] = field(default_factory=list)
    logs: list[tuple[int, str]] = field(default_factory=list)
    trap: wasmtime.Trap | None = None
    fuel_used: int = 0

    @property
    def text(self) -> str:
        return self.output.decode()


@dataclass
class Guest:
    """A compiled guest: a plain module, or an engine when a source is given to run."""

    engine: wasmtime.Engine
    module: wasmtime.Module

    @classmethod
    def load(cls, wasm: bytes, native_stack_bytes: int = 2 << 20) -> Guest:
        config = wasmtime.Config()
        config.consume_fuel = True
        config.cranelift_nan_canonicalization = True
        config.max_wasm_stack = native_stack_bytes
        engine = wasmtime.Engine(config)
        return cls(engine, wasmtime.Module(engine, wasm))

    def run(
        self,
        source: str | bytes | None = None,
        input: bytes = b"",
        *,
        transcript: list[Answer] | None = None,
        calls: Calls | None = None,
        observing: bool = False,
        memory_bytes: int = MEMORY_BYTES,
        fuel: int = FUEL,
    ) -> Run:
        """One fresh instance, load to ending; after the transcript, observing decides between -1 and the end."""
        run, store = Run(), wasmtime.Store(self.engine)
        store.set_limits(memory_size=memory_bytes)
        store.set_fuel(fuel)
        host = _Host(run, store, list(transcript or []), calls or {}, observing)
        exports: Any = host.linker(self.engine).instantiate(store, self.module).exports(store)
        host.memory = exports["memory"]
        store.set_fuel(fuel)
        try:
            if "_initialize" in exports:
                exports["_initialize"](store)
            if source is not None:
                exports["load"](store, *host.place(exports, source.encode() if isinstance(source, str) else source))
            packed = exports["run"](store, *host.place(exports, input))
            run.ending, run.output = "returned", host.bytes_at(packed >> 32 & 0xFFFFFFFF, packed & 0xFFFFFFFF)
        except wasmtime.Trap as trap:
            run.trap = trap
        run.fuel_used = fuel - (host.fuel_left if host.fuel_left is not None else store.get_fuel())
        return run


@dataclass
class _Host:
    run: Run
    store: wasmtime.Store
    transcript: list[Answer]
    calls: Calls
    observing: bool
    memory: Any = None  # known after instantiation
    pending: bytes | None = None
    fuel_left: int | None = None

    def linker(self, engine: wasmtime.Engine) -> wasmtime.Linker:
        linker, i32, i64 = wasmtime.Linker(engine), wasmtime.ValType.i32(), wasmtime.ValType.i64()
        for function, parameters, results in (
            (self.observe, 2, [i64]), (self.propose, 3, []), (self.call, 4, [i64]), (self.read, 1, []),
            (self.fail, 2, []), (self.log, 3, []),
        ):  # fmt: skip
            linker.define_func("executor", function.__name__, wasmtime.FuncType([i32] * parameters, results), function)
        return linker

    def place(self, exports: Any, data: bytes) -> tuple[int, int]:
        at = exports["alloc"](self.store, len(data)) & 0xFFFFFFFF
        self.memory.write(self.store, data, at)
        return at, len(data)

    def bytes_at(self, at: int, size: int) -> bytes:
        return bytes(self.memory.read(self.store, at & 0xFFFFFFFF, (at & 0xFFFFFFFF) + size))

    def end(self, ending: str, output: bytes, kind: int = 0) -> None:
        assert self.run.ending == "trapped", "an import was called after the run had ended"
        self.run.ending, self.run.output, self.run.kind = ending, output, kind
        self.fuel_left = self.store.get_fuel()
        self.store.set_fuel(0 if ending == "awaiting" else 1_000)  # the guest executes `unreachable` itself

    def answer(self, answer: Answer) -> int:
        assert self.pending is None, "an answer was not read"
        self.pending = answer[1]
        return answer[0] << 32 | len(answer[1])

    def observe(self, spec: int, size: int) -> int:
        self.run.specs.append(self.bytes_at(spec, size))
        if self.transcript:
            return self.answer(self.transcript.pop(0))
        if self.observing:
            return -1
        self.end("awaiting", self.run.specs[-1])
        return -1

    def propose(self, kind: int, at: int, size: int) -> None:
        self.end("proposed", self.bytes_at(at, size), kind)

    def call(self, op: int, op_size: int, request: int, size: int) -> int:
        name, payload = self.bytes_at(op, op_size).decode(), self.bytes_at(request, size)
        self.run.calls.append((name, payload))
        if name == "input.context" and name not in self.calls:
            return self.answer((0, json.dumps(CONTEXT, sort_keys=True, separators=(",", ":")).encode()))
        return self.answer(self.calls[name](payload) if name in self.calls else (1, b"not-granted"))

    def read(self, at: int) -> None:
        assert self.pending is not None, "nothing to read"
        data, self.pending = self.pending, None
        self.memory.write(self.store, data, at & 0xFFFFFFFF)

    def fail(self, at: int, size: int) -> None:
        self.end("failed", self.bytes_at(at, size))

    def log(self, level: int, at: int, size: int) -> None:
        self.run.logs.append((level, self.bytes_at(at, size).decode()))
