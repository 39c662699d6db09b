"""Asking the router: by an account of its own, which needs no contract, or through a consumer contract.

The router calls back whoever asked. A call of an account without code succeeds and does nothing, so for an account the
answer is the delivery itself: the attested report in the router's log and in the receipt.
"""

from __future__ import annotations

from typing import Final as Constant

from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3.types import FilterParams

from executor.chain.bindings import router as binding
from executor.chain.calls import transact, view
from executor.chain.client import ChainClient, Receipt, checksum, well_formed
from executor.chain.contracts import CODEC
from executor.chain.logs import RouterLog, SeenDelivery, SeenExpiry, SeenRequest, decode, router_logs
from executor.chain.reverts import explain
from executor.chain.sender import TransactionSender
from executor.crypto.digests import keccak256
from executor.errors import ChainUnavailable, RpcRefused, TransactionFailed
from executor.model.ids import Address, FunctionId

MAX_RANGE_BLOCKS: Constant = 1_000  # a common provider limit for eth_getLogs
METHOD_ARGUMENTS: Constant = ("uint64", "bytes32", "bytes")  # subscription, function, input


async def ask_router(
    client: ChainClient,
    sender: TransactionSender,
    subscription: int,
    function: FunctionId,
    input: bytes,
    callback_gas_limit: int,
) -> SeenRequest:
    """The sender's own request, as its mined event gives it; raises TransactionFailed."""
    arguments = (subscription, function, input, callback_gas_limit)
    return await _seen(client, await transact(sender, "Router", client.router, "request", *arguments))


async def ask_consumer(
    client: ChainClient,
    sender: TransactionSender,
    consumer: Address,
    method: str,
    subscription: int,
    function: FunctionId,
    input: bytes,
) -> SeenRequest:
    """The request that a contract makes when `method(uint64 subscription, bytes32 function, bytes input)` is called.

    Raises TransactionFailed.
    """
    try:
        mined = await sender.send(consumer, consumer_calldata(method, subscription, function, input))
    except RpcRefused as error:
        raise TransactionFailed(f"{method}: {explain(error)}") from error
    if not mined.succeeded:
        raise TransactionFailed(f"{method} reverted in {mined.location.transaction}")
    return await _seen(client, mined)


def consumer_calldata(method: str, subscription: int, function: FunctionId, input: bytes) -> bytes:
    """What a consumer's method is called with."""
    selector = keccak256(f"{method}({','.join(METHOD_ARGUMENTS)})".encode())[:4]
    return bytes(selector) + CODEC.encode(list(METHOD_ARGUMENTS), [subscription, bytes(function), input])


async def is_consumer(client: ChainClient, subscription: int, account: Address) -> bool:
    """Whether an account may spend from a subscription; raises ChainError."""
    found: bool = await view(client, "Router", client.router, "isConsumer", subscription, account)
    return found


async def closing_of(client: ChainClient, request: SeenRequest) -> SeenDelivery | SeenExpiry | None:
    """How a request was closed, if it was by now; raises ChainError."""
    head = (await client.head()).number
    first = request.location.block_number
    while first <= head:
        last = min(head, first + MAX_RANGE_BLOCKS - 1)
        wanted = FilterParams(
            address=checksum(client.router),
            topics=[
                [HexBytes(binding.Delivered.TOPIC), HexBytes(binding.Expired.TOPIC)],
                HexBytes(request.request_id),
            ],
            fromBlock=BlockNumber(first),
            toBlock=BlockNumber(last),
        )
        with well_formed():
            raw = await client.w3.eth.get_logs(wanted)
            logs = [RouterLog.parse(each, client.router) for each in raw[:2]]
        for log in logs:
            block = await client.block_by_hash(log.location.block_hash)
            if block is None:
                continue  # replaced since
            seen = decode(log, block, client.chain_id, client.router)
            if isinstance(seen, SeenDelivery | SeenExpiry) and seen.request_id == request.request_id:
                return seen
        first = last + 1
    return None


async def _seen(client: ChainClient, mined: Receipt) -> SeenRequest:
    block = await client.block_by_hash(mined.location.block_hash)
    for log in router_logs(mined.logs, client.router):
        if block is not None and log.topics[:1] == (binding.Requested.TOPIC,):
            seen = decode(log, block, client.chain_id, client.router)
            if isinstance(seen, SeenRequest):
                return seen
    raise ChainUnavailable(f"no valid request in the logs of {mined.location.transaction}")
