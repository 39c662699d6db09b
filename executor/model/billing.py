"""What a request costs (docs/billing.md): the formula that quote, contract and receipt share, in integers only.

Rule 1  work = floor(fuel used * (slots + 1) * fuel price / 10^6) + slots * slot price
Rule 2  gas cost = ceil(gas used * gas price * (10^4 + premium) / 10^4), gas price = min(paid, base fee + largest tip)
Rule 3  max cost = work of the limits + gas cost of a delivery at the base fee with headroom and the largest tip
Rule 4  all in wei; a subscription that pays with the token is charged ceil(wei * token rate / 10^18) of its units
Rule 5  a charge is taken from what was held: the work first, then the gas; what is left goes back

The same in Solidity: contracts/src/libraries/Billing.sol and Deliveries.sol. Vectors: fixtures/vectors/billing.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from executor.model.codec import Natural
from executor.model.manifest import Limits
from executor.model.transaction import Quantity

OUTPUT_BYTE_GAS = 40  # what a byte of a long output costs at least (EIP-7623)
GWEI = 10**9
ETHER = 10**18  # the token's rate is units per this many wei
MILLION = 10**6  # the price of fuel is wei per this much of it
WHOLE = 10**4  # premiums are hundredths of a percent
MAX_RESERVATION = 2**80 - 1  # what a request's slot has room for

_BITS = {
    "fuel_price": 64,
    "slot_price": 64,
    "delivery_gas": 32,
    "max_tip": 32,
    "headroom": 16,
    "premium": 16,
    "token_rate": 128,
}


class Asset(IntEnum):
    """What a subscription pays with; stable on the wire."""

    NATIVE = 0
    TOKEN = 1


@dataclass(frozen=True, slots=True)
class Prices:
    """One version of a router's prices; a request is charged by the version it was quoted with."""

    fuel_price: Quantity  # wei per million fuel and execution
    slot_price: Quantity  # wei per observation slot
    delivery_gas: Natural  # what a delivery is thought to need beside callback and output: part of the quote only
    max_tip: Natural  # gwei: priority fee that is reimbursed at most
    headroom: Natural  # percent of the request's base fee that the quote reckons with
    premium: Natural  # hundredths of a percent that the payer of gas gets on top of it
    token_rate: Quantity = 0  # the token's units per 10^18 wei; 0 where the router takes no token

    def __post_init__(self) -> None:
        for name, bits in _BITS.items():
            value = getattr(self, name)
            if not 0 <= value < 1 << bits:
                raise ValueError(f"{name} is {value}, which is no integer of {bits} bits")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a request was told it costs at most, in the subscription's asset, and the prices it is charged by."""

    max_cost: Quantity  # reserved until the request closes
    prices_version: Natural


@dataclass(frozen=True, slots=True)
class Charge:
    """What a delivery cost, in the subscription's asset; the three together are what had been held."""

    work: Quantity  # to the signers, for fuel and slots
    gas_cost: Quantity  # to the payer of gas
    refund: Quantity  # back to the subscription's balance


def work(prices: Prices, fuel_used: int, slots: int) -> int:
    """Rule 1: what the signers are paid, in wei. The guest runs slots + 1 times; `fuel_used` is the last run's."""
    return fuel_used * (slots + 1) * prices.fuel_price // MILLION + slots * prices.slot_price


def reimbursed_gas_price(prices: Prices, paid: int, base_fee: int) -> int:
    """The part of the gas price paid that comes back, in wei a gas."""
    return min(paid, base_fee + prices.max_tip * GWEI)


def gas_cost(prices: Prices, gas_used: int, gas_price: int) -> int:
    """Rule 2: what the payer of gas gets back, in wei."""
    return -(-gas_used * gas_price * (WHOLE + prices.premium) // WHOLE)


def max_gas(prices: Prices, limits: Limits, callback_gas_limit: int) -> int:
    """The gas that a quote reckons with."""
    return prices.delivery_gas + callback_gas_limit + OUTPUT_BYTE_GAS * limits.output_bytes


def max_cost(prices: Prices, limits: Limits, callback_gas_limit: int, base_fee: int) -> int:
    """Rule 3: the most a request can cost, in wei; `base_fee` is its block's, in wei a gas."""
    gas_price = base_fee * prices.headroom // 100 + prices.max_tip * GWEI
    return work(prices, limits.fuel, limits.observations) + gas_cost(
        prices, max_gas(prices, limits, callback_gas_limit), gas_price
    )


def to_token(amount: int, rate: int) -> int:
    """Rule 4: wei in units of the token, of which `rate` are worth 10^18 wei."""
    return -(-amount * rate // ETHER)


def quote(prices: Prices, asset: Asset, limits: Limits, callback_gas_limit: int, base_fee: int) -> int:
    """What a request reserves, in its subscription's asset."""
    cost = max_cost(prices, limits, callback_gas_limit, base_fee)
    return to_token(cost, prices.token_rate) if asset is Asset.TOKEN else cost


def charge(
    prices: Prices, asset: Asset, held: int, fuel_used: int, slots: int, gas_used: int, gas_price: int
) -> Charge:
    """Rule 5: what a delivery takes of what was held, and gives back; `gas_price` is the reimbursed one."""
    taken, gas = work(prices, fuel_used, slots), gas_cost(prices, gas_used, gas_price)
    if asset is Asset.TOKEN:
        taken, gas = to_token(taken, prices.token_rate), to_token(gas, prices.token_rate)
    taken = min(taken, held)
    gas = min(gas, held - taken)
    return Charge(taken, gas, held - taken - gas)
