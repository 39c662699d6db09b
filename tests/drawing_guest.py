"""A guest that draws and returns what it drew, in WAT."""

from __future__ import annotations

from wasmtime import wat2wasm

DRAW_BYTES = 32


def drawing_guest(draws: int = 1, *, returned: int | None = None) -> bytes:
    """The module: `draws` draws, of which it returns `returned` bytes, by default all."""
    draw = "(drop (call $call (i32.const 0) (i32.const 11) (i32.const 0) (i32.const 0))) (call $read (i32.const {}))"
    body = "\n    ".join(draw.format(1024 + DRAW_BYTES * index) for index in range(draws))
    size = DRAW_BYTES * draws if returned is None else returned
    return wat2wasm(f"""
(module
  (import "executor" "call" (func $call (param i32 i32 i32 i32) (result i64)))
  (import "executor" "read" (func $read (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "random.draw")
  (func (export "alloc") (param i32) (result i32) (i32.const 4096))
  (func (export "run") (param i32 i32) (result i64)
    {body}
    (i64.const {1024 << 32 | size})))
""")
