"""A guest that looks at a chain once, in WAT: it observes what one operation answers and returns it."""

from __future__ import annotations

from wasmtime import wat2wasm

from executor.model.function import Function
from executor.model.manifest import Terms

SPEC = '{"aggregate":"identical"}'


def evm_guest(operation: str, request: str, *chains: int, aggregate: str = "identical") -> Function:
    """The function; its request is fixed."""
    spec = SPEC.replace("identical", aggregate)
    texts = {"spec": (0, spec), "operation": (256, operation), "request": (512, request)}
    data = "\n".join(f'(data (i32.const {at}) "{_wat(text)}")' for at, text in texts.values())
    code = f"""(module
      (import "executor" "observe" (func $observe (param i32 i32) (result i64)))
      (import "executor" "propose" (func $propose (param i32 i32 i32)))
      (import "executor" "call" (func $call (param i32 i32 i32 i32) (result i64)))
      (import "executor" "read" (func $read (param i32)))
      (import "executor" "fail" (func $fail (param i32 i32)))
      (memory (export "memory") 4)
      {data}
      (func (export "alloc") (param i32) (result i32) (i32.const 131072))
      (func (export "run") (param i32 i32) (result i64)
        (local $got i64) (local $size i32) (local $kind i32)
        (local.set $got (call $observe (i32.const 0) (i32.const {len(spec)})))
        (if (i64.eq (local.get $got) (i64.const -1)) (then
          (local.set $got (call $call (i32.const 256) (i32.const {len(operation)})
                                      (i32.const 512) (i32.const {len(request)})))
          (call $read (i32.const 65536))
          (call $propose (i32.wrap_i64 (i64.shr_u (local.get $got) (i64.const 32)))
                         (i32.const 65536) (i32.wrap_i64 (local.get $got)))
          (unreachable)))
        (call $read (i32.const 65536))
        (local.set $size (i32.wrap_i64 (local.get $got)))
        (if (i64.eq (i64.shr_u (local.get $got) (i64.const 32)) (i64.const 1)) (then
          (call $fail (i32.const 65536) (local.get $size)) (unreachable)))
        (i64.or (i64.shl (i64.const 65536) (i64.const 32)) (i64.extend_i32_u (local.get $size)))))"""
    plain = {"capabilities": {"evm": {"chains": list(chains)}}} if chains else {}
    return Function(bytes(wat2wasm(code)), Terms.model_validate(plain))


def _wat(text: str) -> str:
    return text.replace('"', '\\"')
