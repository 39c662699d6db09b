"""What a request will cost: the most it can, which is reserved, and the likely charge (docs/billing.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from executor.chain.calls import view
from executor.chain.client import ChainClient
from executor.chain.fees import PRIORITY_FEE_WEI
from executor.chain.subscriptions import load_prices
from executor.model.billing import Asset, Prices, charge, quote, reimbursed_gas_price
from executor.model.coins import coins
from executor.model.committee import Epoch
from executor.model.manifest import Limits
from executor.model.report import Scheme

# A delivery alone with an output of 96 bytes and an empty callback: docs/billing.md, "The gas that is charged".
ECDSA_GAS: Final = 56_500  # and for each signature of the quorum
SIGNATURE_GAS: Final = 4_400
BLS_GAS: Final = 180_000
OUTPUT_BYTE_GAS: Final = 20
PLAIN_OUTPUT_BYTES: Final = 96


@dataclass(frozen=True, slots=True)
class Likely:
    """What one delivery of its own is charged, by the scheme its attestation has; in a batch it is less."""

    scheme: Scheme
    gas: int
    work: int
    gas_cost: int

    @property
    def whole(self) -> int:
        """In the asset's smallest unit, as the rest."""
        return self.work + self.gas_cost


@dataclass(frozen=True, slots=True)
class Costs:
    """In the asset's smallest unit."""

    asset: Asset
    base_fee_wei: int
    most: int
    likely: tuple[Likely, ...]


async def load_current_prices(client: ChainClient) -> Prices:
    """The prices that a request made now is quoted with; raises ChainError."""
    return await load_prices(client, await view(client, "Router", client.router, "pricesVersion"))


def reckon(
    prices: Prices,
    epoch: Epoch,
    limits: Limits,
    *,
    asset: Asset,
    base_fee_wei: int,
    callback_gas: int,
    fuel_used: int,
    slots: int,
    output_bytes: int,
) -> Costs:
    """Costs of a request whose run is known, for each scheme that the epoch has a verifier of. Pure.

    The callback is reckoned with all of its gas; the payer of gas adds a gwei for the block's maker.
    """
    price = reimbursed_gas_price(prices, base_fee_wei + PRIORITY_FEE_WEI, base_fee_wei)
    most = quote(prices, asset, limits, callback_gas, base_fee_wei)
    more = callback_gas + OUTPUT_BYTE_GAS * max(0, output_bytes - PLAIN_OUTPUT_BYTES)
    alone = {Scheme.ECDSA: ECDSA_GAS + SIGNATURE_GAS * epoch.quorum, Scheme.BLS: BLS_GAS}
    likely = []
    for scheme in dict.fromkeys(each.scheme for each in epoch.verifiers):
        gas = alone[scheme] + more
        taken = charge(prices, asset, most, fuel_used, slots, gas, price)
        likely.append(Likely(scheme, gas, taken.work, taken.gas_cost))
    return Costs(asset, base_fee_wei, most, tuple(likely))


def amount(units: int, asset: Asset) -> str:
    """An amount for people."""
    return coins(units) if asset is Asset.NATIVE else f"{units:,} units of the token"
