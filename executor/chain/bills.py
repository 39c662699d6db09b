"""What delivered requests and pushes cost: the router's charge, and the prices it was made by.

Rule 1. A request's quote is in its event. A push is quoted when it is delivered: what was held is the sum of its
        charge, and the version of the prices is the one at which the router quotes exactly that, in the push's block
        or the one before it, since prices may change within a block.
Rule 2. A version's prices and a subscription's asset never change, and are kept.
"""

from __future__ import annotations

from typing import Final as Constant

from executor.chain.calls import view
from executor.chain.client import ChainClient
from executor.chain.subscriptions import load_prices, load_subscription
from executor.chain.triggers import load_target
from executor.errors import ChainError
from executor.model.billing import Asset, Charge, Prices, Quote
from executor.model.ids import Address, FunctionId, RegistrationId
from executor.model.receipt import Bill
from executor.model.request import ZERO_ADDRESS, Request

MAX_PRICES: Constant = 64  # versions kept: one is in force, and requests in flight know a few before it
MAX_ASSETS: Constant = 4_096  # subscriptions whose asset is kept


class Bills:
    """Bills of delivered requests and of pushes."""

    def __init__(self, client: ChainClient) -> None:
        self._client = client
        self._prices: dict[int, Prices] = {}
        self._assets: dict[int, Asset] = {}

    def forget(self) -> None:
        """To be called after a reorganisation, which may put another version or subscription under a number."""
        self._prices.clear()
        self._assets.clear()

    async def load(self, request: Request, quote: Quote | None, charge: Charge, block: int) -> Bill:
        """The bill of a request delivered in a block, or of a push there, which has no quote; raises ChainError."""
        if request.origin is not None:
            return await self._of_push(request.function_id, request.origin.registration, charge, block)
        if quote is None:
            raise ChainError("the request's quote is not known")
        return await self._bill(await self._asset(request.subscription, block), quote, charge)

    async def _of_push(self, function: FunctionId, registration: RegistrationId, charge: Charge, block: int) -> Bill:
        """Rule 1."""
        held = charge.work + charge.gas_cost + charge.refund
        mined = await self._client.block(block)
        if mined is None:
            raise ChainError(f"no endpoint has block {block}")
        target = await load_target(self._client, registration, block)
        if Address.from_hex(target.owner) == ZERO_ADDRESS:  # paused or removed in that very block
            target = await load_target(self._client, registration, block - 1)
        asset = await self._asset(target.subscription, block)
        arguments = (function, target.callback_gas_limit, asset, mined.base_fee_wei)
        for at in (block, block - 1):
            if held == await view(self._client, "Router", self._client.router, "estimateCost", *arguments, block=at):
                version = await view(self._client, "Router", self._client.router, "pricesVersion", block=at)
                return await self._bill(asset, Quote(held, version), charge)
        raise ChainError(f"no prices in force in block {block} quote the {held} that were held")

    async def _bill(self, asset: Asset, quote: Quote, charge: Charge) -> Bill:
        prices = self._prices.get(quote.prices_version)
        if prices is None:
            if len(self._prices) >= MAX_PRICES:
                self._prices.clear()
            prices = self._prices[quote.prices_version] = await load_prices(self._client, quote.prices_version)
        return Bill(asset, quote, prices, charge)

    async def _asset(self, subscription: int, block: int) -> Asset:
        asset = self._assets.get(subscription)
        if asset is None:
            if len(self._assets) >= MAX_ASSETS:
                self._assets.clear()
            asset = self._assets[subscription] = (await load_subscription(self._client, subscription, block)).asset
        return asset
