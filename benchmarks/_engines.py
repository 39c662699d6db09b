"""The ways to meter that are compared: engines, and what is done to a module before they see it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

import wasmtime

from executor.vm import bindings
from executor.vm.engine import FIBER_STACK_BYTES, SETTINGS
from executor.vm.metering import instrument
from executor.vm.metering.snippets import Snippets

FUEL: Final = 10**15
DEPTH: Final = 1 << 30  # recursion is measured, not stopped
SIGNATURES: Final = {
    "observe": (2, 1),
    "propose": (3, 0),
    "call": (4, 1),
    "read": (1, 0),
    "fail": (2, 0),
    "log": (3, 0),
}


def same(module: bytes) -> bytes:
    """The module as it is."""
    return module


def without_nans(module: bytes) -> bytes:
    """Our pass, but NaNs stay what the processor makes of them."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(Snippets, "canonical", staticmethod(lambda _value, _width: b"")))
        stack.enter_context(patch.object(Snippets, "canonical_vector", staticmethod(lambda _value, _width: b"")))
        return instrument(module)


def engine(**changes: bool) -> wasmtime.Engine:
    """The product's engine but for these settings."""
    config = wasmtime.Config()
    for name, value in {**SETTINGS, **changes}.items():
        setattr(config, name, value)
    bindings.async_stack_size(ctypes.cast(config.ptr(), ctypes.c_void_p), FIBER_STACK_BYTES)
    return wasmtime.Engine(config)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to meter."""

    name: str
    engine: wasmtime.Engine
    prepare: Callable[[bytes], bytes]


VARIANTS: Final = (
    Variant("plain", engine(), same),
    Variant("wasmtime fuel", engine(consume_fuel=True), same),
    Variant("wasmtime fuel + NaN", engine(consume_fuel=True, cranelift_nan_canonicalization=True), same),
    Variant("ours without NaN", engine(), without_nans),
    Variant("ours", engine(), instrument),
)


class Guest:
    """An instance whose imports answer one canned value; fuel never ends."""

    def __init__(self, variant: Variant, module: wasmtime.Module) -> None:
        self.store, linker = wasmtime.Store(variant.engine), wasmtime.Linker(variant.engine)
        self.pending = b""
        i32, i64 = wasmtime.ValType.i32(), wasmtime.ValType.i64()
        for name, (parameters, results) in SIGNATURES.items():
            kind = wasmtime.FuncType([i32] * parameters, [i64] * results)
            linker.define_func("executor", name, kind, getattr(self, f"_{name}", self._nothing))
        if variant.name.startswith("wasmtime"):
            self.store.set_fuel(FUEL)
        self.exports: Any = linker.instantiate(self.store, module).exports(self.store)
        if variant.name.startswith("ours"):
            for name, value in (("fuel", FUEL), ("depth", DEPTH), ("pages", 65_536)):
                self.exports[f"meter.{name}"].set_value(self.store, value)

    def give(self, data: bytes) -> int:
        """Copy bytes into the guest."""
        pointer = int(self.exports["alloc"](self.store, len(data)))
        self.exports["memory"].write(self.store, data, pointer)
        return pointer

    def call(self, name: str, *arguments: int) -> Any:
        """Call an export."""
        return self.exports[name](self.store, *arguments)

    def fuel_used(self) -> int:
        """What our metering counted."""
        return FUEL - int(self.exports["meter.fuel"].value(self.store))

    def close(self) -> None:
        """Free the memory."""
        self.store.close()

    def _observe(self, *_arguments: int) -> int:
        self.pending = b"1842.17"
        return len(self.pending)

    def _call(self, *_arguments: int) -> int:
        self.pending = b'{"block_timestamp":1700000000}'
        return len(self.pending)

    def _read(self, pointer: int) -> None:
        self.exports["memory"].write(self.store, self.pending, pointer & 0xFFFF_FFFF)

    def _fail(self, pointer: int, size: int) -> None:
        raise RuntimeError(bytes(self.exports["memory"].read(self.store, pointer, pointer + size)).decode())

    def _nothing(self, *_arguments: int) -> None:
        return None
