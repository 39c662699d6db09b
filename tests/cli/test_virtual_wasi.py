"""What a module imports of WASI is linked into it, and nothing else of WASI is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime
from hypothesis import example, given, settings
from hypothesis import strategies as st

from executor.cli._virtual_wasi import linked
from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.manifest import parse_manifest
from executor.model.outcome import Failed, Returned
from executor.model.request import Request
from executor.vm import Diagnostics, execute, load
from executor.vm.binary import read_outline

SDK = Path(__file__).parents[2] / "guest-sdk" / "go"
WASI = (SDK / "wasi.wasm").read_bytes()
TERMS = parse_manifest('[function]\nname = "guest"\nlanguage = "wasm"\nsource = "guest.wasm"\n').terms
IMPORTS = """
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "executor" "log" (func $log (param i32 i32 i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "executor" "fail" (func $fail (param i32 i32)))
  (import "wasi_snapshot_preview1" "executor_set_time" (func $set (param i64)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"""
BODY = """
  (memory (export "memory") 1)
  (global $mine (mut i64) (i64.const 5))
  (data (i32.const 512) "one line\\0aand another\\0a")
  (table 1 funcref) (elem (i32.const 0) $own)
  (type $call (func (result i32)))
  (func $own (result i32) (i32.const 40))
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "run") (param $at i32) (param $len i32) (result i64)
    (i32.store (i32.const 600) (i32.const 512)) (i32.store (i32.const 604) (i32.const 9))
    (i32.store (i32.const 608) (i32.const 525)) (i32.store (i32.const 612) (i32.const 8))
    (drop (call $write (i32.const 2) (i32.const 600) (i32.const 2) (i32.const 800)))
    (call $log (i32.const 2) (i32.const 512) (i32.const 3))
    (drop (call $random (i32.const 804) (i32.const 4)))
    (drop (call $environ (i32.const 804) (i32.const 808)))
    (drop (call $random (i32.const 808) (i32.const 2)))
    (drop (call $time (i32.const 0) (i64.const 0) (i32.const 812)))
    (call $set (i64.const 77))
    (drop (call $time (i32.const 0) (i64.const 0) (i32.const 820)))
    (i64.store (i32.const 828) (global.get $mine))
    (i32.store (i32.const 836) (call_indirect (type $call) (i32.const 0)))
    (if (local.get $len) (then (call $exit (i32.const 1))))
    (i64.or (i64.shl (i64.const 800) (i64.const 32)) (i64.const 40))))"""


def module_of(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


def test_the_binary_is_what_the_text_says() -> None:
    """wasi.wasm is committed, because a build has no assembler."""
    assert module_of((SDK / "wasi.wat").read_text()) == WASI


def test_a_linked_module_runs() -> None:
    """Imports of both modules among one another: output to the log, constants for randomness, a clock that is set."""
    made = module_of(f"(module {IMPORTS} {BODY}")
    function = Function(linked(made, WASI), TERMS)
    assert (b"\x04name" in linked(made, WASI, names=True), b"\x04name" in function.module) == (True, False)
    assert [(entry.module, entry.name) for entry in read_outline(function.module).imports] == [
        ("executor", "log"),
        ("executor", "fail"),
    ]
    program, seen = load(function), Diagnostics()
    outcome = execute(program, Request.local(program.function_id), diagnostics=seen)
    assert isinstance(outcome, Returned)
    words = [int.from_bytes(outcome.output[at : at + 4], "little") for at in range(0, 40, 4)]
    assert words == [17, 0, 0x0707, 1, 0, 77, 0, 5, 0, 40]
    assert [(line.level, line.text) for line in seen.logs] == [(3, "one line"), (3, "another"), (2, "one")]
    ended = execute(program, Request.local(program.function_id, b"x"))
    assert isinstance(ended, Failed)
    assert ended.error == b"out of memory, or a fatal error of the Go runtime: see the log"


PRINTED = """
  (memory (export "memory") 1)
  (global (mut i32) (i32.const 0)) (data (i32.const 512) "as Go's modules have")
  (func (export "alloc") (param i32) (result i32) (i32.const 4096))
  (func (export "run") (param $at i32) (param $len i32) (result i64)
    (i32.store (i32.const 600) (local.get $at)) (i32.store (i32.const 604) (local.get $len))
    (drop (call $write (i32.const 1) (i32.const 600) (i32.const 1) (i32.const 800)))
    (call $flush)
    (i64.const 0)))"""

FLUSH = '(import "wasi_snapshot_preview1" "executor_flush" (func $flush))'
PRINTING = load(Function(linked(module_of(f"(module {IMPORTS} {FLUSH} {PRINTED}"), WASI), TERMS))


@given(st.one_of(st.binary(max_size=40), st.text(max_size=900).map(str.encode), st.binary(max_size=3000)))
@example("\U0010ffffé\n\ud7ff".encode())
@example(b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf\xe2\x82")
@settings(max_examples=60, deadline=None)
def test_whatever_is_printed_is_logged_in_lines_of_whole_characters(data: bytes) -> None:
    """Nothing that Go prints ends a run as a log line that is no text; what is text stays as it is."""
    outcome = execute(PRINTING, Request.local(PRINTING.function_id, data), diagnostics=(seen := Diagnostics()))
    assert isinstance(outcome, Returned)
    logged = [line.text for line in seen.logs]
    assert all(len(text.encode()) <= 2_003 for text in logged)
    if (text := data.decode("utf-8", "ignore")).encode() == data:
        assert "".join(logged) == text.replace("\n", "")
    plain = bytes(each for each in data if each < 0x80 and each not in b"\n?")
    assert bytes(each for each in "".join(logged).encode() if each < 0x80 and each not in b"\n?") == plain


def test_what_is_imported_twice_is_linked_twice() -> None:
    """Go's runtime and its `syscall`, behind `fmt`, each import fd_write; both numbers write, before and behind."""
    again = '(import "wasi_snapshot_preview1" "fd_write" (func $again (param i32 i32 i32 i32) (result i32)))'
    written = "(drop (call $write (i32.const 2) (i32.const 600) (i32.const 2) (i32.const 800)))"
    twice = f"{written} {written.replace('$write', '$again')}"
    text = f"(module {IMPORTS} {again} {BODY.replace(written, twice)}"
    program, seen = load(Function(linked(module_of(text), WASI), TERMS)), Diagnostics()
    assert isinstance(execute(program, Request.local(program.function_id), diagnostics=seen), Returned)
    assert [line.text for line in seen.logs] == ["one line", "another", "one line", "another", "one"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"fd_write"', '"sock_recv"', "import wasi_snapshot_preview1.sock_recv: the virtual WASI has no such"),
        ("$exit (param i32)", "$exit (param i32) (result i32)", "import wasi_snapshot_preview1.proc_exit"),
        ('"executor" "fail"', '"other" "fail"', "the module does not import executor.fail"),
        ("$own)", "$random)", "an import is exported or in a table"),
        ('"environ_sizes_get" (func $environ', '"args_sizes_get" (func (export "x") $environ', "is exported"),
    ],
)
def test_what_cannot_be_linked_is_refused(old: str, new: str, told: str) -> None:
    """By the import's name; an import that is more than called would get another number where nobody looks."""
    text = f"(module {IMPORTS} {BODY}".replace(old, new)
    if "$exit (param i32) (result" in text:
        text = text.replace("(call $exit (i32.const 1))", "(drop (call $exit (i32.const 1)))")
    if '(export "x")' in text:
        text = text.replace('(func (export "x") $environ', "(func $environ").replace(
            "(memory (export", '(export "x" (func $environ)) (memory (export', 1
        )
    with pytest.raises(InvalidModule, match=told):
        linked(module_of(text), WASI)


def test_more_imports_than_a_byte_counts_are_refused() -> None:
    """Numbers of imports are changed in their places."""
    many = "".join(f'(import "a" "{at}" (func))' for at in range(129))
    with pytest.raises(InvalidModule, match="129 imports, the limit is 128"):
        linked(module_of(f"(module {many})"), WASI)
