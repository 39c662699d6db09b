"""The build's own tools: snapshots and source patches refuse what they were not written for."""

import patches
import pytest
import wasmtime
from depth import count_slots
from hypothesis import given
from hypothesis import strategies as st
from snapshot import SnapshotError, exported_global, snapshot

from executor.vm.metering import instrument
from executor.vm.metering.encoding import signed, unsigned

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
        (module("(global.set $sp (i32.const 16))"), "moved __stack_pointer"),
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


def test_the_engine_counts_the_slots_the_machine_counts():
    """Frames in use at the bottom of a recursion are those the metering took, within the two slots counting costs."""
    text = """(module (global $slots (export "slots") (mut i32) (i32.const 0))
      (global $at (export "at") (mut i32) (i32.const 0))
      (func $deep (param $n i32) (local i64 v128 f32)
        (global.set $at (global.get $slots))
        (if (local.get $n) (then (call $deep (i32.sub (local.get $n) (i32.const 1))))))
      (func (export "go") (param i32) (call $deep (local.get 0))))"""
    module = bytes(wasmtime.wat2wasm(text))
    counted = count_slots(module, exported_global(module, "slots"))
    metered = instrument(counted)
    store = wasmtime.Store()
    exports = wasmtime.Instance(store, wasmtime.Module(store.engine, metered), []).exports(store)
    needed = {}
    for n in (10, 500):
        for depth in range(0, 20_000, 10):
            exports["meter.fuel"].set_value(store, 1_000_000)
            exports["meter.depth"].set_value(store, depth)
            try:
                exports["go"](store, n)
            except wasmtime.Trap:
                exports["slots"].set_value(store, 0)  # a run would be over
                continue
            needed[n] = (depth, exports["at"].value(store))
            break
    taken, counted_slots = ((needed[500][place] - needed[10][place]) / 490 for place in (0, 1))
    assert -0.1 < counted_slots - taken < 2.1
    assert exports["slots"].value(store) == 0
