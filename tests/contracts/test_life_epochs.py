"""Epochs that change while requests are in flight, and members that are slashed for what they signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_typing import ChecksumAddress
from web3.contract import Contract

from executor.crypto import secp256k1
from executor.crypto.digests import keccak256
from executor.model.committee import EpochIdentity
from executor.model.report import Report
from executor.protocol.evidence import SignedReport, find_evidence, is_evidence, signed_reports
from executor.protocol.statements import ReportsStatement, statement_digest

from .world import DELAY_S, ECDSA, QUORUM, STAKE_WEI, World, answer, deployment

EXPIRED, OTHER_EPOCH = 1, 2  # IRouter.SkipReason
NEXT = (0, 1, 2)  # the signers of an epoch of three


def begin_epoch(world: World, operators: list[ChecksumAddress]) -> Any:
    """The receipt of the next epoch's start, which needs its delay and nobody's leave."""
    functions = world.committee.functions
    arguments = (operators, b"\2" * 32, 4, functions.epochInfo(1).call()[6])
    world.send(functions.proposeEpoch(*arguments), world.owner)
    world.later(DELAY_S - 60)
    assert world.refusal(functions.startEpoch(*arguments), world.stranger) == "EpochNotReady"
    world.later(60)
    return world.send(functions.startEpoch(*arguments), world.stranger)


@pytest.fixture
def consumer(world: World) -> Contract:
    """A consumer, whose requests live longer than a change of the committee takes."""
    world.send(world.router.functions.setLimits(4 * DELAY_S, 300_000, 16_384), world.owner)
    return world.deploy("Scripted")


def test_requests_finish_under_the_epoch_they_began_in(world: World, consumer: Contract) -> None:
    """The new committee cannot answer for the old, nor the old one for the new, nor anyone after the deadline."""
    router, subscription = world.router.functions, world.subscribe(consumer)
    finished, usurped, overdue = world.ask(consumer, subscription, 3)
    begin_epoch(world, world.operators[:3])
    (new,) = world.ask(consumer, subscription)
    assert [router.pending(each).call()[2] for each in (usurped, new)] == [1, 2]

    by_new = world.deliver([usurped, new], epoch=2, signers=NEXT)
    assert (world.delivered(by_new), world.skipped(by_new)) == ([new], [(usurped, OTHER_EPOCH)])
    (other,) = world.ask(consumer, subscription)
    by_old = world.deliver([finished, other], epoch=1)
    assert (world.delivered(by_old), world.skipped(by_old)) == ([finished], [(other, OTHER_EPOCH)])

    _, _, packed, proof = world.attest([answer(other)], signers=NEXT, epoch=1)
    assert world.refusal(router.fulfill(2, ECDSA, packed, proof), world.transmitter) == "BadSignature"
    assert world.refusal(router.fulfill(3, ECDSA, packed, proof), world.transmitter) == "UnknownVerifier"
    world.later(4 * DELAY_S)
    late = world.deliver([overdue], epoch=1)
    assert (world.delivered(late), world.skipped(late)) == ([], [(overdue, EXPIRED)])
    for request in (overdue, usurped, other):
        world.send(router.expire(request), world.stranger)
    assert world.subscription(subscription)[1] == 0
    world.check_books()


def identity(world: World, epoch: int = 1) -> EpochIdentity:
    """What votes are bound to."""
    router, committee = deployment.raw(world.router.address), deployment.raw(world.committee.address)
    return EpochIdentity(world.w3.eth.chain_id, router, committee, epoch)


def from_delivery(world: World, receipt: Any, reports: list[Report], member: int) -> list[SignedReport]:
    """A member's votes, from the calldata of a delivery and the reports in it."""
    sent = world.w3.eth.get_transaction(receipt["transactionHash"])["input"]
    proof = world.router.decode_function_input(sent)[1]["proof"]
    place = (int.from_bytes(proof[:16], "big") & (1 << member) - 1).bit_count()
    return signed_reports(reports, proof[16 + 64 * place : 80 + 64 * place])


def as_abi(vote: SignedReport) -> tuple[Any, ...]:
    """A vote as `proveEquivocation` takes it."""
    report = tuple(getattr(vote.report, name) for name in Report.__slots__)
    return report, list(vote.path), vote.signature


def prove(world: World, member: int, *votes: SignedReport, epoch: int = 1) -> Any:
    """The call that accuses a member."""
    arguments = (world.router.address, epoch, member, [as_abi(vote) for vote in votes])
    return world.committee.functions.proveEquivocation(*arguments)


def test_a_member_that_signs_two_outcomes_is_slashed_by_anyone_and_dropped(world: World, consumer: Contract) -> None:
    """By one vote from a batch that was delivered, and one over a single report that nobody delivered."""
    subscription = world.subscribe(consumer)
    ids = world.ask(consumer, subscription, 3)
    reports = [answer(each)[0] for each in ids]
    receipt = world.deliver(ids)
    votes = {member: from_delivery(world, receipt, reports, member) for member in QUORUM}

    lie = replace(reports[1], output_hash=keccak256(b"a lie"), round=reports[1].round + 1)
    statement = ReportsStatement(identity(world), (lie,))
    signature = secp256k1.sign(deployment.keys_of(3).signer, statement_digest(statement))
    votes[3] += signed_reports([lie], signature)
    found = {member: find_evidence(each) for member, each in votes.items()}
    assert found[0] is found[1] is None
    assert found[3] == (votes[3][1], votes[3][3])
    signer = secp256k1.address_of(deployment.keys_of(3).signer)
    assert is_evidence(identity(world), signer, *found[3])

    stranger, operator = world.stranger, world.operators[3]
    for innocent in (0, 1, 2):
        assert world.refusal(prove(world, innocent, *found[3]), stranger) == "BadVote"
    before = world.balance(stranger)
    receipt = world.send(prove(world, 3, *found[3]), stranger)
    fee = receipt["gasUsed"] * receipt["effectiveGasPrice"]
    assert world.balance(stranger) == before - fee + STAKE_WEI // 10
    assert world.committee.functions.stakeOf(operator).call() == (0, 0, 1, True)
    assert world.balance(world.committee.address) == 3 * STAKE_WEI + world.committee.functions.slashedFunds().call()
    assert world.refusal(prove(world, 3, *found[3]), stranger) == "AlreadySlashed"

    (request,) = world.ask(consumer, subscription)
    assert world.delivered(world.deliver([request])) == [request]  # the epoch in progress bears one such member
    begin_epoch(world, world.operators)
    assert world.committee.functions.epochInfo(2).call()[7] == world.operators[:3]
    (request,) = world.ask(consumer, subscription)
    assert world.delivered(world.deliver([request], epoch=2, signers=NEXT)) == [request]


def test_no_two_votes_of_honest_members_are_evidence(world: World, consumer: Contract) -> None:
    """Over other requests and transcripts, in batches, in a later round: the contract refuses every pair."""
    subscription = world.subscribe(consumer)
    ids = world.ask(consumer, subscription, 2)
    first, second = [answer(each)[0] for each in ids]
    later = replace(first, round=first.round + 4)
    moved = replace(first, transcript_hash=keccak256(b"another"), output_hash=keccak256(b"another"))
    batches = [[first], [first, second], [later], [moved, second, later]]
    key = deployment.keys_of(0).signer
    votes = [
        vote
        for batch in batches
        for vote in signed_reports(
            batch, secp256k1.sign(key, statement_digest(ReportsStatement(identity(world), tuple(batch))))
        )
    ]
    assert find_evidence(votes) is None
    for a in votes:
        for b in votes:
            assert world.refusal(prove(world, 0, a, b), world.stranger) == "NoEquivocation"
