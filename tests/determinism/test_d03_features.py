"""D3: only allow-listed features load, by two walls that do not trust each other; NaNs are canonical."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from vm.guests import ALLOC, EMPTY_RUN, data, module, program, request, wasm

from determinism import consumers, floats
from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.outcome import Returned
from executor.model.profile import PROFILE
from executor.vm import execute, load
from executor.vm.engine import engine_of
from executor.vm.metering.instructions import INSTRUCTIONS, MISCELLANEOUS, VECTOR, Instruction
from executor.vm.selftest import FEATURE_MODULES

ROOM = b"\x01" * 40  # nops: where the instruction under test goes
TEMPLATE = module(f"unreachable {'nop ' * len(ROOM)}")
GENEROUS = ("relaxed_simd", "tail_call", "multi_memory", "memory64", "wide_arithmetic", "custom_page_sizes", "threads")
"""What can be turned on in an engine without garbage collection."""


def leb(value: int) -> bytes:
    """Unsigned LEB128."""
    return bytes([value & 0x7F | 0x80]) + leb(value >> 7) if value > 0x7F else bytes([value])


def with_instruction(code: bytes) -> bytes:
    """A module whose `run` has these bytes in unreachable code."""
    assert TEMPLATE.count(ROOM) == 1
    return TEMPLATE.replace(ROOM, code + ROOM[len(code) :])


FORBIDDEN = [
    *(bytes([code]) for code in range(0xFB) if code not in INSTRUCTIONS),
    *(bytes([prefix]) + leb(code) for prefix in (0xFB, 0xFE, 0xFF) for code in range(100)),
    *(b"\xfc" + leb(code) for code in range(40) if code not in MISCELLANEOUS),
    *(b"\xfd" + leb(code) for code in range(0x130) if code not in VECTOR),
]
IMMEDIATES = (b"", b"\0", b"\0\0", b"\0\0\0", bytes(16))


def test_the_template_loads() -> None:
    """What is refused below is refused for its instruction: the same module with a `nop` there loads."""
    load(Function(with_instruction(b"\x01")))
    load(Function(with_instruction(b"\xfd\x0c" + bytes(16) + b"\x1a")))


def test_no_instruction_outside_the_tables_loads() -> None:
    """Every opcode that no table names is refused, with any operands, in unreachable code where types do not matter."""
    loaded = []
    for code in FORBIDDEN:
        for immediates in IMMEDIATES:
            with suppress(InvalidModule):
                load(Function(with_instruction(code + immediates)))
                loaded.append((code + immediates).hex())
    assert loaded == []


@pytest.mark.parametrize("feature", sorted(set(GENEROUS) - {"custom_page_sizes"}))
def test_an_engine_that_allows_too_much_lets_nothing_more_in(feature: str) -> None:
    """Were the engine's own switch to fail, our tables and checks refuse what it lets through."""
    text = FEATURE_MODULES[feature]
    memory = "" if "(memory" in text else '(memory (export "memory") 1)'
    whole = wasm(text.replace("(memory ", '(memory (export "memory") ', 1)[:-1] + f" {memory} {ALLOC} {EMPTY_RUN})")
    profile = replace(PROFILE, name="generous", features=(*PROFILE.features, *GENEROUS))
    wasmtime.Module.validate(engine_of(profile), whole)
    with pytest.raises(InvalidModule) as caught:
        load(Function(whole), profile)
    assert "the engine refuses" not in str(caught.value)


PAYLOADS_64 = (0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_0123, 0x7FFF_FFFF_FFFF_FFFF, 0xFFF4_0000_0000_0000)
PAYLOADS_32 = (0x7F80_0001, 0xFFC0_0123, 0x7FFF_FFFF, 0xFFA0_0000)
CANONICAL = {32: 0x7FC0_0000, 64: 0x7FF8_0000_0000_0000}
BITS_MOVE = ("abs", "neg", "copysign", "load", "store", "const", "reinterpret", "pmin", "pmax", "splat", "lane")
"""Instructions that the specification does not let compute: what they give has the bits they were given."""
COMPARED = ("eq", "ne", "lt", "gt", "le", "ge")
ARITHMETIC = sorted(
    (row.name, row.nan)
    for table in (INSTRUCTIONS, VECTOR)
    for row in table.values()
    if row.name.startswith(("f32.", "f64.", "f32x4.", "f64x2."))
    and not any(word in row.name for word in (*BITS_MOVE, "convert"))
    and row.name.partition(".")[2] not in COMPARED
)


def operands(row: Instruction) -> int:
    """How many values an instruction takes that gives one."""
    return 1 - row.delta


ROWS = {row.name: row for table in (INSTRUCTIONS, VECTOR) for row in table.values()}


def test_every_float_instruction_is_known_to_make_nans() -> None:
    """The table of what is canonicalised lacks none: what is not listed as moving bits has a width."""
    assert [name for name, nan in ARITHMETIC if not nan] == []
    assert len(ARITHMETIC) == 48


@pytest.mark.parametrize(("name", "width"), ARITHMETIC)
def test_every_nan_that_is_computed_is_canonical(name: str, width: int) -> None:
    """NaNs of every payload and sign go in; one NaN comes out, in every lane."""
    kind, _, operation = name.partition(".")
    source = {"demote_f64": "f64", "promote_f32": "f32"}.get(operation, kind)
    lanes = {"demote_f64x2_zero": 64, "promote_low_f32x4": 32}.get(operation, 64 if source.startswith("f64") else 32)
    payloads = [bits.to_bytes(lanes // 8, "little") for bits in (PAYLOADS_64 if lanes == 64 else PAYLOADS_32)]
    size = 16 if "x" in kind else lanes // 8
    load_, store = ("v128.load", "v128.store") if "x" in kind else (f"{source}.load", f"{kind}.store")
    for payload in payloads:
        inputs = payload * (size // len(payload))
        taken = f"({load_} (i32.const 0))" * operands(ROWS[name])
        target = program(
            f"({store} (i32.const 64) ({name} {taken})) (i64.const 0x0000004000000010)", before=data(0, inputs)
        )
        outcome = execute(target, request(target))
        assert isinstance(outcome, Returned)
        whole = outcome.output[: 16 if "x" in kind else width // 8]
        if operation == "demote_f64x2_zero":  # the upper half is zero by definition
            assert whole[8:] == bytes(8)
            whole = whole[:8]
        step = width // 8
        found = {int.from_bytes(whole[at : at + step], "little") for at in range(0, len(whole), step)}
        assert found == {CANONICAL[width]}


RESULTS = {"f32": "f32", "f64": "f64", "f32x4": "v128", "f64x2": "v128"}
LOADED = {
    "f32.demote_f64": "f64", "f64.promote_f32": "f32",
}  # fmt: skip
PATTERNS = (
    struct.pack("<4Q", 0xFFFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_0000, 0x7FC0_0000_7FC0_0000),
    struct.pack("<8I", 0x7F80_0001, 0xFFC0_0000, 0xFFFF_FFFF, 0x7FC0_1234, 0, 0xFF80_0000, 0x7F80_0000, 0x3F80_0000),
    struct.pack("<4d", float("inf"), -0.0, float("-inf"), 0.0),
)


@pytest.mark.parametrize(("name", "width"), ARITHMETIC)
def test_whatever_follows_an_instruction_sees_its_nan_canonical(name: str, width: int) -> None:
    """Every producer of NaNs with every instruction that can take its result, bit for bit as an engine's own."""
    kind = RESULTS[name.partition(".")[0]]
    source = LOADED.get(name, kind)
    value = f"({name} {' '.join(f'({source}.load (i32.const {16 * place}))' for place in range(operands(ROWS[name])))})"
    following = consumers.consumers(kind)
    assert len(following) > 20
    stores = [
        f"({result}.store (i32.const {1024 + 16 * place}) {form.format(value=value)})"
        for place, (result, form) in enumerate(following)
    ]
    code = consumers.build(stores)
    for pattern in PATTERNS:
        found = floats.metered(code, pattern, len(stores))
        expected = floats.bits(code, floats.THEIRS, pattern, len(stores))
        assert [form for place, (_, form) in enumerate(following) if found[place] != expected[place]] == []


FLOATS = st.one_of(
    st.tuples(floats.doubles, st.just("f64")),
    st.tuples(floats.singles, st.just("f32")),
    st.tuples(floats.vectors, st.just("v128")),
    st.tuples(floats.integers, st.just("i64")),
)


@settings(max_examples=40, deadline=None)
@given(FLOATS, st.integers(0, 1))
def test_nans_are_what_an_engine_that_canonicalises_each_one_makes(code: tuple[str, str], argument: int) -> None:
    """The pass leaves out what no instruction can see; bit for bit, none is missing where widths are mixed."""
    whole = floats.module(*code)
    data = argument.to_bytes(8, "little")
    assert floats.metered(whole, data) == floats.bits(whole, floats.THEIRS, data)


def test_without_either_the_bits_are_the_processors() -> None:
    """The comparison above can fail: the same code has other NaNs when nobody canonicalises."""
    whole = floats.module("(f64.div (f64.load (i32.const 32)) (f64.load (i32.const 32)))", "f64")
    payload = floats.module("(f64.add (f64.const nan:0x123) (f64.load (i32.const 32)))", "f64")
    raw = [floats.bits(code, floats.NEITHER) for code in (whole, payload)]
    assert raw != [floats.metered(code) for code in (whole, payload)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEMPLATE) - 1), st.binary(min_size=1, max_size=6))
def test_no_splice_makes_another_exception(position: int, code: bytes) -> None:
    """Random bytes anywhere in a module: it loads or is refused as InvalidModule."""
    with suppress(InvalidModule):
        load(Function(TEMPLATE[:position] + code + TEMPLATE[position:]))
