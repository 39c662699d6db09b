"""Proving on chain that a member signed two outcomes of one run: `Committee.proveEquivocation`."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from executor.chain.bindings import committee as binding
from executor.chain.calls import transact, view
from executor.chain.client import ChainClient, Receipt
from executor.chain.sender import TransactionSender
from executor.errors import ChainError
from executor.model.committee import EpochIdentity
from executor.model.ids import Address
from executor.protocol.evidence import SignedReport


@dataclass(frozen=True, slots=True)
class Accused:
    """Where the stake of an accused member stands."""

    operator: Address
    signer: Address
    stake_wei: int
    slashed: bool


async def find_accused(client: ChainClient, epoch: EpochIdentity, member: int) -> Accused:
    """Who the member of that epoch is; raises ChainError for another network, or an epoch or member that is none."""
    here = (client.chain_id, client.router, client.committee)
    if (epoch.chain_id, epoch.router, epoch.committee) != here:
        raise ChainError(
            f"this is evidence of chain {epoch.chain_id}, router {epoch.router}; here are chain {client.chain_id}, "
            f"router {client.router}: name that network's endpoint and router"
        )
    rows = await view(client, "Committee", client.committee, "epochMembers", epoch.number)
    if member >= len(rows):
        raise ChainError(f"epoch {epoch.number} has no member {member}")
    record = binding.Member.from_abi(rows[member])
    operator = Address.from_hex(record.operator)
    stake = binding.StakeInfo.from_abi(await view(client, "Committee", client.committee, "stakeOf", operator))
    return Accused(operator, Address.from_hex(record.signer), stake.amount, stake.slashed)


async def prove_equivocation(
    client: ChainClient,
    sender: TransactionSender,
    epoch: EpochIdentity,
    member: int,
    first: SignedReport,
    second: SignedReport,
) -> Receipt:
    """Send the proof and wait until it is mined; raises TransactionFailed with the contract's reason."""
    votes = [_as_abi(first), _as_abi(second)]
    return await transact(
        sender, "Committee", client.committee, "proveEquivocation", client.router, epoch.number, member, votes
    )


def _as_abi(vote: SignedReport) -> tuple[object, ...]:
    report = astuple(vote.report)
    return report, list(vote.path), bytes(vote.signature)
