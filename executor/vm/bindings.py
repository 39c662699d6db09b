"""The few functions of wasmtime's C API that a run needs, bound directly.

wasmtime-py's own wrappers convert every value through several objects and pass exceptions of host functions through
one process-global slot (D10). Prototypes here are our own objects, so nothing of wasmtime-py is changed. The version
is pinned exactly (pyproject.toml), which is what makes using its library handle and struct layouts sound.
"""

from __future__ import annotations

import ctypes
from typing import Any

from wasmtime import _ffi as ffi

Pointer = ctypes.c_void_p
Size = ctypes.c_size_t

InstanceStruct: Any = ffi.wasmtime_instance_t
ExternStruct: Any = ffi.wasmtime_extern_t
ValueStruct: Any = ffi.wasmtime_val_t
I32: int = ffi.WASMTIME_I32.value
I64: int = ffi.WASMTIME_I64.value
# How much of the union a number takes; other kinds take all of it.
VALUE_BYTES: dict[int, int] = {I32: 4, I64: 8, ffi.WASMTIME_F32.value: 4, ffi.WASMTIME_F64.value: 8}

EXTERN_FUNCTION: int = ffi.WASMTIME_EXTERN_FUNC.value
EXTERN_MEMORY: int = ffi.WASMTIME_EXTERN_MEMORY.value

HostCallback = ctypes.CFUNCTYPE(Pointer, Pointer, Pointer, ctypes.POINTER(ctypes.c_uint64), Size)
"""(environment, caller, arguments and results, count) -> trap, always null. A raw value is 16 bytes, little-endian."""

Finalizer = ctypes.CFUNCTYPE(None, Pointer)


def _bind(name: str, result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *arguments)((name, ffi.dll))


store_new = _bind("wasmtime_store_new", Pointer, Pointer, Pointer, Pointer)
store_delete = _bind("wasmtime_store_delete", None, Pointer)
store_context = _bind("wasmtime_store_context", Pointer, Pointer)
context_data = _bind("wasmtime_context_get_data", Pointer, Pointer)
global_set = _bind("wasmtime_global_set", Pointer, Pointer, Pointer, Pointer)
global_get = _bind("wasmtime_global_get", None, Pointer, Pointer, Pointer)
caller_context = _bind("wasmtime_caller_context", Pointer, Pointer)
linker_define = _bind(
    "wasmtime_linker_define_func_unchecked",
    Pointer, Pointer, ctypes.c_char_p, Size, ctypes.c_char_p, Size, Pointer, HostCallback, Pointer, Pointer,
)  # fmt: skip
instantiate = _bind("wasmtime_instance_pre_instantiate", Pointer, Pointer, Pointer, Pointer, Pointer)
export_named = _bind("wasmtime_instance_export_get", ctypes.c_bool, Pointer, Pointer, ctypes.c_char_p, Size, Pointer)
memory_data = _bind("wasmtime_memory_data", Pointer, Pointer, Pointer)
memory_size = _bind("wasmtime_memory_data_size", Size, Pointer, Pointer)
async_stack_size = _bind("wasmtime_config_async_stack_size_set", None, Pointer, ctypes.c_uint64)
call_on_fiber = _bind(
    "wasmtime_func_call_async",
    Pointer, Pointer, Pointer, Pointer, Size, Pointer, Size, Pointer, Pointer,
)  # fmt: skip
poll = _bind("wasmtime_call_future_poll", ctypes.c_bool, Pointer)
delete_call = _bind("wasmtime_call_future_delete", None, Pointer)
