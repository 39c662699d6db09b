"""Committees in memory: the life of requests with real members, signatures and messages."""

from dataclasses import replace

import pytest
from protocol_scenarios import IDENTICAL, faults, no_slot, notes, one_slot, prices, simulate, two_slots, value

from executor.crypto.proofs import check_proof
from executor.errors import BadSignature
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Returned, TrapCode, Trapped
from executor.model.report import Scheme, Status
from executor.protocol.checks import Subject, check_certificate, check_transcript
from executor.protocol.delivering import root_of
from executor.protocol.settings import Settings
from executor.testing.simulated_committee import FUNCTION_ID, START_S, make_epoch

ROUND_S = 4.0


def test_the_simulation_starts_where_member_0_leads():
    """What the other tests assume about START_S."""
    epoch = make_epoch()
    assert epoch.leader(epoch.round_at(START_S)) == 0


@pytest.mark.parametrize(("run", "slots"), [(no_slot, 0), (one_slot, 1), (two_slots, 2)])
def test_four_members_finish_within_a_round(run, slots):
    """All up: well within one round, delivery included; every member can write the same receipt."""
    simulation, (key,) = simulate(run)
    assert simulation.now - START_S - 1.0 < 2.0
    assert faults(simulation) == []
    for node in simulation.nodes:
        attested = node.attested[key]
        assert attested.report.slots == len(attested.transcript) == slots
        assert attested.report.status is Status.RETURNED
        assert len(attested.votes) >= 3
        attestation, subject = attested.attestation, Subject(simulation.epoch, key, FUNCTION_ID)
        assert (
            len(check_proof(attestation.scheme, simulation.epoch, root_of(attestation.reports), attestation.proof)) >= 3
        )
        check_transcript(subject, attested.transcript)
        if slots:
            check_certificate(subject, attested.certificate)
    assert len(simulation.transmitted) == 1


@pytest.mark.parametrize("outcome", [Failed(b"no price", 9), Trapped(TrapCode.OUT_OF_FUEL, 100)])
def test_a_guests_fault_is_attested_like_any_outcome(outcome):
    """Failed and Trapped are data."""
    simulation, (key,) = simulate(lambda transcript: outcome)
    assert simulation.nodes[0].attested[key].report.fuel_used == outcome.fuel_used


@pytest.mark.parametrize("dead", [1, 2, 3])
def test_a_silent_member_costs_the_collect_delay(dead):
    """One of four down: the same round, 0.4 s later at most; people are told who was silent."""
    simulation, (key,) = simulate(two_slots, dead=(dead,))
    assert simulation.now - START_S - 1.0 < 2.5
    assert [note.details["members"] for note in notes(simulation, "silent")] == [[dead]]
    assert key in simulation.nodes[0].attested


def test_a_dead_leader_costs_its_round():
    """The next leader finishes with what the members send it."""
    simulation, _ = simulate(two_slots, dead=(0,))
    assert simulation.now - START_S < ROUND_S + 3.0


def test_a_liar_cannot_move_the_median_out_of_the_honest_range():
    """One price of 999999 among 100 to 103, whether it is in the set or not."""
    for leader in range(4):
        simulation, (key,) = simulate(
            look=lambda member, *_: value(b"999999" if member == 3 else b"10%d" % member), leader=leader
        )
        agreed = simulation.nodes[0].attested[key].transcript[0]
        assert 100 <= int(agreed.value) <= 102
        seen = [item for note in notes(simulation, "agreed") for item in note.details["observations"]]
        seen += [note.details for note in notes(simulation, "observed-late")]
        assert "0x" + b"999999".hex() in {item["value"] for item in seen}


def test_a_differing_vote_is_counted_for_itself_and_reported():
    """P4: one member computes something else: three votes attest, the fourth is told to the operators."""
    simulation, (key,) = simulate(broken={2: lambda transcript: Returned(b"wrong", 1) if transcript else one_slot(())})
    assert simulation.nodes[0].attested[key].payload != b"wrong"
    outvoted = notes(simulation, "outvoted")
    assert {note.details["member"] for note in outvoted} == {2}


def test_a_broken_leader_does_not_attest_what_it_cannot_show():
    """The leader itself computes something else: the next leader attests."""
    simulation, (key,) = simulate(broken={0: lambda transcript: Returned(b"wrong", 1) if transcript else one_slot(())})
    assert simulation.nodes[0].attested[key].payload != b"wrong"
    assert len(simulation.transmitted) >= 1


def test_errors_of_f_plus_1_members_are_agreed():
    """Case (b): their code when they name the same one."""
    look = lambda member, *_: Observation.error("timeout") if member in (1, 2) else value(b"7")  # noqa: E731
    simulation, (key,) = simulate(look=look)
    entry = simulation.nodes[0].attested[key].transcript[0]
    assert (entry.kind, entry.value) == (Kind.ERROR, b"timeout")


def test_a_mixed_set_is_agreed_after_f_plus_3_rounds():
    """Case (c): one silent, one failing for ever: no-agreement, but not before the slot was awaited 4 rounds."""
    look = lambda member, *_: Observation.error("timeout") if member == 1 else value(b"7")  # noqa: E731
    simulation, (key,) = simulate(look=look, dead=(3,))
    entry = simulation.nodes[0].attested[key].transcript[0]
    assert (entry.kind, entry.value) == (Kind.ERROR, b"no-agreement: median needs 3 values, had 2")
    assert simulation.now - START_S > 4 * ROUND_S


def test_a_default_replaces_the_agreed_error():
    """As an entry of its own kind."""
    spec = b'{"aggregate":"median","default":"0"}'
    run = lambda transcript: Returned(transcript[0].value, 1) if transcript else Awaiting(0, spec)  # noqa: E731
    simulation, (key,) = simulate(run, lambda *_: Observation.error("timeout"))
    entry = simulation.nodes[0].attested[key].transcript[0]
    assert (entry.kind, entry.value) == (Kind.DEFAULT, b"0")


def test_after_an_error_a_member_observes_again():
    """A source that fails once: the value supersedes the error, and three values are agreed."""
    asked = {}

    def look(member, transcript, slot):
        asked[member] = asked.get(member, 0) + 1
        return Observation.error("timeout") if member == 1 and asked[member] == 1 else value(b"7")

    simulation, (key,) = simulate(look=look, dead=(3,))
    assert simulation.nodes[0].attested[key].transcript[0].value == b"7"
    assert asked[1] == 2
    assert asked[0] == asked[2] == 1


def test_differing_values_under_identical_are_no_agreement():
    """An agreed error is an ordinary entry: the run goes on with it."""
    run = lambda transcript: Returned(transcript[0].value, 1) if transcript else Awaiting(0, IDENTICAL)  # noqa: E731
    simulation, (key,) = simulate(run, prices)
    assert simulation.nodes[0].attested[key].payload == b"no-agreement: identical needs 2 equal of 3, had 1"


def test_many_requests_are_attested_in_one_batch():
    """Step 7: twelve requests of one round under one root; with one member down as well."""
    for dead in ((), (3,)):
        simulation, keys = simulate(two_slots, requests=12, dead=dead)
        assert sum(len(transmit.attestation.reports) for transmit in simulation.transmitted) == len(keys)
        assert len(simulation.transmitted) <= 3
        assert simulation.now - START_S - 1.0 < 3.0
        assert faults(simulation) == []


def test_long_outputs_go_out_in_as_many_batches_as_transactions_hold():
    """One that none holds could never be delivered; whoever asks for long outputs would stop the others' requests."""
    for size in (30_000, 65_536):
        simulation, keys = simulate(lambda _, size=size: Returned(bytes(size), 1), requests=6)
        sizes = [sum(115 + len(payload) for payload in transmit.payloads) for transmit in simulation.transmitted]
        reports = [report for transmit in simulation.transmitted for report in transmit.attestation.reports]
        assert {report.request_id for report in reports} == set(keys)
        assert max(sizes) <= 120_000


def test_a_batch_without_a_quorum_falls_back_to_single_reports():
    """Members that vote but never sign roots: the reports go out one by one, each once."""
    drop_batch_votes = lambda sender, _, message: [] if message.type == "batch-vote" else [message]  # noqa: E731
    simulation, keys = simulate(one_slot, requests=3, tamper=drop_batch_votes)
    assert [len(transmit.attestation.reports) for transmit in simulation.transmitted] == [1] * len(keys)


def test_a_batch_that_is_open_when_the_round_ends_falls_back():
    """Every report in it has its quorum already: nothing waits for the next leader."""
    drop_batch_votes = lambda sender, _, message: [] if message.type == "batch-vote" else [message]  # noqa: E731
    simulation, _ = simulate(one_slot, requests=3, tamper=drop_batch_votes, settings=Settings(batch_patience_s=60))
    assert simulation.now - START_S < ROUND_S + 1.5


def test_a_bad_vote_over_a_batch_is_not_counted():
    """It would spoil the proof; the leader blames its sender and falls back."""

    def tamper(sender, recipient, message):
        if sender == 2 and message.type == "batch-vote":
            return [replace(message, vote=replace(message.vote, ecdsa=bytes(64)))]
        return [message]

    simulation, keys = simulate(one_slot, requests=3, tamper=tamper, dead=(3,))
    assert {type(fault) for fault in faults(simulation)} == {BadSignature}
    assert len(simulation.transmitted) == len(keys)


def test_a_delivery_nobody_sees_is_transmitted_again_by_others():
    """P5: the maker's transaction is lost; after the patience another leader transmits what it was sent."""
    simulation, _ = simulate(one_slot, lost_deliveries=1)
    assert len(simulation.transmitted) == 2
    assert simulation.now - START_S > 12


def test_seven_members_with_two_down():
    """n = 7, f = 2: the quorum is five."""
    simulation, (key,) = simulate(two_slots, n=7, dead=(2, 4))
    assert simulation.now - START_S - 1.0 < 2.5
    assert len(simulation.nodes[0].attested[key].certificate.prepares) == 5


def test_one_member_alone_is_a_committee():
    """n = 1, f = 0, q = 1: for development."""
    simulation, (key,) = simulate(two_slots, n=1)
    assert simulation.nodes[0].attested[key].report.slots == 2


def test_an_epoch_with_a_bls_verifier_is_attested_with_bls():
    """Votes carry both signatures; the proof is one aggregate."""
    simulation, (key,) = simulate(two_slots, schemes=(Scheme.BLS, Scheme.ECDSA), dead=(3,))
    attested = simulation.nodes[1].attested[key]
    assert attested.attestation.scheme is Scheme.BLS
    assert len(attested.attestation.proof) == 16 + 128
    assert all(len(vote.bls) == 48 for vote in attested.votes)


def test_very_large_observations_still_fit_into_messages():
    """Sets that a certificate covers are left out of messages when they are large; receipts still have them."""
    run = lambda transcript: (  # noqa: E731
        Awaiting(len(transcript), IDENTICAL) if len(transcript) < 14 else Returned(b"done", 1)
    )
    simulation, (key,) = simulate(run, lambda *_: value(b"x" * 32_768))
    for node in simulation.nodes:
        assert all(len(entry.observations) == 3 for entry in node.attested[key].transcript)
