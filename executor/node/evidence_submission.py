"""Evidence brought on chain, one piece after the other, and what came of each."""

from __future__ import annotations

from collections.abc import Sequence

from executor.chain.client import ChainClient
from executor.chain.sender import TransactionSender
from executor.chain.slashing import find_accused, prove_equivocation
from executor.errors import ChainError
from executor.model.codec import Json
from executor.node.evidence import Equivocation


async def submit_evidence(
    chain: ChainClient, sender: TransactionSender, found: Sequence[Equivocation]
) -> list[dict[str, Json]]:
    """For each: `transaction` and `operator`, or `already_slashed`, or `error` saying what is wrong with it.

    Nothing is sent that the contract would refuse, as far as a look at it tells.
    """
    return [await _submit_one(chain, sender, each) for each in found]


async def _submit_one(chain: ChainClient, sender: TransactionSender, each: Equivocation) -> dict[str, Json]:
    try:
        accused = await find_accused(chain, each.epoch, each.member)
        told: dict[str, Json] = {"operator": str(accused.operator), "stake_wei": hex(accused.stake_wei)}
        if accused.slashed:
            return told | {"already_slashed": True}
        if accused.signer != each.signer:
            who = f"member {each.member} of epoch {each.epoch.number}"
            return {"error": f"{who} has another key than the one that signed: nobody is accused by this"}
        receipt = await prove_equivocation(chain, sender, each.epoch, each.member, each.first, each.second)
        return told | {"transaction": str(receipt.location.transaction)}
    except ChainError as error:
        return {"error": str(error)}
