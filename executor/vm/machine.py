"""One fresh instance of a module, in a store of its own."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import Any, Final

import wasmtime
from wasmtime import _ffi as ffi

from executor.errors import HostFault
from executor.vm import bindings
from executor.vm.bindings import ExternStruct, InstanceStruct

INSTANTIATION_FUEL: Final = (
    1 << 62
)  # not the guest's: what copying data segments burns depends on the engine's settings
_WORD = (1 << 64) - 1
_SLOTS = ctypes.c_uint64 * 4  # two raw values of 16 bytes: no call has more


class GuestStopped(Exception):
    """The engine stopped the guest. Never crosses the engine: raised here, after the call came back."""

    def __init__(self, code: wasmtime.TrapCode | None, message: str) -> None:
        super().__init__(message)
        self.code = code


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
    """A store with its instance. Close it: it holds native memory."""

    __slots__ = ("_instance", "_store", "context", "memory")

    def __init__(
        self, pre: wasmtime.InstancePre, engine: wasmtime.Engine, data: int, memory_bytes: int, table_elements: int
    ) -> None:
        self._store = bindings.store_new(engine.ptr(), data, None)
        self.context: int = bindings.store_context(self._store)
        try:
            bindings.store_limiter(self._store, memory_bytes, table_elements, -1, -1, -1)
            self.set_fuel(INSTANTIATION_FUEL)
            self._instance = InstanceStruct()
            trap = ctypes.c_void_p()
            error = bindings.instantiate(pre.ptr(), self.context, byref(self._instance), byref(trap))
            _raise(error, trap)
            self.memory = Memory(self.context, self._export(b"memory").memory)
        except BaseException:
            self.close()
            raise

    def set_fuel(self, fuel: int) -> None:
        """What the guest may burn from here on."""
        bindings.set_fuel(self.context, fuel)

    def fuel(self) -> int:
        """What is left; 0 when the guest overdrew between two of the engine's checks."""
        left = ctypes.c_uint64()
        bindings.get_fuel(self.context, byref(left))
        return left.value

    def call(self, name: bytes, *arguments: int) -> int:
        """Call an export with integers and return its raw result, 0 when it has none; raises GuestStopped."""
        slots = _SLOTS()
        for index, argument in enumerate(arguments):
            slots[2 * index] = argument
        trap = ctypes.c_void_p()
        function = self._export(name).func
        error = bindings.call_unchecked(self.context, byref(function), slots, max(len(arguments), 1), byref(trap))
        _raise(error, trap)
        return slots[0]

    def close(self) -> None:
        """Free everything; the machine is not used again."""
        store, self._store = self._store, None
        if store:
            bindings.store_delete(store)

    def _export(self, name: bytes) -> Any:
        item = ExternStruct()
        if not bindings.export_named(self.context, byref(self._instance), name, len(name), byref(item)):
            raise HostFault(f"a checked module lost its export {name.decode()}")
        return item.of


def _raise(error: int | None, trap: ctypes.c_void_p) -> None:
    if trap.value:
        stopped = wasmtime.Trap._from_ptr(ctypes.cast(trap, ctypes.POINTER(ffi.wasm_trap_t)))
        raise GuestStopped(stopped.trap_code, stopped.message)
    if error:
        fault = wasmtime.WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(ffi.wasmtime_error_t)))
        raise HostFault(f"the engine failed: {fault}")
