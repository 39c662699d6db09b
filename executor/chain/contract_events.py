"""A contract's own events in a transaction, by its committed ABI: for contracts that have no generated bindings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hexbytes import HexBytes
from web3.types import LogReceipt

from executor.chain.client import well_formed
from executor.chain.contracts import contract
from executor.model.ids import Address


@dataclass(frozen=True, slots=True)
class Happened:
    """An event and its arguments by the ABI's names."""

    name: str
    arguments: Mapping[str, Any]

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]


def happened(name: str, address: Address, logs: Sequence[LogReceipt]) -> list[Happened]:
    """The events of the contract at `address` among these logs, in order; raises ChainUnavailable for malformed."""
    made = contract(name)
    names = [each["name"] for each in made.abi if each["type"] == "event"]
    events = {HexBytes(event.topic): event for event in (made.events[each]() for each in names)}
    with well_formed():
        mine = [log for log in logs if Address.from_hex(log["address"]) == address]
        decoded = [events[log["topics"][0]].process_log(log) for log in mine]
    return [Happened(each["event"], dict(each["args"])) for each in decoded]
