"""One fresh instance of a module, in a store of its own."""

from __future__ import annotations

import ctypes
from ctypes import byref
from dataclasses import dataclass
from typing import Any, Final

import wasmtime
from wasmtime import _ffi as ffi

from executor.errors import HostFault
from executor.vm import bindings
from executor.vm.bindings import ExternStruct, InstanceStruct, ValueStruct
from executor.vm.checks import EXPORTS
from executor.vm.metering import EXPORTS as GLOBALS
from executor.vm.metering import CheckStatus

_WORD: Final = 1 << 64
_GLOBALS: Final = tuple(name.encode("ascii") for name in GLOBALS)
RESULTS: Final = {name.encode("ascii"): len(signature.results) for name, signature in EXPORTS.items()}


class GuestStopped(Exception):
    """The engine stopped the guest. Never crosses the engine: raised here, after the call came back."""

    def __init__(self, code: wasmtime.TrapCode | None, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rules:
    """What the metering of one run starts from: stack slots, and the most pages its memory may have."""

    depth: int
    pages: int


class Memory:
    """A guest's memory, seen from a host function or between calls."""

    __slots__ = ("_context", "_memory")

    def __init__(self, context: int, memory: Any) -> None:
        self._context, self._memory = context, memory

    @property
    def size_bytes(self) -> int:
        """Its present size."""
        return int(bindings.memory_size(self._context, byref(self._memory)))

    def contains(self, pointer: int, size: int) -> bool:
        """Whether the range is inside; an empty range is, wherever it points."""
        return size == 0 or pointer + size <= self.size_bytes

    def read(self, pointer: int, size: int) -> bytes:
        """A copy of a range that `contains`."""
        if size == 0:
            return b""
        return ctypes.string_at(bindings.memory_data(self._context, byref(self._memory)) + pointer, size)

    def write(self, pointer: int, data: bytes) -> None:
        """Copies into a range that `contains`."""
        if data:
            ctypes.memmove(bindings.memory_data(self._context, byref(self._memory)) + pointer, data, len(data))


class Machine:
    """A store with its instance. Close it: it holds native memory.

    The guest runs on a stack of its own (a fiber), so that neither its depth nor a native overflow has anything to do
    with the thread that calls (docs/adr/0010-a-stack-of-its-own.md).
    """

    __slots__ = ("_calls", "_fuel", "_instance", "_status", "_store", "_value", "context", "memory")

    def __init__(self, pre: wasmtime.InstancePre, engine: wasmtime.Engine, data: int, rules: Rules) -> None:
        self._store = bindings.store_new(engine.ptr(), data, None)
        self.context: int = bindings.store_context(self._store)
        try:
            self._instance = InstanceStruct()
            trap = ctypes.c_void_p()
            error = bindings.instantiate(pre.ptr(), self.context, byref(self._instance), byref(trap))
            _raise(error, trap)
            self._value = ValueStruct()
            self.memory = Memory(self.context, self._export(b"memory").memory)
            self._fuel, depth, pages, self._status, self._calls = (self._export(name).global_ for name in _GLOBALS)
            self._set(depth, bindings.I32, rules.depth)
            self._set(pages, bindings.I32, rules.pages)
        except BaseException:
            self.close()
            raise

    def set_fuel(self, fuel: int) -> None:
        """What the guest may burn from here on."""
        self._set(self._fuel, bindings.I64, fuel)

    def fuel(self) -> int:
        """What is left; negative when the guest overdrew between two checks."""
        bindings.global_get(self.context, byref(self._fuel), byref(self._value))
        return int(self._value.of.i64)

    def host_calls(self) -> int:
        """How many host calls the guest has begun."""
        bindings.global_get(self.context, byref(self._calls), byref(self._value))
        return int(self._value.of.i32 % (1 << 32))

    def global_bits(self, name: bytes) -> bytes:
        """The value of an exported global, to be compared with another."""
        value, item = ValueStruct(), self._export(name).global_
        bindings.global_get(self.context, byref(item), byref(value))
        return bytes(value.of)[: bindings.VALUE_BYTES.get(value.kind)]

    def check_status(self) -> CheckStatus:
        """Which check stopped the guest, if one did."""
        bindings.global_get(self.context, byref(self._status), byref(self._value))
        return CheckStatus(self._value.of.i32)

    def call(self, name: bytes, *arguments: int) -> int:
        """Call an export of i32 parameters; its result as an unsigned number, 0 without one; raises GuestStopped."""
        values = (ValueStruct * 2)()
        for value, argument in zip(values, arguments, strict=False):
            value.kind, value.of.i32 = bindings.I32, _signed_32(argument)
        trap, error = ctypes.c_void_p(), ctypes.c_void_p()
        function, results = self._export(name).func, RESULTS[name]
        call = bindings.call_on_fiber(
            self.context, byref(function), values, len(arguments),
            byref(self._value), results, byref(trap), byref(error),
        )  # fmt: skip
        try:
            while not bindings.poll(call):  # nothing in a guest waits, so the first poll is the last
                pass
        finally:
            bindings.delete_call(call)
        _raise(error.value, trap)
        if not results:
            return 0
        return int(self._value.of.i64 % _WORD if self._value.kind == bindings.I64 else self._value.of.i32 % (1 << 32))

    def close(self) -> None:
        """Free everything; the machine is not used again."""
        store, self._store = self._store, None
        if store:
            bindings.store_delete(store)

    def _set(self, item: Any, kind: int, number: int) -> None:
        self._value.kind = kind
        if kind == bindings.I64:
            self._value.of.i64 = number
        else:
            self._value.of.i32 = number
        bindings.global_set(self.context, byref(item), byref(self._value))

    def _export(self, name: bytes) -> Any:
        item = ExternStruct()
        if not bindings.export_named(self.context, byref(self._instance), name, len(name), byref(item)):
            raise HostFault(f"a checked module lost its export {name.decode()}")
        return item.of


def _signed_32(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value


def _raise(error: int | None, trap: ctypes.c_void_p) -> None:
    if trap.value:
        stopped = wasmtime.Trap._from_ptr(ctypes.cast(trap, ctypes.POINTER(ffi.wasm_trap_t)))
        raise GuestStopped(stopped.trap_code, stopped.message)
    if error:
        fault = wasmtime.WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(ffi.wasmtime_error_t)))
        raise HostFault(f"the engine failed: {fault}")
