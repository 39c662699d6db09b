"""The epoch that was proposed last: found in the committee's logs, proved by its hash, begun by whoever wants to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final as Constant

from eth_abi.abi import encode as abi_encode
from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3.types import FilterParams

from executor.chain.bindings import committee as binding
from executor.chain.calls import view
from executor.chain.client import ChainClient, checksum, well_formed
from executor.chain.epochs import current_epoch
from executor.chain.logs import RouterLog
from executor.chain.operators import OperatorCall
from executor.crypto.digests import keccak256
from executor.errors import ChainError
from executor.model.ids import Address, Digest, ProfileId

MAX_RANGE_BLOCKS: Constant = 1_000  # a common provider limit for eth_getLogs
MAX_RANGES: Constant = 1_500  # back to 30 days, Committee.MAX_CHANGE_DELAY, at two seconds a block


@dataclass(frozen=True, slots=True)
class Proposal:
    """An announced epoch; anyone may begin it from `ready_at`, a block timestamp."""

    ready_at: int
    profile_id: ProfileId
    round_length_s: int
    operators: tuple[Address, ...]
    verifiers: tuple[Address, ...]

    @property
    def arguments(self) -> tuple[object, ...]:
        """As `proposeEpoch` and `startEpoch` take them."""
        return (list(self.operators), self.profile_id, self.round_length_s, list(self.verifiers))

    @property
    def hash(self) -> Digest:
        """Which the contract knows it by (Committee.sol)."""
        return keccak256(abi_encode(["address[]", "bytes32", "uint32", "address[]"], self.arguments))


async def load_proposal(client: ChainClient) -> Proposal:
    """What stands proposed; raises ChainError where nothing does, or no endpoint has its log any more."""
    hash, ready_at = await view(client, "Committee", client.committee, "proposal")
    if not any(hash):
        raise ChainError("no epoch is proposed: the committee's owner proposes one")
    delay_s = (
        int(await view(client, "Committee", client.committee, "changeDelay")) if await current_epoch(client) else 0
    )
    last = (await client.head()).number
    for _ in range(MAX_RANGES):
        first = max(0, last - MAX_RANGE_BLOCKS + 1)
        for found in await _proposed(client, Digest(hash), first, last):
            if found.hash == Digest(hash):
                return found
        block = await client.block(first)
        if not first or block is None or block.timestamp < int(ready_at) - delay_s:
            break
        last = first - 1
    raise ChainError("the log of the proposed epoch is not to be had: name an endpoint that keeps logs")


def start_epoch_call(client: ChainClient, proposal: Proposal) -> OperatorCall:
    """Begins it."""
    return OperatorCall("Committee", client.committee, "startEpoch", proposal.arguments)


async def _proposed(client: ChainClient, hash: Digest, first: int, last: int) -> list[Proposal]:
    wanted = FilterParams(
        address=checksum(client.committee),
        topics=[HexBytes(binding.EpochProposed.TOPIC), HexBytes(hash)],
        fromBlock=BlockNumber(first),
        toBlock=BlockNumber(last),
    )
    with well_formed():
        logs = [RouterLog.parse(each, client.committee) for each in await client.w3.eth.get_logs(wanted)]
    events = [log.event(binding.EpochProposed, of="Committee") for log in logs]
    return [
        Proposal(
            ready_at=event.ready_at,
            profile_id=ProfileId(event.profile_id),
            round_length_s=event.round_length,
            operators=tuple(map(Address.from_hex, event.operators)),
            verifiers=tuple(map(Address.from_hex, event.verifiers)),
        )
        for event in events
    ]
