"""What an observation's value must look like under its strategy."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import InvalidValue
from executor.model.codec import encode_json
from executor.model.spec import Fields, Strategy
from executor.model.values import MAX_DIGITS, check_value, is_decimal

FIELDS = Fields((("price", Strategy.MEDIAN), ("venue", Strategy.MODE)))


@given(st.integers(0, 10**MAX_DIGITS - 1), st.integers(0, MAX_DIGITS), st.booleans())
def test_every_decimal_of_78_digits_is_one(number: int, places: int, negative: bool) -> None:
    """Any digits with a point anywhere, written plainly."""
    digits = str(number).rjust(places + 1, "0")
    text = ("-" if negative else "") + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
    assert is_decimal(text.encode()) == (sum(character.isdigit() for character in text) <= MAX_DIGITS)


@given(st.text("0123456789.-+eE _", max_size=12))
def test_what_is_a_decimal_is_a_number(text: str) -> None:
    """Everything accepted is an exact decimal in its one plain spelling of sign and leading digits."""
    if is_decimal(text.encode()):
        assert Decimal(text).is_finite()
        assert not text.lstrip("-").startswith("0") or text.lstrip("-")[1:2] in ("", ".")


@pytest.mark.parametrize("text", [b"", b"-", b".5", b"5.", b"00", b"+1", b"1e1", b" 1", b"1 ", b"1\n", b"1_0", b"NaN"])
def test_other_spellings_are_none(text: bytes) -> None:
    """One value may still have several spellings of trailing zeros; everything else is refused."""
    assert not is_decimal(text)


@given(st.binary(max_size=100))
def test_identical_and_mode_take_any_bytes(value: bytes) -> None:
    """No form is asked of them."""
    check_value(Strategy.IDENTICAL, value)
    check_value(Strategy.MODE, value)


@given(st.dictionaries(st.sampled_from(["price", "venue", "other"]), st.text(max_size=5)))
def test_fields_takes_exactly_its_names(value: dict[str, str]) -> None:
    """A canonical object with every name of the spec and no other, median fields decimal."""
    fits = set(value) == {"price", "venue"} and is_decimal(value["price"].encode())
    try:
        check_value(FIELDS, encode_json(value))
    except InvalidValue:
        assert not fits
    else:
        assert fits


def test_fields_takes_canonical_json_only() -> None:
    """A second spelling of the same object is refused."""
    value = {"price": "1.5", "venue": "x"}
    check_value(FIELDS, encode_json(value))
    with pytest.raises(InvalidValue, match="canonical"):
        check_value(FIELDS, json.dumps(value).encode())


def test_values_are_bounded() -> None:
    """The profile's ceiling holds for every strategy."""
    with pytest.raises(InvalidValue, match="32769 bytes"):
        check_value(Strategy.MODE, bytes(32_769))
