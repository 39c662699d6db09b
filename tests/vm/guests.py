"""Builds guests from WAT bodies, so that a test shows only what it is about."""

from __future__ import annotations

from functools import lru_cache

import wasmtime

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.request import Request
from executor.vm import Answer, Program, Refusal, Response, load

IMPORTS = """
  (import "executor" "observe" (func $observe (param i32 i32) (result i64)))
  (import "executor" "propose" (func $propose (param i32 i32 i32)))
  (import "executor" "call" (func $call (param i32 i32 i32 i32) (result i64)))
  (import "executor" "read" (func $read (param i32)))
  (import "executor" "fail" (func $fail (param i32 i32)))
  (import "executor" "log" (func $log (param i32 i32 i32)))
"""
SPEC = b'{"aggregate":"median"}'
ALLOC = '(func (export "alloc") (param i32) (result i32) (i32.const 32768))'
EMPTY_RUN = '(func (export "run") (param i32 i32) (result i64) (i64.const 0))'


@lru_cache(maxsize=512)
def wasm(text: str) -> bytes:
    """The binary of a module in text form."""
    return bytes(wasmtime.wat2wasm(text))


def data(offset: int, value: bytes) -> str:
    """A data segment."""
    return f'(data (i32.const {offset}) "{"".join(f"{chr(92)}{byte:02x}" for byte in value)}")'


def module(run: str = "(i64.const 0)", *, before: str = "", alloc: str = ALLOC, pages: str = "1") -> bytes:
    """A module whose `run(ptr=0, len=1)` has this body. Locals: $n i64, $i i32."""
    return wasm(
        f"""(module {IMPORTS} (memory (export "memory") {pages}) {alloc} {before}
        (func (export "run") (param $ptr i32) (param $len i32) (result i64) (local $n i64) (local $i i32) {run}))"""
    )


def program(
    run: str = "(i64.const 0)",
    *,
    before: str = "",
    alloc: str = ALLOC,
    pages: str = "1",
    source: bytes = b"",
    limits: dict[str, int] | None = None,
    grants: dict[str, object] | None = None,
) -> Program:
    """A loaded guest; see `module`."""
    terms = Terms.model_validate({"limits": limits or {}, "capabilities": grants or {}})
    return load(Function(module(run, before=before, alloc=alloc, pages=pages), terms, source))


def request(target: Program, value: bytes = b"") -> Request:
    """A request for this program."""
    return Request.local(target.function_id, value)


def observing(spec: bytes = SPEC, inside: str = "", after: str = "(i64.const 0)") -> tuple[str, str]:
    """(run, before) of a guest that observes once: `inside` runs in observe mode, `after` once it is answered.

    The observed bytes are at 1024 and their count in $i; the spec is at 0.
    """
    run = f"""
      (local.set $n (call $observe (i32.const 0) (i32.const {len(spec)})))
      (if (i64.eq (local.get $n) (i64.const -1)) (then {inside} unreachable))
      (local.set $i (i32.wrap_i64 (local.get $n)))
      (call $read (i32.const 1024))
      {after}"""
    return run, data(0, spec)


ECHO = "(i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.extend_i32_u (local.get $i)))"
"""Returns what was observed."""


class World:
    """Answers every call from a table, else refuses; remembers what it was asked."""

    def __init__(self, answers: dict[str, Response] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[tuple[str, bytes]] = []

    def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        self.asked.append((operation, request))
        return self.answers.get(operation, Refusal("no-answer"))


class Broken:
    """A capability adapter with a bug."""

    def call(self, operation: str, request: bytes) -> Response:
        """Raises what no adapter should."""
        raise ZeroDivisionError("an adapter's bug")


def answer(value: bytes) -> Response:
    """A response."""
    return Answer(value)
