"""What a request costs: the properties that subscriptions, signers and payers of gas rely on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.model.billing import (
    ETHER,
    GWEI,
    MILLION,
    Asset,
    Charge,
    Prices,
    charge,
    gas_cost,
    max_cost,
    max_gas,
    quote,
    reimbursed_gas_price,
    to_token,
    work,
)
from executor.model.manifest import Limits

UINT64 = st.integers(0, 2**64 - 1)
FUEL = st.integers(0, 10**10)
SLOTS = st.integers(0, 32)
GAS = st.integers(0, 10**7)
GAS_PRICE = st.integers(0, 10**13)
ASSETS = st.sampled_from(Asset)

PRICES = st.builds(
    Prices,
    fuel_price=UINT64,
    slot_price=UINT64,
    delivery_gas=st.integers(0, 2_000_000),
    max_tip=st.integers(0, 1_000),
    headroom=st.integers(100, 1_000),
    premium=st.integers(0, 10_000),
    token_rate=st.integers(1, 2**128 - 1),
)
LIMITS = st.builds(Limits, fuel=st.integers(1, 10**10), observations=SLOTS, output_bytes=st.integers(1, 65_536))


@given(PRICES, ASSETS, st.integers(0, 2**80 - 1), UINT64, st.integers(0, 2**16 - 1), GAS, GAS_PRICE)
def test_a_charge_is_exactly_what_was_held(
    prices: Prices, asset: Asset, held: int, fuel: int, slots: int, gas: int, gas_price: int
) -> None:
    """Whatever is reported: nothing is lost, nothing is taken beyond the reservation, no part is negative."""
    taken = charge(prices, asset, held, fuel, slots, gas, gas_price)
    assert taken.work + taken.gas_cost + taken.refund == held
    assert min(taken.work, taken.gas_cost, taken.refund) >= 0


@given(PRICES, ASSETS, LIMITS, st.integers(0, 5_000_000), st.integers(0, 10**12), st.data())
def test_a_quote_covers_every_charge_within_its_assumptions(
    prices: Prices, asset: Asset, limits: Limits, callback_gas: int, base_fee: int, data: st.DataObject
) -> None:
    """A run within its limits, delivered with the gas and the base fee reckoned with, is paid in full."""
    held = quote(prices, asset, limits, callback_gas, base_fee)
    fuel = data.draw(st.integers(0, limits.fuel), "fuel")
    slots = data.draw(st.integers(0, limits.observations), "slots")
    gas = data.draw(st.integers(0, max_gas(prices, limits, callback_gas)), "gas")
    later = data.draw(st.integers(0, base_fee * prices.headroom // 100), "base fee of the delivery")
    gas_price = reimbursed_gas_price(prices, data.draw(GAS_PRICE, "paid"), later)
    taken = charge(prices, asset, held, fuel, slots, gas, gas_price)
    due = work(prices, fuel, slots), gas_cost(prices, gas, gas_price)
    if asset is Asset.NATIVE:
        assert (taken.work, taken.gas_cost) == due
    else:
        work_due, gas_due = (to_token(part, prices.token_rate) for part in due)
        assert taken.work == work_due
        assert taken.gas_cost in (gas_due, gas_due - 1)  # both parts are rounded up, the quote once


@given(PRICES, FUEL, SLOTS, FUEL, SLOTS)
def test_work_grows_with_fuel_and_slots(prices: Prices, fuel: int, slots: int, more: int, again: int) -> None:
    """Nobody pays less by using more."""
    assert work(prices, fuel, slots) <= work(prices, fuel + more, slots + again)


@given(PRICES, GAS, GAS_PRICE, GAS, GAS_PRICE)
def test_gas_cost_grows_with_gas_and_its_price(prices: Prices, gas: int, price: int, more: int, dearer: int) -> None:
    """And never falls short of what was paid."""
    assert gas * price <= gas_cost(prices, gas, price) <= gas_cost(prices, gas + more, price + dearer)


@given(PRICES, LIMITS, LIMITS, st.integers(0, 10**6), st.integers(0, 10**12))
def test_the_quote_grows_with_every_limit(
    prices: Prices, one: Limits, other: Limits, callback_gas: int, base_fee: int
) -> None:
    """A function that may do more reserves more."""
    larger = Limits(
        fuel=max(one.fuel, other.fuel),
        observations=max(one.observations, other.observations),
        output_bytes=max(one.output_bytes, other.output_bytes),
    )
    assert max_cost(prices, one, callback_gas, base_fee) <= max_cost(prices, larger, callback_gas + 1, base_fee + 1)


@given(PRICES, UINT64, st.integers(0, 2**16 - 1))
def test_work_is_the_rational_rounded_down(prices: Prices, fuel: int, slots: int) -> None:
    """Less than one wei is lost to rounding."""
    exact = Fraction(fuel * (slots + 1) * prices.fuel_price, MILLION) + slots * prices.slot_price
    assert 0 <= exact - work(prices, fuel, slots) < 1


@given(PRICES, GAS, GAS_PRICE)
def test_gas_cost_is_the_rational_rounded_up(prices: Prices, gas: int, price: int) -> None:
    """The payer of gas loses nothing to rounding and gains less than a wei."""
    assert 0 <= gas_cost(prices, gas, price) - Fraction(gas * price * (10_000 + prices.premium), 10_000) < 1


@given(st.integers(0, 2**120), st.integers(1, 2**128 - 1))
def test_token_units_are_the_rational_rounded_up(amount: int, rate: int) -> None:
    """What is worth anything costs at least one unit."""
    assert 0 <= to_token(amount, rate) - Fraction(amount * rate, ETHER) < 1


def test_the_payer_of_gas_cannot_raise_the_price_it_is_paid() -> None:
    """What was paid comes back up to the base fee and the largest tip."""
    prices = Prices(0, 0, 0, 3, 100, 0)
    assert reimbursed_gas_price(prices, 12 * GWEI, 10 * GWEI) == 12 * GWEI
    assert reimbursed_gas_price(prices, 99 * GWEI, 10 * GWEI) == 13 * GWEI


def test_the_signers_come_before_the_payer_of_gas() -> None:
    """Work is attested; the price of gas is the payer's choice within bounds."""
    prices = Prices(MILLION, 0, 0, 0, 100, 0)
    assert charge(prices, Asset.NATIVE, 100, 60, 0, 50, 1) == Charge(60, 40, 0)
    assert charge(prices, Asset.NATIVE, 100, 160, 0, 50, 1) == Charge(100, 0, 0)
    assert charge(prices, Asset.NATIVE, 120, 60, 0, 50, 1) == Charge(60, 50, 10)


@pytest.mark.parametrize("name", ["fuel_price", "slot_price", "delivery_gas", "max_tip", "headroom", "premium"])
@pytest.mark.parametrize("value", [-1, 2**64])
def test_prices_fit_their_storage_words(name: str, value: int) -> None:
    """A price that the contract could not hold is none."""
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        replace(Prices(0, 0, 0, 0, 100, 0), **{name: value})
