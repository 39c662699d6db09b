"""JSON-RPC hex is read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.chain.quantity import data, parse_data, parse_quantity, quantity
from executor.errors import InvalidValue


@given(st.integers(0, 2**256 - 1))
def test_a_quantity_is_read_back(value: int) -> None:
    """Every 256-bit natural."""
    assert value == parse_quantity(quantity(value))


@given(st.binary(max_size=100))
def test_data_is_read_back(value: bytes) -> None:
    """Every byte string."""
    assert value == parse_data(data(value), len(value))


@pytest.mark.parametrize(
    "value", [None, 1, True, "", "0x", "1", "0x-1", "0x 1", "0x1_0", "0xg", "-0x1", "0x" + "f" * 65, "0x" + "0" * 99999]
)
def test_what_is_no_quantity_is_refused(value: object) -> None:
    """Signs, blanks, underscores, other types and more than 256 bits."""
    with pytest.raises(InvalidValue):
        parse_quantity(value)


def test_a_quantity_above_its_width_is_refused() -> None:
    """The width is exact."""
    assert parse_quantity(quantity(2**64 - 1), 64) == 2**64 - 1
    with pytest.raises(InvalidValue, match="above 64 bits"):
        parse_quantity(quantity(2**64), 64)


@pytest.mark.parametrize("value", [None, 1, b"", "", "00", "0x0", "0xgg", "0x 00", "0x00 "])
def test_what_is_no_data_is_refused(value: object) -> None:
    """Odd digits, other characters, other types."""
    with pytest.raises(InvalidValue):
        parse_data(value)


def test_data_of_another_size_is_refused() -> None:
    """The size, when given, is exact."""
    with pytest.raises(InvalidValue, match="2 bytes where 3"):
        parse_data("0x0000", 3)
