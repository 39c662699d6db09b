"""How much a member may hold, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from executor.model.draw import MAX_DRAWS
from executor.protocol.attesting import MAX_REPORTS
from executor.protocol.conflicts import MAX_BALLOTS
from executor.protocol.inbox import MAX_AHEAD, MAX_EARLY, MAX_EARLY_BYTES
from executor.protocol.lifecycle import MAX_OUTCOMES, Life
from executor.protocol.shape import MAX_STATUS_ITEMS
from executor.protocol.turn import MAX_CERTIFICATES, MAX_TRANSCRIPTS
from executor.testing.simulator.bounds import MAX_RECORD_BYTES

if TYPE_CHECKING:
    from executor.testing.simulated_engine import Node
    from executor.testing.simulator.simulator import Simulator


def beyond_limits(run: Simulator, node: Node) -> Iterator[str]:
    """What an honest member holds too much of."""
    if node.index in run.faults:
        return
    member, n = node.member, run.epoch.n
    rounds = int((run.now - run.start_s) // run.epoch.round_length_s) + 8
    if len(member._lives) > len(run.requests):
        yield f"member {node.index}: {len(member._lives)} requests, {len(run.requests)} were seen"
    for inbox, most in ((member._inbox, MAX_EARLY), (member._desk.ahead, MAX_AHEAD)):
        for sender, queue in enumerate(inbox._queues):
            if len(queue) > most or sum(early.size_bytes for early in queue) > MAX_EARLY_BYTES:
                yield f"member {node.index}: {len(queue)} early messages of member {sender}"
    for life in member._lives.values():
        for what, held, most in _held(life, n, rounds):
            if held > most:
                yield f"member {node.index}: {held} {what}, at most {most}"
    for request, record in node.journal.items():
        if len(record) > MAX_RECORD_BYTES:
            yield f"member {node.index}: a record of {len(record)} bytes for {request.hex()[:8]}"


def _held(life: Life, n: int, rounds: int) -> Iterator[tuple[str, int, int]]:
    turn, entered = life.turn, 4 * rounds  # views in which a request of three slots can be prepared or locked
    yield "certificates", len(turn.certificates), MAX_CERTIFICATES
    yield "transcripts with observations", len(turn.observations), MAX_TRANSCRIPTS
    yield "observations of a slot", max((len(seen) for seen in turn.observations.values()), default=0), n
    yield "unchecked observations", sum(len(items) for items in turn.unchecked.values()), n * MAX_STATUS_ITEMS
    yield "Prepares", len(turn.prepares), n
    yield "members heard", len(turn.heard), n
    yield "outcomes", len(life.outcomes), MAX_OUTCOMES + 2
    yield "waits", len(life.awaited_since), MAX_OUTCOMES + 2
    yield "questions", len(life.asked), 2 * (MAX_OUTCOMES + 2)
    yield "votes", sum(len(tally.votes) for tally in life.count.tallies.values()), n * MAX_REPORTS
    yield "ballots", sum(len(kept) for kept in life.ballots.kept.values()), n * MAX_BALLOTS
    yield "reports", len(life.count.reports), n * MAX_REPORTS
    yield "own observations", len(life.own), entered
    yield "proofs", len(life.drawing.proofs), MAX_DRAWS
    yield "statements", len(life.drawing.statements), n
    yield "parts", len(life.drawing.parts), n
    yield "answered", len(life.drawing.answered), n
    yield "asked for a release", len(life.drawing.asking), n
    yield "prepared paths", len(life.promises.prepared), entered
