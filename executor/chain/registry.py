"""What the function registry names: functions as they are registered, and the URIs that owners publish for their bytes.

All of it is a hint: whatever is fetched is checked against the function id, so a reorganisation needs no care here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final as Constant

from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3.types import FilterParams

from executor.chain.bindings import function_registry as binding
from executor.chain.client import ChainClient, checksum, well_formed
from executor.chain.functions import load_registry
from executor.chain.logs import RouterLog
from executor.errors import ChainUnavailable
from executor.model.ids import Address, FunctionId

MAX_RANGE_BLOCKS: Constant = 1_000  # a common provider limit for eth_getLogs
MAX_LOGS: Constant = 1_000  # read of one range: registering costs gas, so more is an endpoint's invention


@dataclass(frozen=True, slots=True)
class Named:
    """A function that the registry named; `uri` says where its bytes are, if its owner said so."""

    function_id: FunctionId
    uri: str = ""


class RegistryReader:
    """Reads the registry's logs, range by range; `next_block` is where it goes on."""

    def __init__(self, client: ChainClient, next_block: int) -> None:
        self._client = client
        self._registry: Address | None = None
        self.next_block = next_block

    async def read(self) -> list[Named]:
        """What was named in the next range, up to the head; nothing when there is no new block. Raises ChainError."""
        if self._registry is None:
            self._registry = await load_registry(self._client)
        head = (await self._client.head()).number
        first, last = self.next_block, min(head, self.next_block + MAX_RANGE_BLOCKS - 1)
        if last < first:
            return []
        wanted = FilterParams(
            address=checksum(self._registry),
            topics=[[HexBytes(binding.FunctionRegistered.TOPIC), HexBytes(binding.Published.TOPIC)]],
            fromBlock=BlockNumber(first),
            toBlock=BlockNumber(last),
        )
        with well_formed():
            raw = await self._client.w3.eth.get_logs(wanted)
            logs = [RouterLog.parse(each, self._registry) for each in raw[:MAX_LOGS]]
        self.next_block = last + 1
        return [named for log in logs if (named := _named(log)) is not None]


def _named(log: RouterLog) -> Named | None:
    """What a log names; None where it cannot be read: anyone may publish text that is no UTF-8."""
    try:
        if log.topics[:1] == (binding.Published.TOPIC,):
            published = log.event(binding.Published, of="FunctionRegistry")
            return Named(FunctionId(published.function_id), published.uri)
        registered = log.event(binding.FunctionRegistered, of="FunctionRegistry")
        return Named(FunctionId(registered.function_id))
    except ChainUnavailable:
        return None
