"""Which epochs are in force, as deep as the chain is read: one begins at its block, and lives on for its grace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final as Constant

from executor.chain.bindings import committee as binding
from executor.chain.client import Block, ChainClient
from executor.chain.epochs import current_epoch
from executor.chain.watcher import Depth

GRACE_PERIOD_S: Constant = 7 * 24 * 3600  # contracts/src/Stake.sol, GRACE_PERIOD
MAX_TERMS: Constant = 64  # epochs looked back at: more in one grace than a committee's owner has reason to begin


@dataclass(frozen=True, slots=True)
class Term:
    """One epoch's time on chain. `facts` differ when a reorganisation put another epoch under the same number."""

    number: int
    start_block: int
    start_time: int
    profile_id: bytes
    operators: tuple[str, ...]
    verifiers: tuple[str, ...]
    replaced_at: int | None = None  # start time of the next epoch
    replaced_block: int | None = None

    def is_live(self, now: int) -> bool:
        """Whether the contract takes deliveries of this epoch at a block's time (`Committee.isLive`)."""
        return self.replaced_at is None or now < self.replaced_at + GRACE_PERIOD_S

    @property
    def facts(self) -> tuple[object, ...]:
        """What makes it this epoch and no other."""
        return (self.number, self.start_block, self.start_time, self.profile_id, self.operators, self.verifiers)


async def deepest_block(client: ChainClient, confirmations: Depth) -> Block | None:
    """The last block that is read at this depth; raises ChainUnavailable."""
    if confirmations == "finalized":
        return await client.head("finalized")
    head = await client.head()
    return head if confirmations == 0 else await client.block(head.number - confirmations)


async def live_terms(client: ChainClient, block: Block) -> tuple[Term, ...]:
    """The epochs that are live as of `block`, oldest first; raises ChainError.

    Views are asked at the head, which every endpoint can answer, and what began after `block` is left out.
    """
    committee = client.contract("Committee", client.committee).functions
    terms: list[Term] = []
    following: Term | None = None
    for number in range(await current_epoch(client), 0, -1):
        info = binding.Epoch.from_abi(await client.read(committee.epochInfo(number)))
        if info.start_block > block.number:
            continue  # not deep enough: what it replaces is still in force here
        term = Term(
            number=number,
            start_block=info.start_block,
            start_time=info.start_time,
            profile_id=bytes(info.profile_id),
            operators=tuple(info.operators),
            verifiers=tuple(info.verifiers),
            replaced_at=None if following is None else following.start_time,
            replaced_block=None if following is None else following.start_block,
        )
        if not term.is_live(block.timestamp) or len(terms) >= MAX_TERMS:
            break
        terms.append(term)
        following = term
    return tuple(reversed(terms))
