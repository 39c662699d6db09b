"""Every instruction that may make a NaN makes the canonical one, whatever consumes it."""

from __future__ import annotations

import pytest

from executor.model.outcome import Returned
from executor.vm import execute
from executor.vm.metering.instructions import INSTRUCTIONS, VECTOR, Instruction
from vm.guests import program, request

PAYLOADS = {32: (0x7FFFFFFF, 0xFFC00001, 0x7FA00000), 64: (0x7FFFFFFFFFFFFFFF, 0xFFF8000000000001, 0x7FF4000000000000)}
CANONICAL = {32: b"\x00\x00\xc0\x7f", 64: b"\x00\x00\x00\x00\x00\x00\xf8\x7f"}


def output(run: str) -> bytes:
    """The sixteen bytes a run leaves at 64."""
    target = program(f"{run} (i64.const 0x0000004000000010)")
    outcome = execute(target, request(target))
    assert isinstance(outcome, Returned)
    return outcome.output


def operand(item: Instruction, payload: int) -> str:
    """A NaN with a payload, of the type the instruction takes."""
    if item.name[:3] in ("f32", "f64") and "x" not in item.name[:5]:
        wide = item.name.startswith("f64") != ("promote" in item.name or "demote" in item.name)
        return f"(f{64 if wide else 32}.reinterpret_i{64 if wide else 32} (i{64 if wide else 32}.const {payload}))"
    wide = item.name.startswith("f64") != ("promote" in item.name or "demote" in item.name)
    lanes = " ".join([str(payload)] * (2 if wide else 4))
    return f"(v128.const {'i64x2' if wide else 'i32x4'} {lanes})"


@pytest.mark.parametrize("item", [item for item in (*INSTRUCTIONS.values(), *VECTOR.values()) if item.nan], ids=str)
def test_its_nan_is_canonical(item: Instruction) -> None:
    """Payload, sign and quiet bit of the operands are gone from the result."""
    converts = "promote" in item.name or "demote" in item.name
    source = item.nan if not converts else 96 - item.nan
    for payload in PAYLOADS[source]:
        value = f"({item.name} {' '.join([operand(item, payload)] * (1 - item.delta))})"
        store = "v128.store" if "x" in item.name[:5] else f"f{item.nan}.store"
        found = output(f"({store} (i32.const 64) {value})")
        assert found.startswith(CANONICAL[item.nan])


@pytest.mark.parametrize(
    ("producer", "constant", "consumer", "expected"),
    [
        ("f32x4.add", "i32x4 0x7fffffff 0x7fffffff 0 0", "f32x4.demote_f64x2_zero", b"\x00\x00\x80\x7f"),
        ("f64x2.add", "i64x2 0x7fffffffffffffff 0", "f64x2.promote_low_f32x4", b""),
        ("f32x4.mul", "i32x4 0x7fffffff 0x7fffffff 0 0", "f64x2.sqrt", b""),
    ],
)
def test_a_consumer_that_reads_other_lanes_sees_the_canonical_nan(
    producer: str, constant: str, consumer: str, expected: bytes
) -> None:
    """Lanes of another width would show the payload, so nothing may be left out before them."""
    made = f"({producer} (v128.const {constant}) (v128.const {constant}))"
    direct = output(f"(v128.store (i32.const 64) ({consumer} {made}))")
    stored = output(
        f"(v128.store (i32.const 128) {made}) (v128.store (i32.const 64) ({consumer} (v128.load (i32.const 128))))"
    )
    assert direct == stored
    assert direct.startswith(expected)
