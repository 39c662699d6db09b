"""Amounts of a chain's coin, as people read and write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import InvalidValue
from executor.model.coins import MAX_WEI, coins, exact, parse_coins


@given(st.integers(0, MAX_WEI))
def test_an_exact_amount_reads_back_to_the_wei(wei: int) -> None:
    assert wei == parse_coins(exact(wei))


@pytest.mark.parametrize(
    ("wei", "shown"),
    [(0, "0 ether"), (7, "7 wei"), (21 * 10**9, "21 gwei"), (15 * 10**17, "1.5 ether"), (10**24 + 1, "1000000 ether")],
)
def test_an_amount_is_shown_with_its_unit(wei: int, shown: str) -> None:
    assert shown == coins(wei)


@pytest.mark.parametrize(
    "text",
    ["1", "", "ether", "-1ether", "1 eth", "1e18 wei", "0.5wei", "1.0000000000000000001ether", "9" * 30 + "ether"],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    """A number without a unit most of all: between wei and ether are eighteen digits."""
    with pytest.raises(InvalidValue, match=r"is no amount|whole number|can hold"):
        parse_coins(text)
