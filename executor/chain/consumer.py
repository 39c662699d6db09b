"""The example consumer contract: ask it to request, and read what it was told."""

from __future__ import annotations

from dataclasses import dataclass

from executor.chain.bindings import router as binding
from executor.chain.client import ChainClient
from executor.chain.contract import interface
from executor.chain.logs import RouterLog, SeenRequest, decode
from executor.chain.sender import TransactionSender
from executor.errors import ChainUnavailable, TransactionFailed
from executor.model.ids import Address, FunctionId, RequestId


@dataclass(frozen=True, slots=True)
class Price:
    """What the consumer was told last; `error` is empty unless the latest answer was one."""

    price: int
    timestamp: int
    request_id: RequestId
    error: bytes


class PriceConsumer:
    """A deployed PriceConsumer."""

    def __init__(self, client: ChainClient, address: Address) -> None:
        self._client = client
        self._address = address

    async def request(
        self, sender: TransactionSender, function_id: FunctionId, input: bytes = b"", subscription: int = 0
    ) -> SeenRequest:
        """Have the consumer request a price; the request as its mined event gives it. Raises TransactionFailed."""
        calldata = interface("PriceConsumer").calldata("requestPrice", subscription, function_id, input)
        receipt = await sender.send(self._address, calldata)
        if not receipt.succeeded:
            raise TransactionFailed(f"the request reverted in {receipt.location.transaction}")
        block = await self._client.block_by_hash(receipt.location.block_hash)
        for raw in receipt.logs:
            if block is None or raw.get("topics", [""])[0] != "0x" + binding.Requested.TOPIC.hex():
                continue
            log = RouterLog.parse(raw, self._client.router)
            seen = decode(log, block, self._client.chain_id, self._client.router)
            if isinstance(seen, SeenRequest):
                return seen
        raise ChainUnavailable(f"no request in the logs of {receipt.location.transaction}")

    async def read(self) -> Price:
        """The consumer's state, by eth_call."""
        contract = interface("PriceConsumer")
        names = ("price", "timestamp", "lastRequestId", "lastError")
        price, timestamp, last, error = [await self._client.read(self._address, contract, name) for name in names]
        return Price(price, timestamp, RequestId(last), error)
