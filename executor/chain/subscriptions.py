"""Subscriptions: the router's prepaid accounts that requests are charged to, and what requests cost."""

from __future__ import annotations

from dataclasses import dataclass

from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3.types import FilterParams

from executor.chain.bindings import router as binding
from executor.chain.calls import transact, view
from executor.chain.client import ChainClient, Receipt, checksum, well_formed
from executor.chain.logs import router_logs
from executor.chain.sender import TransactionSender
from executor.errors import ChainError, ChainUnavailable
from executor.model.billing import Asset, Prices
from executor.model.ids import Address, FunctionId, RequestId
from executor.model.request import ZERO_ADDRESS


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who pays for requests; amounts in the asset's smallest unit. `balance` is free, `reserved` for open requests."""

    owner: Address
    offered_to: Address | None
    asset: Asset
    balance: int
    reserved: int
    consumers: int


async def create_subscription(
    client: ChainClient, sender: TransactionSender, asset: Asset = Asset.NATIVE, *, value_wei: int = 0
) -> int:
    """Make a subscription that the sender owns, with `value_wei` of the native coin in it; raises TransactionFailed."""
    receipt = await transact(sender, "Router", client.router, "createSubscription", asset, value_wei=value_wei)
    for log in router_logs(receipt.logs, client.router):
        if log.topics[:1] == (binding.SubscriptionCreated.TOPIC,):
            return log.event(binding.SubscriptionCreated).subscription
    raise ChainUnavailable(f"no subscription in the logs of {receipt.location.transaction}")


async def fund_subscription(
    client: ChainClient, sender: TransactionSender, subscription: int, amount_wei: int
) -> Receipt:
    """Pay the native coin in; anyone may. Raises TransactionFailed."""
    return await transact(sender, "Router", client.router, "fund", subscription, value_wei=amount_wei)


async def add_consumer(client: ChainClient, sender: TransactionSender, subscription: int, consumer: Address) -> Receipt:
    """Let a contract spend from the sender's subscription; raises TransactionFailed."""
    return await transact(sender, "Router", client.router, "addConsumer", subscription, consumer)


async def remove_consumer(
    client: ChainClient, sender: TransactionSender, subscription: int, consumer: Address
) -> Receipt:
    """Let it spend from the sender's subscription no more; raises TransactionFailed."""
    return await transact(sender, "Router", client.router, "removeConsumer", subscription, consumer)


async def withdraw_balance(
    client: ChainClient, sender: TransactionSender, subscription: int, amount: int, to: Address
) -> Receipt:
    """Pay some of what is free in the sender's subscription to an address; raises TransactionFailed."""
    return await transact(sender, "Router", client.router, "withdrawBalance", subscription, amount, to)


async def load_subscription(client: ChainClient, subscription: int, block: int | None = None) -> Subscription:
    """The subscription now or at the end of a block; raises ChainError when there is none."""
    raw = await view(client, "Router", client.router, "subscriptionInfo", subscription, block=block)
    info = binding.Subscription.from_abi(raw)
    offered = Address.from_hex(info.offered_to)
    return Subscription(
        owner=Address.from_hex(info.owner),
        offered_to=None if offered == ZERO_ADDRESS else offered,
        asset=Asset(info.asset),
        balance=info.balance,
        reserved=info.reserved,
        consumers=info.consumers,
    )


async def estimate_cost(
    client: ChainClient,
    function_id: FunctionId,
    callback_gas_limit: int,
    asset: Asset = Asset.NATIVE,
    *,
    base_fee_wei: int | None = None,
) -> int:
    """What a request would reserve, by default at the head's base fee; raises ChainError with the router's reason."""
    if base_fee_wei is None:
        base_fee_wei = (await client.head()).base_fee_wei  # in a call without a gas price the contract sees none
    arguments = (function_id, callback_gas_limit, asset, base_fee_wei)
    cost: int = await view(client, "Router", client.router, "estimateCost", *arguments)
    return cost


async def expire(client: ChainClient, sender: TransactionSender, request_id: RequestId) -> Receipt:
    """Close a request whose deadline has passed and release its reservation; raises TransactionFailed."""
    return await transact(sender, "Router", client.router, "expire", request_id)


async def load_prices(client: ChainClient, version: int) -> Prices:
    """A version of the router's prices; versions never change. Raises ChainError when there is none."""
    found = binding.Prices.from_abi(await view(client, "Router", client.router, "prices", version))
    return Prices(
        fuel_price=found.fuel_price,
        slot_price=found.slot_price,
        delivery_gas=found.delivery_gas,
        max_tip=found.max_tip,
        headroom=found.headroom,
        premium=found.premium,
        token_rate=found.token_rate,
    )


async def load_versions(client: ChainClient, block: int) -> tuple[int, int]:
    """The versions of the prices before a block and after it, from the router's events alone: no old state is needed.

    Raises ChainError where there were none yet.
    """
    wanted = FilterParams(
        address=checksum(client.router),
        topics=[HexBytes(binding.PricesChanged.TOPIC)],
        fromBlock=BlockNumber(0),
        toBlock=BlockNumber(block),
    )
    with well_formed():
        logs = router_logs(await client.w3.eth.get_logs(wanted), client.router)
        changes = [(log.location.block_number, log.event(binding.PricesChanged).version) for log in logs]
    before = [version for number, version in changes if number < block]
    if not before:
        raise ChainError(f"the router had no prices before block {block}")
    return max(before), max(version for _, version in changes)
