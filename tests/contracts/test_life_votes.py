"""What simulated committees sign, before the contract: honest members cannot be slashed, who votes twice is."""

from __future__ import annotations

import itertools
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from web3.contract import Contract

from executor.model.committee import Epoch
from executor.model.ids import Address
from executor.node import evidence
from executor.protocol.evidence import SignedReport, find_evidence
from executor.store.journal import Journal
from executor.testing.simulated_committee import bls_key, make_epoch, private_key

from .test_life_epochs import as_abi
from .world import MEMBERS, STAKE_WEI, World, deployment

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "protocol"))

from recorded_votes import play

PAIRS = 10  # of each member's votes, asked of the contract


@pytest.fixture
def committee(world: World) -> Contract:
    """A committee whose members have the simulation's keys, in its first epoch."""
    committee = deployment.deploy(world.w3, "Committee", world.owner, STAKE_WEI, 0)
    for member, operator in enumerate(world.operators):
        keys = deployment.Keys(private_key(member), bls_key(member))
        arguments = deployment.registration(world.w3, committee, operator, keys, f"memory://{member}")
        world.send(committee.functions.register(*arguments), operator, value=STAKE_WEI)
    epoch = (world.operators, bytes(32), 4, [world.committee.functions.epochInfo(1).call()[6][0]])
    world.send(committee.functions.proposeEpoch(*epoch), world.owner)
    world.send(committee.functions.startEpoch(*epoch), world.owner)
    return committee


def simulated(committee: Contract) -> Epoch:
    """The simulation's epoch, under this committee."""
    return replace(make_epoch(), committee=Address(deployment.raw(committee.address)))


def accuse(committee: Contract, epoch: Epoch, member: int, first: SignedReport, second: SignedReport) -> object:
    """The call of `proveEquivocation`."""
    router = committee.w3.to_checksum_address(epoch.router)
    return committee.functions.proveEquivocation(router, 1, member, [as_abi(first), as_abi(second)])


@pytest.mark.parametrize("seed", [3, 11])
def test_the_contract_refuses_every_pair_of_an_honest_members_votes(
    world: World, committee: Contract, seed: int
) -> None:
    """Pairs about one request first: they come nearest to evidence, and their signatures are good."""
    epoch = simulated(committee)
    simulation, _ = play(seed, epoch=epoch)
    for member in range(MEMBERS):
        votes = list(dict.fromkeys(simulation.signed[member]))
        pairs = list(itertools.combinations(votes, 2))
        random.Random(seed).shuffle(pairs)
        pairs.sort(key=lambda pair: pair[0].report.request_id != pair[1].report.request_id)
        assert pairs
        for first, second in pairs[:PAIRS]:
            assert world.refusal(accuse(committee, epoch, member, first, second), world.stranger) == "NoEquivocation"


@pytest.mark.parametrize("seed", [5, 14])
def test_a_member_that_voted_twice_is_found_and_slashed(world: World, committee: Contract, seed: int) -> None:
    """By the bytes it sent; nobody else can be accused with them."""
    epoch = simulated(committee)
    simulation, liar = play(seed, two_faced=True, epoch=epoch)
    found = find_evidence([*simulation.signed[liar.index], *liar.votes])
    assert found is not None
    for member in range(MEMBERS):
        if member != liar.index:
            assert find_evidence(simulation.signed[member]) is None
            assert world.refusal(accuse(committee, epoch, member, *found), world.stranger) == "BadVote"
    world.send(accuse(committee, epoch, liar.index, *found), world.stranger)
    slashed = [committee.functions.stakeOf(operator).call()[3] for operator in world.operators]
    assert slashed == [member == liar.index for member in range(MEMBERS)]


def test_what_a_node_kept_slashes(world: World, committee: Contract, tmp_path: Path) -> None:
    """From the count of votes through the journal and its JSON to the contract, without a look at the liar's keys."""
    epoch = simulated(committee)
    simulation, liar = play(5, two_faced=True, epoch=epoch)
    effects = [effect for node in simulation.nodes for effect in node.accused]
    journal = Journal(tmp_path / "journal.sqlite3")
    for effect in effects:
        evidence.keep(journal, evidence.equivocation_of(epoch, effect))
    kept = [evidence.decode_evidence(evidence.encode_evidence(item)) for item in evidence.in_journal(journal)]
    journal.close()
    assert {item.member for item in kept} == {liar.index}
    world.send(accuse(committee, epoch, kept[0].member, kept[0].first, kept[0].second), world.stranger)
    assert committee.functions.stakeOf(world.operators[liar.index]).call()[3]
