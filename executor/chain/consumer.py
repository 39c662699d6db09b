"""The example consumer contract: ask it to request, and read what it was told."""

from __future__ import annotations

from dataclasses import dataclass

from executor.chain.bindings import router as binding
from executor.chain.calls import transact
from executor.chain.client import ChainClient
from executor.chain.logs import SeenRequest, decode, router_logs
from executor.chain.sender import TransactionSender
from executor.errors import ChainUnavailable
from executor.model.ids import Address, FunctionId, RequestId


@dataclass(frozen=True, slots=True)
class Price:
    """What the consumer was told last; `error` is empty unless the latest answer was one."""

    price: int
    timestamp: int
    request_id: RequestId
    error: bytes


class PriceConsumer:
    """A deployed PriceConsumer and the subscription that pays for its requests."""

    def __init__(self, client: ChainClient, address: Address, subscription: int) -> None:
        self._client = client
        self._address = address
        self._subscription = subscription

    async def request(self, sender: TransactionSender, function_id: FunctionId, input: bytes = b"") -> SeenRequest:
        """Have the consumer request a price; the request as its mined event gives it. Raises TransactionFailed."""
        arguments = (self._subscription, function_id, input)
        receipt = await transact(sender, "PriceConsumer", self._address, "requestPrice", *arguments)
        block = await self._client.block_by_hash(receipt.location.block_hash)
        logs = router_logs(receipt.logs, self._client.router)
        log = next((log for log in logs if log.topics[:1] == (binding.Requested.TOPIC,)), None)
        if block is None or log is None:
            raise ChainUnavailable(f"no request in the logs of {receipt.location.transaction}")
        seen = decode(log, block, self._client.chain_id, self._client.router)
        if not isinstance(seen, SeenRequest):
            raise ChainUnavailable(f"no valid request in the logs of {receipt.location.transaction}")
        return seen

    async def read(self) -> Price:
        """The consumer's state, by eth_call."""
        views = self._client.contract("PriceConsumer", self._address).functions
        calls = (views.price(), views.timestamp(), views.lastRequestId(), views.lastError())
        price, timestamp, last, error = [await self._client.read(call) for call in calls]
        return Price(price, timestamp, RequestId(last), error)
