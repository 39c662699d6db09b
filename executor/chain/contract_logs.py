"""Logs of any contract, as triggers want them: their place checked, their content left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import BlockNumber
from web3.types import FilterParams

from executor.chain.client import ChainClient, checksum, well_formed
from executor.chain.logs import RouterLog
from executor.errors import ChainUnavailable, InvalidValue
from executor.model.ids import Address

Json = Any


@dataclass(frozen=True, slots=True)
class ContractLog(RouterLog):
    """A log and whose it is."""

    address: Address


def parse_log(raw: Json, address: Address) -> ContractLog:
    """Read a log of a contract; raises InvalidValue, KeyError or TypeError for another."""
    log = RouterLog.parse(raw, address)
    return ContractLog(log.topics, log.data, log.index, log.location, address)


async def load_logs(client: ChainClient, addresses: Sequence[Address], first: int, last: int) -> list[ContractLog]:
    """The logs of these contracts from block `first` to `last`, in order.

    Raises ChainUnavailable, and as eth_getLogs does for a range that is too large.
    """
    wanted = FilterParams(
        address=[checksum(address) for address in addresses],
        fromBlock=BlockNumber(first),
        toBlock=BlockNumber(last),
    )
    known = set(addresses)
    with well_formed():
        logs = [parse_log(each, Address.from_hex(each["address"])) for each in await client.w3.eth.get_logs(wanted)]
        if any(log.address not in known for log in logs):
            raise InvalidValue("a log that was not asked for")
    if not all(first <= log.location.block_number <= last for log in logs):
        raise ChainUnavailable("eth_getLogs: a log outside the range asked for")
    return sorted(logs, key=lambda log: (log.location.block_number, log.index))
