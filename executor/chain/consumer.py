"""The example consumer contract: ask it to request, and read what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from executor.chain.bindings import router as binding
from executor.chain.client import ChainClient, expect
from executor.chain.contract import interface
from executor.chain.logs import RouterLog, SeenRequest, decode
from executor.chain.quantity import parse_data
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
        log = expect(partial(_requested, receipt.logs, self._client.router), list(receipt.logs))
        if block is None or log is None:
            raise ChainUnavailable(f"no request in the logs of {receipt.location.transaction}")
        seen = decode(log, block, self._client.chain_id, self._client.router)
        if not isinstance(seen, SeenRequest):
            raise ChainUnavailable(f"no valid request in the logs of {receipt.location.transaction}")
        return seen

    async def read(self) -> Price:
        """The consumer's state, by eth_call."""
        contract = interface("PriceConsumer")
        names = ("price", "timestamp", "lastRequestId", "lastError")
        price, timestamp, last, error = [await self._client.read(self._address, contract, name) for name in names]
        return Price(price, timestamp, RequestId(last), error)


def _requested(logs: Sequence[Any], router: Address) -> RouterLog | None:
    """The router's `Requested` log among those of a receipt."""
    parsed = [RouterLog.parse(raw, router) for raw in logs if parse_data(raw["address"], 20) == router]
    return next((log for log in parsed if log.topics[0] == binding.Requested.TOPIC), None)
