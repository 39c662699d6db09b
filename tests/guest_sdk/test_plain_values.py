"""Decimals and ABI of C and AssemblyScript against Python's arithmetic and eth_abi, through the conformance modules."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

import eth_abi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .harness import ROOT, Guest

QUIET = [HealthCheck.function_scoped_fixture]
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?", fullmatch=True)
ROUNDINGS = {
    "trunc": ROUND_DOWN, "floor": ROUND_FLOOR, "ceil": ROUND_CEILING, "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
}  # fmt: skip
SHOWN = ["uint256", "int256", "address", "bool", "bytes4", "bytes", "string", "int64[]", "(uint8,string)[]"]
SIGNATURE = f"({','.join(SHOWN)})"


@pytest.fixture(scope="module", params=["c", "assemblyscript"])
def values(request: pytest.FixtureRequest) -> Guest:
    """A language's module of decimals and ABI."""
    return Guest.load((ROOT / "guest-sdk" / "conformance" / request.param / "built" / "values.wasm").read_bytes())


def told(values: Guest, words: str) -> str:
    run = values.run(None, f"decimal\n{words}".encode())
    assert run.ending == "returned", run
    return run.text


def plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.removeprefix("-") if value.is_zero() else text


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(a=NUMBERS, b=NUMBERS)
def test_arithmetic_is_exact(values: Guest, a: str, b: str):
    """Sums, differences, products and order are those of exact decimals."""
    with localcontext() as context:
        context.prec = 200
        left, right = Decimal(a), Decimal(b)
        assert told(values, f"add {a} {b}") == plain(left + right)
        assert told(values, f"sub {a} {b}") == plain(left - right)
        assert told(values, f"mul {a} {b}") == plain(left * right)
        assert told(values, f"compare {a} {b}") == str(int(left.compare(right)))


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(a=NUMBERS, places=st.integers(0, 40), rounding=st.sampled_from(sorted(ROUNDINGS)))
def test_rounding(values: Guest, a: str, places: int, rounding: str):
    """Every rounding gives what Python's gives, as an integer and as a decimal."""
    with localcontext() as context:
        context.prec = 200
        rounded = Decimal(a).quantize(Decimal(1).scaleb(-places), rounding=ROUNDINGS[rounding])
        assert told(values, f"rounded {a} {places} {rounding}") == plain(rounded)
        assert told(values, f"scaled {a} {places} {rounding}") == plain(rounded.scaleb(places))


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(
    row=st.tuples(
        st.integers(0, 2**256 - 1), st.integers(-(2**255), 2**255 - 1), st.binary(min_size=20, max_size=20),
        st.booleans(), st.binary(min_size=4, max_size=4), st.binary(max_size=70), st.text(max_size=20),
        st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
        st.lists(st.tuples(st.integers(0, 255), st.text(max_size=9)), max_size=4),
    ),
    flip=st.integers(0),
)  # fmt: skip
def test_abi_there_and_back(values: Guest, row: tuple, flip: int):
    """What eth_abi encodes comes back the same; a flipped bit gives the data that it makes, or an error."""
    encoded = eth_abi.encode(SHOWN, row)
    command = f"abi\n{SIGNATURE}\n".encode()
    assert values.run(None, command + encoded).output == encoded
    bit = flip % (8 * len(encoded))
    broken = bytearray(encoded)
    broken[bit // 8] ^= 1 << bit % 8
    assert values.run(None, command + bytes(broken)).ending in ("returned", "failed")
