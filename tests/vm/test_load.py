"""Which modules load."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import HostFault, InvalidManifest, InvalidModule
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.profile import PROFILE
from executor.vm import load
from executor.vm.binary import read_outline
from executor.vm.machine import Machine
from executor.vm.selftest import FEATURE_MODULES
from vm.guests import ALLOC, EMPTY_RUN, IMPORTS, data, module, wasm

MEMORY = '(memory (export "memory") 1)'


def refusal(text: str, source: bytes = b"", limits: dict[str, int] | None = None) -> str:
    """Why a module in text form is refused."""
    with pytest.raises(InvalidModule) as caught:
        load(Function(wasm(text), Terms.model_validate({"limits": limits or {}}), source))
    return str(caught.value)


def test_a_module_of_the_abi_loads() -> None:
    """The smallest guest loads and knows its id."""
    target = load(Function(module()))
    assert not target.has_initialize
    assert len(target.function_id) == 32


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"(module {ALLOC} {EMPTY_RUN})", "0 memories"),
        (f"(module (memory 1) {ALLOC} {EMPTY_RUN})", "no memory is exported"),
        (f'(module (memory (export "mem") 1) {ALLOC} {EMPTY_RUN})', "no memory is exported"),
        (f'(module (memory 1) (global (export "memory") i32 (i32.const 0)) {ALLOC} {EMPTY_RUN})', "no memory"),
        (f"(module {MEMORY} {EMPTY_RUN})", "no export `alloc`"),
        (f"(module {MEMORY} {ALLOC})", "no export `run`"),
        (f'(module {MEMORY} {ALLOC} (func (export "run")))', "export `run`: type"),
        (f'(module {MEMORY} {EMPTY_RUN} (func (export "alloc") (param i64) (result i32) unreachable))', "`alloc`"),
        (f'(module {MEMORY} {ALLOC} (global (export "run") i32 (i32.const 0)))', "is a global"),
        (f'(module {MEMORY} {ALLOC} {EMPTY_RUN} (func (export "_initialize") (param i32)))', "_initialize"),
        (f"(module {MEMORY} {ALLOC} {EMPTY_RUN} (func $s) (start $s))", "start section"),
        (f"(module {MEMORY} (memory 1) {ALLOC} {EMPTY_RUN})", "2 memories"),
        (f"(module {MEMORY} {ALLOC} {EMPTY_RUN} (global i32 (i32.add (i32.const 1) (i32.const 2))))", "extended"),
        (f"(module {MEMORY} {ALLOC} {EMPTY_RUN} (table 1 externref))", "0x6f"),
        (f"(module {MEMORY} {ALLOC} {EMPTY_RUN} (table 100001 funcref))", "elements"),
        (f"(module {MEMORY} {ALLOC} {EMPTY_RUN} {'(table 1 funcref)' * 17})", "17 tables"),
        (f"(module {MEMORY} {ALLOC} {EMPTY_RUN} (func (local {'i32 ' * 50_001})))", "50001 locals"),
        (f"(module {MEMORY} {ALLOC} {EMPTY_RUN} {'(func)' * 49_999})", "50001 functions"),
        (f'(module {MEMORY} {ALLOC} {EMPTY_RUN} (data (i32.const 65536) "x"))', "cannot be instantiated"),
        (f"(module {MEMORY} {ALLOC} {EMPTY_RUN} (func (result i32)))", "the engine refuses"),
    ],
)  # fmt: skip
def test_a_module_that_breaks_the_abi_is_refused(text: str, reason: str) -> None:
    """Each rule of vm/checks.py is refused by name."""
    assert reason in refusal(text)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))', "fd_write"),
        ('(import "executor" "clock" (func (result i64)))', "executor.clock"),
        ('(import "executor" "read" (func (param i64)))', "the ABI says (i32)"),
        ('(import "executor" "read" (func (param v128)))', "type (v128)"),
        ('(import "executor" "observe" (func (param i32 i32) (result v128)))', "v128"),
        ('(import "executor" "read" (global i32))', "only functions"),
        ('(import "executor" "read" (memory 1))', "only functions"),
        ('(import "executor" "read" (table 1 funcref))', "only functions"),
        ('(import "executor" "read" (tag))', "only functions"),
    ],
)
def test_only_the_imports_of_the_abi_load(entry: str, reason: str) -> None:
    """Other modules, names, kinds and types are refused by name, before the engine sees them."""
    assert reason in refusal(f"(module {entry} {MEMORY} {ALLOC} {EMPTY_RUN})")


@pytest.mark.parametrize("feature", sorted(FEATURE_MODULES))
def test_exactly_the_features_of_the_profile_load(feature: str) -> None:
    """D3: a module that needs a feature outside the profile is refused, one inside is not."""
    text = FEATURE_MODULES[feature]
    if feature == "component_model":
        assert "not a core WASM binary" in refusal(text)
        return
    memory = "" if "(memory" in text else MEMORY
    whole = text.replace("(memory ", '(memory (export "memory") ', 1)[:-1] + f" {memory} {ALLOC} {EMPTY_RUN})"
    if feature in PROFILE.features:
        load(Function(wasm(whole)))
    else:
        refusal(whole)


def test_an_engine_needs_source_and_only_an_engine_takes_it() -> None:
    """`load` is exported if and only if the function has source."""
    engine = f'(module {MEMORY} {ALLOC} {EMPTY_RUN} (func (export "load") (param i32 i32)))'
    load(Function(wasm(engine), source=b"1"))
    assert "needs source" in refusal(engine)
    assert "no engine" in refusal(f"(module {MEMORY} {ALLOC} {EMPTY_RUN})", source=b"1")


def test_sizes_are_limited() -> None:
    """Module and source bytes have ceilings; a memory's minimum must fit the manifest."""
    with pytest.raises(InvalidModule, match="module has 16777217 bytes"):
        load(Function(bytes(PROFILE.ceilings.module_bytes + 1)))
    with pytest.raises(InvalidModule, match="source has 1048577 bytes"):
        load(Function(module(), source=bytes(PROFILE.ceilings.source_bytes + 1)))
    assert "17 pages" in refusal(
        f'(module (memory (export "memory") 17) {ALLOC} {EMPTY_RUN})', limits={"memory_mib": 1}
    )


def test_a_limit_over_the_ceiling_is_refused() -> None:
    """The manifest is checked against the profile that loads it."""
    with pytest.raises(InvalidManifest, match=r"limits\.fuel"):
        load(Function(module(), Terms.model_validate({"limits": {"fuel": PROFILE.ceilings.fuel + 1}})))


def test_text_modules_are_not_accepted() -> None:
    """Only binaries load, though the engine's library would take text."""
    with pytest.raises(InvalidModule, match="not a core WASM binary"):
        load(Function(b"(module)"))


def test_foreign_compiled_code_is_a_host_fault() -> None:
    """Bytes that no `serialize` of this engine made are our failure, never the function's."""
    with pytest.raises(HostFault, match="compiled code"):
        load(Function(module()), compiled=b"not compiled code")


def test_a_kernel_that_refuses_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice is borne, for good is a host fault."""
    refusals = [2]

    def instance(*arguments: Any) -> Machine:
        refusals[0] -= 1
        if refusals[0] >= 0:
            raise HostFault("the engine failed: cannot add seals to the memfd")
        return Machine(*arguments)

    monkeypatch.setattr("executor.vm.program.Machine", instance)
    load(Function(module())).instantiate(0).close()
    assert refusals == [-2]  # both refusals, then an instance to try its segments, and one more
    refusals = [99]
    with pytest.raises(HostFault, match="seals"):
        load(Function(module())).instantiate(0)
    assert refusals == [96]


def leb(value: int) -> bytes:
    """Unsigned LEB128."""
    return bytes([value & 0x7F | 0x80]) + leb(value >> 7) if value > 0x7F else bytes([value])


def section(number: int, content: bytes) -> bytes:
    """A section."""
    return bytes([number]) + leb(len(content)) + content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("types", section(1, leb(5_000_000) + b"\x60\x00\x00" * 5_000_000)),
        ("parameters", section(1, b"\x01\x60" + leb(15_000_000) + b"\x7f" * 15_000_000 + b"\x00")),
        ("elements", section(9, b"\x01\x01\x00" + leb(15_000_000) + bytes(15_000_000))),
        ("locals", section(10, b"\x01" + leb(14_000_004) + leb(7_000_000) + b"\x00\x7f" * 7_000_000)),
        ("announced", section(7, b"\xff\xff\xff\xff\x0f")),
    ],
)
def test_a_module_made_to_be_slow_is_refused_at_once(name: str, content: bytes) -> None:
    """Millions of tiny items are refused before they are read."""
    start = time.process_time()
    with pytest.raises(InvalidModule, match="more than 1000000"):
        load(Function(WHOLE[:8] + content))
    assert time.process_time() - start < 2


WHOLE = wasm(
    f"""(module {IMPORTS} {MEMORY} {ALLOC} {EMPTY_RUN} {data(0, b"x")} (global i64 (i64.const -1))
    (global f64 (f64.const 1)) (global v128 (v128.const i64x2 1 2)) (table 2 funcref)
    (func $f (local i32 i64) (data.drop 1))
    (elem (i32.const 0) $f) (elem funcref (ref.func $f)) (elem declare func $f) (data "passive"))"""
)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_harmless(position: int, value: int) -> None:
    """Whatever one byte becomes: InvalidModule or a module that loads; never another exception or a dead process."""
    changed = WHOLE[:position] + bytes([value]) + WHOLE[position + 1 :]
    with suppress(InvalidModule):
        load(Function(changed))


@given(st.integers(0, WHOLE.rindex(b"\x04name") - 4))  # the name section may be missing
def test_a_truncated_module_is_refused(size: int) -> None:
    """No proper prefix of a module loads."""
    try:
        load(Function(WHOLE[:size]))
    except InvalidModule:
        return
    raise AssertionError(f"the first {size} of {len(WHOLE)} bytes load")


@given(st.binary(max_size=200))
def test_the_reader_survives_anything(tail: bytes) -> None:
    """Arbitrary bytes behind the magic are read or refused."""
    with suppress(InvalidModule):
        read_outline(WHOLE[:8] + tail)


def test_a_constant_expression_cannot_read_a_global() -> None:
    """Engines disagree on globals of the module's own; of others there are none."""
    with pytest.raises(InvalidModule, match=r"global\.get in a constant expression"):
        load(Function(module(before="(global $a i32 (i32.const 1)) (global $b i32 (global.get $a))")))


def test_limits_engines_agree_on_are_ours() -> None:
    """A br_table of too many targets and a flood of sections are refused before any engine sees them."""
    for where in ("", "unreachable "):
        table = f"{where}(block (br_table {'0 ' * 65_522} (i32.const 0))) (i64.const 0)"
        with pytest.raises(InvalidModule, match="a br_table of 65521 targets, the limit is 65520"):
            load(Function(module(table)))
    with pytest.raises(InvalidModule, match="more than 10000 sections"):
        load(Function(module() + b"\x00\x01\x00" * 10_001))
