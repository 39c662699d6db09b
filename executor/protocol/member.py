"""One member of a committee: the facade over the protocol's machines, without I/O.

Rule 1. Every input returns effects; the driver carries them out in order, and a Save is durable before the next one.
Rule 2. Time is an argument. It moves rounds on, and nothing that safety rests on.
Rule 3. `received` raises PeerFault for a message that breaks a rule, and the message then changed nothing (P4). Effects
        that were due besides it come with the next input, for which `deadline` asks at once.
Rule 4. Messages from the next round's leader, and about requests not seen yet, are kept (bounded) and read in time.
Rule 5. A record that exists is restored, never replaced: `restore` comes before `seen` for the same request.

Theory of operation: lifecycle.py holds what is known of a request; agreement.py says what this member says, leading.py
what it does in its turn, batching.py and delivering.py what becomes of votes. Messages to all, and to the leader while
that is this member, come back here and are treated like anybody's: there is one path for every message.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping

from executor.crypto.digests import request_id
from executor.crypto.suite import REAL, Suite
from executor.errors import InvalidValue, NotAMember, PeerFault, RuleBroken
from executor.model.committee import Epoch
from executor.model.draw import CommitteeDraw, Draw
from executor.model.draw_key import DrawKey
from executor.model.ids import FunctionId, RequestId, TranscriptHash
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.protocol import agreement, attesting, batching, delivering, drawing, draws, leading
from executor.protocol.checks import Subject
from executor.protocol.describing import RequestView, describe, note_stalled
from executor.protocol.desk import Desk
from executor.protocol.effects import ALL, Effect, Send
from executor.protocol.inbox import Inbox
from executor.protocol.lifecycle import Event, Life, Phase, restore_life
from executor.protocol.messages import (
    AttestationMessage,
    BatchProposal,
    BatchVote,
    CertificateMessage,
    CounterMessage,
    DrawNews,
    DrawStatus,
    Message,
    PrepareMessage,
    Proposal,
    ReportVote,
    Status,
    VoteMessage,
    request_ids,
)
from executor.protocol.record import decode_record
from executor.protocol.settings import Settings
from executor.protocol.shape import check_shape
from executor.protocol.statements import (
    DrawStatement,
    ObservationStatement,
    PrepareStatement,
    ReportsStatement,
    Signatures,
    Statement,
)

MAX_CLOSED = 4096  # request ids whose late messages are dropped unread


class Member:
    """The state machine of member `index` of an epoch, for all its requests."""

    def __init__(
        self,
        epoch: Epoch,
        index: int,
        settings: Settings | None = None,
        *,
        suite: Suite = REAL,
        draw_key: DrawKey | None = None,
    ) -> None:
        if not 0 <= index < epoch.n:
            raise InvalidValue(f"the epoch has no member {index}")
        if settings is not None and settings.scheme not in (None, *delivering.schemes(epoch)):
            raise InvalidValue(f"no verifier of the epoch accepts {settings.scheme} attestations")
        self.epoch = epoch
        self.index = index
        self._desk = Desk(epoch, index, settings or Settings(), suite)
        self._desk.draw_key = draw_key
        self._lives: dict[RequestId, Life] = {}
        self._closed: OrderedDict[RequestId, None] = OrderedDict()
        self._inbox = Inbox(epoch.n)
        self._batcher = batching.Batcher()

    # What the node tells about requests.

    def seen(self, request: Request, now: float) -> list[Effect]:
        """The request stands on chain as deep as its function asks, and the node can run it."""
        self._advance(now)
        key = request_id(request)
        if key not in self._lives and key not in self._closed:
            life = Life(self._subject(key, request.function_id), pushed=request.origin is not None)
            life.callback_gas = request.callback_gas_limit
            self._open(life)
        return self._settle()

    def restore(
        self, request: RequestId, record: bytes, now: float, *, pushed: bool = False, callback_gas: int = 0
    ) -> list[Effect]:
        """Take up a request from its journal record, also one closed before (a reorganised chain brought it back).

        `pushed` says that a trigger made it, `callback_gas` what its consumer or receiver may burn.

        Raises InvalidEncoding, or InvalidValue for the record of another request.
        """
        self._advance(now)
        saved = decode_record(record)
        if saved.request_id != request:
            raise InvalidValue(f"the record is of request {saved.request_id}, not {request}")
        if request not in self._lives:
            self._closed.pop(request, None)
            life = restore_life(self._subject(request, saved.function_id), saved)
            life.attested_at, life.pushed, life.callback_gas = self._desk.now, pushed, callback_gas
            if life.attestation is not None:
                life.phase = Phase.ATTESTED
            self._open(life)
        return self._settle()

    def executed(self, request: RequestId, transcript: TranscriptHash, outcome: Outcome, now: float) -> list[Effect]:
        """Execution over this transcript ended."""
        self._advance(now)
        self._own(request, lambda life: agreement.executed(self._desk, life, transcript, outcome))
        return self._settle()

    def observed(
        self, request: RequestId, so_far: TranscriptHash, slot: int, observation: Observation, now: float
    ) -> list[Effect]:
        """This node's observation for the slot after the transcript `so_far`."""
        self._advance(now)
        self._own(request, lambda life: agreement.observed(self._desk, life, so_far, slot, observation))
        return self._settle()

    def drawn(self, request: RequestId, draw: Draw, proof: bytes, now: float) -> list[Effect]:
        """A draw's proof was obtained; one that does not verify changes nothing."""
        self._advance(now)
        self._own(request, lambda life: agreement.drawn(self._desk, life, draw, proof))
        return self._settle()

    def draw_key(self, key: DrawKey, now: float) -> list[Effect]:
        """The epoch's members made their key: requests that wait for it go on. Raises InvalidValue for a second one."""
        self._advance(now)
        if self._desk.draw_key not in (None, key) or len(key.shares) != self.epoch.n:
            raise InvalidValue("an epoch has one draw key, with a share of each member")
        self._desk.draw_key = key
        for life in list(self._lives.values()):
            self._progress(life)
        return self._settle()

    def delivered(self, request: RequestId, now: float) -> list[Effect]:
        """The delivery stands on chain, finally: the request is forgotten."""
        return self._close(request, now)

    def expired(self, request: RequestId, now: float) -> list[Effect]:
        """The contract's timeout passed: delivery would revert."""
        return self._close(request, now)

    # The signer, the network, the clock.

    def signed(self, statement: Statement, signatures: Signatures, now: float) -> list[Effect]:
        """The signer's answer to a Sign effect."""
        self._advance(now)
        desk = self._desk
        match statement:
            case ObservationStatement():
                observation = statement
                self._own(
                    statement.request_id,
                    lambda life: agreement.observation_signed(desk, life, observation, signatures),
                )
            case PrepareStatement():
                prepare = statement
                self._own(statement.request_id, lambda life: agreement.prepare_signed(desk, life, prepare, signatures))
            case DrawStatement():
                settled = statement
                self._own(statement.request_id, lambda life: drawing.statement_signed(desk, life, settled, signatures))
            case ReportsStatement(reports=(report,)):
                vote = statement
                self._own(report.request_id, lambda life: agreement.report_signed(desk, life, vote, signatures))
            case ReportsStatement():
                batching.batch_signed(desk, self._lives, statement, signatures)
        return self._settle()

    def part_signed(self, draw: CommitteeDraw, part: bytes, now: float) -> list[Effect]:
        """The signer's answer to a SignPart effect."""
        self._advance(now)
        self._own(draw.request, lambda life: drawing.part_signed(self._desk, life, draw, part))
        return self._settle()

    def received(self, sender: int, message: Message, now: float) -> list[Effect]:
        """A message whose envelope `sender` signed. Raises PeerFault when it breaks a rule (Rule 3)."""
        self._advance(now)
        if not 0 <= sender < self.epoch.n or sender == self.index:
            raise NotAMember(f"a message from member {sender}", sender)
        try:
            check_shape(self.epoch, message)
            self._read(sender, message)
        except PeerFault as fault:
            raise type(fault)(str(fault), sender) from fault  # whoever is named inside, the sender is to blame
        return self._settle()

    def tick(self, now: float) -> list[Effect]:
        """Time passed; call no later than `deadline`."""
        self._advance(now)
        batching.tick(self._desk, self._batcher, self._lives)
        for life in list(self._lives.values()):
            draws.ask(self._desk, life)
            self._progress(life)
        return self._settle()

    def deadline(self) -> float:
        """When `tick` must be called next."""
        if self._desk.pending:
            return self._desk.now
        times = [self._desk.schedule.next_round_at, self._batcher.deadline()]
        for life in self._lives.values():
            times += [leading.collect_deadline(self._desk, life), draws.due(self._desk, life)]
        return min(time for time in times if time is not None)

    # For people.

    def describe(self, request: RequestId) -> RequestView | None:
        """What this member knows about a request, side by side; None for one it does not hold. Pure."""
        life = self._lives.get(request)
        return None if life is None else describe(self._desk, life)

    def requests(self) -> Mapping[str, int]:
        """How many requests are in each phase."""
        counts = Counter(life.phase for life in self._lives.values())
        return {phase.name.lower(): counts[phase] for phase in Phase if phase is not Phase.CLOSED}

    # Inside.

    def _subject(self, request: RequestId, function: FunctionId) -> Subject:
        return Subject(self.epoch, request, function, self._desk.suite)

    def _open(self, life: Life) -> None:
        request = life.subject.request_id
        self._lives[request] = life
        life.note_progress(self._desk.round)
        if life.phase is Phase.ATTESTED:
            delivering.tell(self._desk, life)
        else:
            agreement.send_status(self._desk, life)
            agreement.resume(self._desk, life)
        for sender, message in self._inbox.claim(request):
            self._read_or_note(sender, message)
        self._progress(life)

    def _close(self, request: RequestId, now: float) -> list[Effect]:
        self._advance(now)
        life = self._lives.pop(request, None)
        if life is not None:
            life.move(Event.CLOSING)
        self._inbox.claim(request)
        self._closed[request] = None
        if len(self._closed) > MAX_CLOSED:
            self._closed.popitem(last=False)
        return self._settle()

    def _advance(self, now: float) -> None:
        if not self._desk.schedule.advance(now):
            return
        desk = self._desk
        self._batcher.clear()
        for life in list(self._lives.values()):
            if life.active:
                life.attesting = False
                note_stalled(desk, life)
                agreement.enter_round(desk, life)
            else:
                delivering.enter_round(desk, life)
            self._progress(life)
        for sender, message in desk.ahead.drain():
            self._read_or_note(sender, message)

    def _own(self, request: RequestId, act: Callable[[Life], None]) -> None:
        """Apply an answer of this node; a held proposal that turns out wrong is noted, not raised."""
        life = self._lives.get(request)
        if life is None:
            return
        try:
            act(life)
        except PeerFault as fault:
            self._desk.emit(leading.fault_note(life, fault, self._desk.leader))
        self._progress(life)

    def _progress(self, life: Life) -> None:
        """Whatever the last input made possible: an attestation, else a proposal."""
        if not life.active:
            return
        report = attesting.candidate(self._desk, life.count)
        if report is not None:
            batching.at_quorum(self._desk, self._batcher, self._lives, life, report)
        leading.drive(self._desk, life)
        agreement.draw_on(self._desk, life)

    def _read_or_note(self, sender: int, message: Message) -> None:
        try:
            self._read(sender, message)
        except PeerFault as fault:
            requests = request_ids(message)
            life = self._lives.get(requests[0]) if requests else None
            self._desk.emit(leading.fault_note(life, fault, sender))

    def _read(self, sender: int, message: Message) -> None:
        desk = self._desk
        match message:
            case BatchProposal():
                batching.batch_proposed(desk, self._batcher, self._lives, sender, message)
            case BatchVote():
                batching.batch_voted(desk, self._batcher, self._lives, sender, message)
            case AttestationMessage():
                self._read_attestation(sender, message)
            case CounterMessage():
                pass  # about no request: counters.py
            case _:
                request = request_ids(message)[0]
                life = self._lives.get(request)
                if life is None:
                    if request not in self._closed:
                        self._inbox.keep(sender, message)
                elif life.active:
                    self._read_about(life, sender, message)
                    self._progress(life)
                else:
                    self._read_after(life, sender, message)

    def _read_about(
        self,
        life: Life,
        sender: int,
        message: Status | Proposal | PrepareMessage | CertificateMessage | VoteMessage | DrawStatus | DrawNews,
    ) -> None:
        match message:
            case Status():
                leading.status_received(self._desk, life, sender, message)
            case Proposal():
                agreement.proposed(self._desk, life, sender, message)
            case PrepareMessage():
                leading.prepare_received(self._desk, life, sender, message)
            case CertificateMessage():
                agreement.certified(self._desk, life, sender, message)
            case VoteMessage(report, vote):
                self._count(life, sender, ReportVote(report, vote))
            case DrawStatus():
                drawing.status_received(self._desk, life, sender, message)
            case DrawNews():
                drawing.news_received(self._desk, life, sender, message)

    def _read_after(self, life: Life, sender: int, message: Message) -> None:
        """Agreement is over here: who still works on it gets the attestation; late votes are counted for people."""
        match message:
            case Status() | DrawStatus() | DrawNews():
                delivering.answer(self._desk, life, sender)
            case VoteMessage(report, vote):
                self._count(life, sender, ReportVote(report, vote))
                delivering.note_votes(self._desk, life, [sender])
            case _:
                pass

    def _count(self, life: Life, sender: int, item: ReportVote) -> None:
        checked = leading.check_report_vote(self._desk, life, sender, item)
        leading.count_vote(self._desk, life, item, checked=checked)

    def _read_attestation(self, sender: int, message: AttestationMessage) -> None:
        requests = request_ids(message)
        lives = [(place, self._lives[key]) for place, key in enumerate(requests) if key in self._lives]
        if not lives:
            if any(key not in self._closed for key in requests):
                self._inbox.keep(sender, message)
            return
        for place, life in lives:
            if not life.active:
                delivering.complete(self._desk, life, place, sender, message)
        if not any(life.active for _, life in lives):
            return
        votes = message.votes
        if sender != self.index:  # its own is made of checked votes
            proven = delivering.check_attestation(self._desk, sender, message)
            votes = delivering.good_votes(self._desk, message, proven)
        for place, life in lives:
            if life.subject.function_id != message.attestation.reports[place].function_id:
                raise RuleBroken("an attested report of another function", sender)
        for place, life in lives:
            delivering.attested(self._desk, life, place, message, votes)

    def _settle(self) -> list[Effect]:
        """The effects so far; messages to this member itself are read on the way, in their place."""
        settled: list[Effect] = []
        queue = self._desk.take()
        while queue:
            effect = queue.pop(0)
            match effect:
                case Send(recipient, message) if recipient == self.index:
                    self._read_or_note(self.index, message)
                case Send(recipient, message) if recipient == ALL:
                    settled.append(effect)
                    self._read_or_note(self.index, message)
                case _:
                    settled.append(effect)
            queue = self._desk.take() + queue
        return settled
