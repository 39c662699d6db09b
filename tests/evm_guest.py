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


def two_step_guest(chain: int, to: str, data: str, *chains: int) -> Function:
    """Agrees on a height of a chain, reads a word there, and returns it with a word of zeros."""
    height, word = '{"aggregate":"median","label":"height"}', SPEC
    final = f'{{"block":"finalized","chain":{chain}}}'
    before, behind = '{"block":', f',"chain":{chain},"data":"{data}","to":"{to}"}}'
    texts = {0: height, 64: word, 128: "evm.block", 160: "evm.call", 256: final, 512: before, 768: behind}
    segments = "\n".join(f'(data (i32.const {at}) "{_wat(text)}")' for at, text in texts.items())
    code = f"""(module
      (import "executor" "observe" (func $observe (param i32 i32) (result i64)))
      (import "executor" "propose" (func $propose (param i32 i32 i32)))
      (import "executor" "call" (func $call (param i32 i32 i32 i32) (result i64)))
      (import "executor" "read" (func $read (param i32)))
      (import "executor" "fail" (func $fail (param i32 i32)))
      (memory (export "memory") 4)
      {segments}
      (func (export "alloc") (param i32) (result i32) (i32.const 131072))
      (func $status (param i64) (result i32) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))
      (func $decimal (param $n i64) (param $at i32) (result i32)
        (local $rest i64) (local $size i32) (local $place i32)
        (local.set $rest (local.get $n))
        (loop $count
          (local.set $size (i32.add (local.get $size) (i32.const 1)))
          (local.set $rest (i64.div_u (local.get $rest) (i64.const 10)))
          (br_if $count (i64.ne (local.get $rest) (i64.const 0))))
        (local.set $place (i32.add (local.get $at) (local.get $size)))
        (loop $write
          (local.set $place (i32.sub (local.get $place) (i32.const 1)))
          (i32.store8 (local.get $place)
            (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 10)))))
          (local.set $n (i64.div_u (local.get $n) (i64.const 10)))
          (br_if $write (i64.ne (local.get $n) (i64.const 0))))
        (local.get $size))
      (func $agreed (param $got i64) (param $at i32) (result i32)
        (call $read (local.get $at))
        (if (i32.eq (call $status (local.get $got)) (i32.const 1)) (then
          (call $fail (local.get $at) (i32.wrap_i64 (local.get $got))) (unreachable)))
        (i32.wrap_i64 (local.get $got)))
      (func (export "run") (param i32 i32) (result i64)
        (local $got i64) (local $size i32) (local $n i64) (local $at i32)
        (local.set $got (call $observe (i32.const 0) (i32.const {len(height)})))
        (if (i64.eq (local.get $got) (i64.const -1)) (then
          (local.set $got (call $call (i32.const 128) (i32.const 9) (i32.const 256) (i32.const {len(final)})))
          (call $read (i32.const 65536))
          (if (call $status (local.get $got)) (then
            (call $propose (i32.const 1) (i32.const 65536) (i32.wrap_i64 (local.get $got))) (unreachable)))
          (local.set $at (i32.const 65560))
          (loop $byte
            (local.set $n (i64.or (i64.shl (local.get $n) (i64.const 8)) (i64.load8_u (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $byte (i32.ne (local.get $at) (i32.const 65568))))
          (call $propose (i32.const 0) (i32.const 70000) (call $decimal (local.get $n) (i32.const 70000)))
          (unreachable)))
        (memory.copy (i32.const 80000) (i32.const 512) (i32.const {len(before)}))
        (local.set $size (call $agreed (local.get $got) (i32.const {80_000 + len(before)})))
        (memory.copy (i32.add (i32.const {80_000 + len(before)}) (local.get $size))
          (i32.const 768) (i32.const {len(behind)}))
        (local.set $got (call $observe (i32.const 64) (i32.const {len(word)})))
        (if (i64.eq (local.get $got) (i64.const -1)) (then
          (local.set $got (call $call (i32.const 160) (i32.const 8) (i32.const 80000)
            (i32.add (local.get $size) (i32.const {len(before) + len(behind)}))))
          (call $read (i32.const 65536))
          (call $propose (call $status (local.get $got)) (i32.const 65536) (i32.wrap_i64 (local.get $got)))
          (unreachable)))
        (drop (call $agreed (local.get $got) (i32.const 65536)))
        (i64.or (i64.shl (i64.const 65536) (i64.const 32)) (i64.const 64))))"""
    return Function(bytes(wat2wasm(code)), Terms.model_validate({"capabilities": {"evm": {"chains": list(chains)}}}))
