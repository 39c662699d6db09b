"""The arkworks precompiles against py-evm's own: same output, same gas, same errors."""

import random
from dataclasses import dataclass, field

import pytest
from eth.exceptions import VMError
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from executor.chain.embedded.precompiles import MODULUS, REPLACEMENTS, ArkworksVM

RANDOM = random.Random(2537)


@dataclass
class Message:
    data: bytes


@dataclass
class Computation:
    """The part of py-evm's computation that a precompile touches."""

    data: bytes
    gas_used: int = 0
    output: bytes = b""
    msg: Message = field(init=False)

    def __post_init__(self) -> None:
        self.msg = Message(self.data)

    def consume_gas(self, amount: int, reason: str) -> None:
        self.gas_used += amount


def pad(raw: bytes) -> bytes:
    return b"".join(bytes(16) + raw[at : at + 48] for at in range(0, len(raw), 48))


def g1(scalar: int) -> bytes:
    return pad((G1Point() * Scalar(scalar)).to_xy_bytes_be())


def g2(scalar: int) -> bytes:
    return pad((G2Point() * Scalar(scalar)).to_xy_bytes_be())


def g1_outside() -> bytes:
    """A point of the curve outside the subgroup: almost every x that has a y."""
    for x in range(1, 50):
        y = pow(x**3 + 4, (MODULUS + 1) // 4, MODULUS)
        if (y * y - x**3 - 4) % MODULUS == 0:
            return x.to_bytes(64, "big") + y.to_bytes(64, "big")
    raise AssertionError("no such point")


def g2_outside() -> bytes:
    """A point of the twist outside the subgroup: arkworks decompresses an x that has a y without checking more."""
    for x in range(1, 50):
        compressed = bytearray(x.to_bytes(96, "big"))
        compressed[0] |= 0x80
        try:
            point = G2Point.from_compressed_bytes_unchecked(bytes(compressed))
        except ValueError:
            continue
        if not point.is_in_subgroup():
            return pad(point.to_xy_bytes_be())
    raise AssertionError("no such point")


ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
BAD_ELEMENT = MODULUS.to_bytes(64, "big")
HIGH_BITS = b"\x01" + bytes(63)
INF1, INF2 = bytes(128), bytes(256)
OFF1, OFF2 = bytes(127) + b"\x01", bytes(255) + b"\x01"


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def element() -> bytes:
    return RANDOM.randrange(MODULUS).to_bytes(64, "big")


CASES: list[tuple[int, str, bytes]] = [
    (0x0B, "two points", g1(7) + g1(9)),
    (0x0B, "doubling", g1(7) + g1(7)),
    (0x0B, "inverse", g1(7) + g1(ORDER - 7)),
    (0x0B, "infinity twice", INF1 + INF1),
    (0x0B, "infinity left", INF1 + g1(3)),
    (0x0B, "outside the subgroup", g1_outside() + g1(5)),
    (0x0B, "doubling outside the subgroup", g1_outside() * 2),
    (0x0B, "off the curve", OFF1 + g1(3)),
    (0x0B, "x too large", BAD_ELEMENT + bytes(64) + g1(3)),
    (0x0B, "y too large", bytes(64) + HIGH_BITS + g1(3)),
    (0x0B, "empty", b""),
    (0x0B, "one byte short", (g1(7) + g1(9))[:-1]),
    (0x0C, "one", g1(7) + word(9)),
    (0x0C, "two", g1(7) + word(2**256 - 1) + g1(11) + word(ORDER)),
    (0x0C, "zero and infinity", g1(7) + word(0) + INF1 + word(5)),
    (0x0C, "outside the subgroup", g1_outside() + word(1)),
    (0x0C, "off the curve second", g1(7) + word(1) + OFF1 + word(1)),
    (0x0C, "empty", b""),
    (0x0C, "one byte long", g1(7) + word(9) + b"\x00"),
    (0x0D, "two points", g2(7) + g2(9)),
    (0x0D, "doubling", g2(7) + g2(7)),
    (0x0D, "inverse", g2(7) + g2(ORDER - 7)),
    (0x0D, "infinity twice", INF2 + INF2),
    (0x0D, "outside the subgroup", g2_outside() + g2(5)),
    (0x0D, "off the curve", OFF2 + g2(3)),
    (0x0D, "c0 too large", BAD_ELEMENT + bytes(192) + g2(3)),
    (0x0D, "c1 too large", bytes(64) + BAD_ELEMENT + bytes(128) + g2(3)),
    (0x0D, "empty", b""),
    (0x0E, "one", g2(7) + word(9)),
    (0x0E, "two", g2(7) + word(2**256 - 1) + g2(11) + word(3)),
    (0x0E, "infinity", INF2 + word(5)),
    (0x0E, "outside the subgroup", g2_outside() + word(1)),
    (0x0E, "empty", b""),
    (0x0F, "holds", g1(6) + g2(1) + g1(ORDER - 2) + g2(3)),
    (0x0F, "does not hold", g1(6) + g2(1) + g1(ORDER - 2) + g2(4)),
    (0x0F, "infinities", INF1 + g2(5) + g1(5) + INF2),
    (0x0F, "G1 outside the subgroup", g1_outside() + g2(1)),
    (0x0F, "G2 outside the subgroup", g1(1) + g2_outside()),
    (0x0F, "off the curve", OFF1 + g2(1)),
    (0x0F, "empty", b""),
    (0x0F, "one byte short", (g1(6) + g2(1))[:-1]),
    (0x10, "random", element()),
    (0x10, "zero", bytes(64)),
    (0x10, "largest", (MODULUS - 1).to_bytes(64, "big")),
    (0x10, "too large", BAD_ELEMENT),
    (0x10, "empty", b""),
    (0x11, "random", element() + element()),
    (0x11, "zero", bytes(128)),
    (0x11, "too large", bytes(64) + BAD_ELEMENT),
    (0x11, "empty", b""),
]


@pytest.mark.parametrize(("number", "name", "data"), CASES, ids=[f"{n:#x} {name}" for n, name, _ in CASES])
def test_arkworks_agrees_with_the_pure_precompile(number: int, name: str, data: bytes) -> None:
    """Output, gas and error text are equal."""
    assert run(REPLACEMENTS[number][0], data) == run(REPLACEMENTS[number][1], data)


def test_a_pairing_that_holds_is_one() -> None:
    """e(6 G1, G2) e(-2 G1, 3 G2) = 1, and with 4 G2 it is not: the cases above compare more than refusals."""
    holds, fails = (data for number, name, data in CASES if number == 0x0F and name in ("holds", "does not hold"))
    assert word(1) == run(REPLACEMENTS[0x0F][1], holds)[0]
    assert word(0) == run(REPLACEMENTS[0x0F][1], fails)[0]


def test_long_multi_scalar_multiplications_cost_the_same() -> None:
    """The discount tables are read alike up to and beyond their ends; bad points stop both before any arithmetic."""
    for number, row in ((0x0C, OFF1 + word(1)), (0x0E, OFF2 + word(1))):
        for count in (1, 2, 127, 128, 129, 200):
            theirs, ours = (run(function, row * count) for function in REPLACEMENTS[number])
            assert theirs == ours
            assert ours[1] > 0


def test_every_replaced_precompile_is_in_the_table() -> None:
    """The VM that the embedded chain runs has all seven."""
    table = ArkworksVM.get_state_class().computation_class._precompiles
    assert [table[number.to_bytes(20, "big")] for number in REPLACEMENTS] == [ours for _, ours in REPLACEMENTS.values()]


def run(function: object, data: bytes) -> tuple[bytes, int, str]:
    computation = Computation(data)
    try:
        function(computation)  # type: ignore[operator]
    except VMError as error:
        return b"", computation.gas_used, str(error)
    return computation.output, computation.gas_used, ""
