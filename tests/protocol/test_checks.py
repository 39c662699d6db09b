"""What others show is verified: certificates, observation sets, and the sets that ride with certificates."""

from dataclasses import replace

import pytest
from protocol_scenarios import IDENTICAL, MEDIAN, certificate, entry, prepare, signed, value

from executor.crypto.digests import request_id
from executor.errors import BadSignature, NotAMember, RuleBroken
from executor.model.observation import Kind, Observation
from executor.model.view import View
from executor.protocol.checks import (
    MAX_SLOTS,
    Subject,
    check_certificate,
    check_entry,
    check_transcript,
    consent_of,
    only_checked_sets,
)
from executor.protocol.strategies import Case
from executor.testing.simulated_committee import FUNCTION_ID, make_epoch, make_request

EPOCH = make_epoch()
REQUEST = request_id(make_request())
SUBJECT = Subject(EPOCH, REQUEST, FUNCTION_ID)
FIRST = entry(EPOCH, REQUEST, (), {member: value(b"10%d" % member) for member in (0, 1, 3)})
SECOND = entry(EPOCH, REQUEST, (FIRST,), {member: value(b"n") for member in (0, 1, 2)}, IDENTICAL)
GOOD = certificate(EPOCH, REQUEST, (FIRST,), 9)


def test_a_quorum_of_prepares_is_a_certificate():
    """Three of four, or all four."""
    check_certificate(SUBJECT, GOOD)
    check_certificate(SUBJECT, certificate(EPOCH, REQUEST, (FIRST, SECOND), 9, (0, 1, 2, 3)))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (replace(GOOD, prepares=GOOD.prepares[:2]), RuleBroken),
        (replace(GOOD, prepares=(*GOOD.prepares[:2], GOOD.prepares[1])), RuleBroken),
        (replace(GOOD, prepares=GOOD.prepares[::-1]), RuleBroken),
        (replace(GOOD, view=View(10, 1)), RuleBroken),
        (replace(GOOD, view=View(9, 2)), RuleBroken),
        (replace(GOOD, transcript=(replace(FIRST, value=b"999"),)), RuleBroken),
        (replace(GOOD, transcript=()), RuleBroken),
        (replace(GOOD, prepares=(*GOOD.prepares[:2], prepare(EPOCH, REQUEST, 3, (FIRST,), View(8, 1)))), RuleBroken),
        (replace(GOOD, prepares=(*GOOD.prepares[:2], replace(GOOD.prepares[2], signature=bytes(64)))), BadSignature),
        (replace(GOOD, prepares=(*GOOD.prepares[:2], replace(GOOD.prepares[2], member=3))), BadSignature),
        (replace(GOOD, prepares=(*GOOD.prepares[:2], replace(GOOD.prepares[2], member=4))), NotAMember),
    ],
)
def test_anything_less_is_none(bad, error):
    """Too few, twice the same, another view, another transcript, a bad signature, a non-member."""
    with pytest.raises(error):
        check_certificate(SUBJECT, bad)


def test_a_certificate_is_bound_to_request_and_epoch():
    """P3: the same Prepares mean nothing elsewhere."""
    for subject in (
        replace(SUBJECT, request_id=request_id(make_request(1))),
        replace(SUBJECT, epoch=replace(EPOCH, number=2)),
    ):
        with pytest.raises(BadSignature):
            check_certificate(subject, GOOD)


def test_endless_transcripts_are_refused_before_hashing():
    """Bounded work for a hostile certificate."""
    with pytest.raises(RuleBroken):
        consent_of(replace(GOOD, transcript=(FIRST,) * (MAX_SLOTS + 1)))


def test_an_entry_rests_on_its_observation_set():
    """Each case, from real signatures."""
    assert check_entry(SUBJECT, (), FIRST) is Case.VALUES
    failing = {member: Observation.error("timeout") for member in (1, 2)}
    assert check_entry(SUBJECT, (), entry(EPOCH, REQUEST, (), failing)) is Case.ERRORS
    mixed = {0: value(b"1"), 1: Observation.error("timeout"), 2: value(b"2")}
    assert check_entry(SUBJECT, (), entry(EPOCH, REQUEST, (), mixed)) is Case.MIXED
    check_transcript(SUBJECT, (FIRST, SECOND))


def _swap(position, item):
    observations = list(FIRST.observations)
    observations[position] = item
    return replace(FIRST, observations=tuple(observations))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (replace(FIRST, value=b"100"), RuleBroken),
        (replace(FIRST, kind=Kind.DEFAULT), RuleBroken),
        (replace(FIRST, spec=IDENTICAL), BadSignature),
        (replace(FIRST, spec=b'{"aggregate":"mean"}'), BadSignature),
        (replace(FIRST, observations=()), RuleBroken),
        (replace(FIRST, observations=FIRST.observations[:2]), RuleBroken),
        (replace(FIRST, observations=FIRST.observations[::-1]), RuleBroken),
        (_swap(1, FIRST.observations[0]), RuleBroken),
        (_swap(1, replace(FIRST.observations[1], observation=value(b"102"))), BadSignature),
        (_swap(2, replace(FIRST.observations[2], member=2)), BadSignature),
        (_swap(2, replace(FIRST.observations[2], member=7)), NotAMember),
        (_swap(1, signed(EPOCH, REQUEST, 1, (), 1, MEDIAN, value(b"101"))), BadSignature),
        (_swap(1, signed(EPOCH, REQUEST, 1, (FIRST,), 0, MEDIAN, value(b"101"))), BadSignature),
        (_swap(1, signed(EPOCH, REQUEST, 1, (), 0, MEDIAN, value(b"cheap"))), RuleBroken),
    ],
)
def test_an_edited_entry_is_refused(bad, error):
    """Another value, kind, spec, member, slot, transcript so far; a short set; a value that is no decimal."""
    with pytest.raises(error):
        check_entry(SUBJECT, (), bad)


def test_sets_that_do_not_verify_are_dropped_and_known_ones_kept():
    """The set is in no hash, so a leader could attach anything: receipts must never carry it."""
    stripped = replace(FIRST, observations=())
    forged = _swap(1, replace(FIRST.observations[1], signature=bytes(64)))
    assert only_checked_sets(SUBJECT, (), (FIRST,))[0].observations == FIRST.observations
    assert only_checked_sets(SUBJECT, (), (forged,))[0].observations == ()
    assert only_checked_sets(SUBJECT, ((FIRST,),), (forged,))[0].observations == FIRST.observations
    assert only_checked_sets(SUBJECT, ((stripped,), (FIRST,)), (stripped, SECOND)) == (FIRST, SECOND)
