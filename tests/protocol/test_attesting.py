"""Counting votes per report (P4), and what a journal record holds."""

from dataclasses import replace

import pytest
from protocol_scenarios import vote

from executor.crypto.digests import make_report, request_id, transcript_hash
from executor.errors import InvalidValue
from executor.model.outcome import Returned
from executor.model.report import Scheme
from executor.model.view import View
from executor.protocol.attesting import MAX_REPORTS, Count, Tally, winner
from executor.protocol.batching import Batcher, OpenBatch
from executor.protocol.checks import Subject
from executor.protocol.delivering import root_of
from executor.protocol.desk import Desk
from executor.protocol.lifecycle import TRANSITIONS, Event, Life, Phase
from executor.protocol.member import Member
from executor.protocol.record import decode_record
from executor.protocol.settings import Settings
from executor.testing.simulated_committee import FUNCTION_ID, make_epoch, make_request

EPOCH = make_epoch()
REQUEST = request_id(make_request())
DESK = Desk(EPOCH, 0, Settings())


def report(output, round=0):
    return make_report(REQUEST, FUNCTION_ID, transcript_hash(()), Returned(output, 1), View(round, 0))


def test_each_report_is_counted_for_itself():
    """A wrong vote that came first blocks nothing; a member that signs both counts for both."""
    count, right, wrong = Count(), report(b"right"), report(b"wrong")
    for member, chosen in ((0, wrong), (1, right), (0, right)):
        count.add(chosen, vote(EPOCH, member, chosen))
        assert winner(DESK, count) is None
    count.add(right, vote(EPOCH, 2, right))
    assert winner(DESK, count) == right
    assert [item.member for item in count.of(right)] == [0, 1, 2]
    assert [item.member for item in count.of(wrong)] == [0]


def test_a_repeated_vote_counts_once():
    """Quorums are of distinct members."""
    count, right = Count(), report(b"right")
    for _ in range(5):
        count.add(right, vote(EPOCH, 1, right))
    assert winner(DESK, count) is None


def test_the_same_outcome_in_another_view_is_another_count():
    """Rule 3 of lock.py: votes name the view they were made under, and do not add up across views."""
    count = Count()
    for member, round in ((0, 7), (1, 8), (2, 8)):
        count.add(report(b"x", round), vote(EPOCH, member, report(b"x", round)))
    assert winner(DESK, count) is None
    assert count.latest()[0].round == 7


def test_a_flood_of_reports_keeps_the_latest_few():
    """Bounded memory: an equivocator pushes out its own votes only."""
    count, honest = Count(), report(b"honest")
    count.add(honest, vote(EPOCH, 1, honest))
    for number in range(20):
        count.add(report(b"%d" % number), replace(vote(EPOCH, 1, honest), member=0))
    assert len(count.reports) == MAX_REPORTS + 1
    assert count.of(honest)[0].member == 1
    assert count.latest()[0] == report(b"19")


def test_phases_move_by_the_table_only():
    """Every phase can end; nothing leaves CLOSED; ATTESTED never goes back to agreement."""
    life = Life(Subject(EPOCH, REQUEST, FUNCTION_ID))
    life.move(Event.AWAITED)
    with pytest.raises(InvalidValue, match="ENDED in phase AWAITING"):
        life.move(Event.ENDED)
    assert all((phase, Event.CLOSING) in TRANSITIONS for phase in Phase if phase is not Phase.CLOSED)
    assert not any(phase is Phase.CLOSED for phase, _ in TRANSITIONS)
    assert {event for phase, event in TRANSITIONS if phase is Phase.ATTESTED} == {Event.CLOSING}


def test_a_fresh_record_round_trips():
    """Nothing promised, nothing seen."""
    life = Life(Subject(EPOCH, REQUEST, FUNCTION_ID))
    record = decode_record(life.record())
    assert (record.request_id, record.function_id, record.lock, record.prepared) == (REQUEST, FUNCTION_ID, None, ())


def test_a_batcher_forgets_at_the_end_of_a_round():
    """An open batch would otherwise hold up those of this member's next turn."""
    reports = (report(b"x"), report(b"y"))
    batch = OpenBatch(reports, 2.0, tally=Tally({0: vote(EPOCH, 0, *reports)}))
    batcher = Batcher({REQUEST: report(b"x")}, 1.0, {root_of(reports): batch}, {1}, 5)
    assert batcher.deadline() == 2.0
    batcher.clear()
    assert batcher == Batcher()
    assert batcher.deadline() is None


def test_a_scheme_nobody_verifies_is_refused_at_the_start():
    """An attestation that no contract of the epoch accepts could never be delivered."""
    with pytest.raises(InvalidValue, match="bls"):
        Member(EPOCH, 0, Settings(scheme=Scheme.BLS))
