"""Guests in text form whose `run(ptr, len)` has a given body."""

from __future__ import annotations

import wasmtime


def module(run: str) -> bytes:
    """A guest of one page; `log` is imported as $log."""
    text = f"""(module (import "executor" "log" (func $log (param i32 i32 i32)))
        (memory (export "memory") 1)
        (func (export "alloc") (param i32) (result i32) (i32.const 4096))
        (func (export "run") (param i32 i32) (result i64) {run}))"""
    return bytes(wasmtime.wat2wasm(text))
