"""The build's own tools: snapshots and source patches refuse what they were not written for."""

import patches
import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st
from snapshot import SnapshotError, signed, snapshot, unsigned

GUEST = """(module
  (memory (export "memory") 1)
  (global $sp (export "__stack_pointer") (mut i32) (i32.const 1024))
  (data (i32.const 8) "old")
  {extra}
  (func (export "prepare") {prepare})
  (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0))))"""


def module(prepare: str = "", extra: str = "") -> bytes:
    return bytes(wasmtime.wat2wasm(GUEST.format(prepare=prepare, extra=extra)))


def test_a_run_starts_from_the_prepared_memory():
    """What preparation wrote, also in grown memory, is there; what it called is gone."""
    stores = "(i32.store8 (i32.const 9) (i32.const 7)) (i32.store8 (i32.const 99999) (i32.const 8))"
    prepare = f"(drop (memory.grow (i32.const 1))) {stores}"
    frozen = snapshot(module(prepare), ["prepare"], ["prepare", "__stack_pointer"])
    engine = wasmtime.Engine()
    store, loaded = wasmtime.Store(engine), wasmtime.Module(engine, frozen)
    assert [export.name for export in loaded.exports] == ["memory", "at"]
    exports = wasmtime.Instance(store, loaded, []).exports(store)
    assert [exports["at"](store, at) for at in (8, 9, 10, 99_999)] == [ord("o"), 7, ord("d"), 8]


def test_snapshots_are_reproducible():
    """The same module gives the same bytes."""
    assert snapshot(module(), ["prepare"], []) == snapshot(module(), ["prepare"], [])


@pytest.mark.parametrize(
    ("wasm", "error"),
    [
        (module("(global.set $sp (i32.const 16))"), "moved the stack pointer"),
        (module(extra="(func $s) (start $s)"), "start section"),
        (module(extra='(data "passive")'), "passive"),
        (
            bytes(
                wasmtime.wat2wasm(
                    '(module (memory (export "memory") 1) (global (export "__stack_pointer") i32 (i32.const 0)))'
                )
            ),
            "no function prepare",
        ),
        (
            bytes(wasmtime.wat2wasm('(module (func (export "memory")) (func (export "__stack_pointer")))')),
            "must export memory",
        ),
    ],
)
def test_what_cannot_be_frozen_is_refused(wasm: bytes, error: str):
    """State outside the memory, or a module of another kind."""
    with pytest.raises(SnapshotError, match=error):
        snapshot(wasm, ["prepare"], [])


def test_preparation_cannot_use_the_host():
    """An import traps."""
    wasm = wasmtime.wat2wasm(
        '(module (import "executor" "fail" (func $f)) (memory (export "memory") 1)'
        ' (global (export "__stack_pointer") (mut i32) (i32.const 0)) (func (export "prepare") (call $f)))'
    )
    with pytest.raises(wasmtime.WasmtimeError, match="fail"):
        snapshot(bytes(wasm), ["prepare"], [])


@given(value=st.integers(0, 2**31 - 1))
def test_numbers_are_leb128(value: int):
    """The engine reads back what was written."""
    data = wasmtime.wat2wasm(f"(module (func (result i32) (i32.const {value})))")
    assert b"\x41" + signed(value) + b"\x0b" in data
    assert unsigned(value)[-1] < 128


@pytest.mark.parametrize(("source", "found"), [("", 0), ("xx", 2)])
def test_a_patch_that_does_not_fit_is_refused(source: str, found: int):
    """Another version of the source is noticed."""
    with pytest.raises(patches.PatchError, match=f"found {found} times"):
        patches.patched(source, [("x", 1, "y")])


def test_a_patch_gives_a_function_its_frame():
    """The frame is the function's first statement."""
    patch = patches.padded("int f(void)", "    int x;", 64)
    assert (
        patches.patched("int f(void)\n{\n    int x;\n}", [patch]) == "int f(void)\n{\n    STACK_PAD(64);\n    int x;\n}"
    )
