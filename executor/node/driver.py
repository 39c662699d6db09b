"""Carries effects out: the one place where the protocol machine meets signer, journal, workers, wire and chain.

Rule 1. One task owns the machine; everything reaches it through one bounded inbox.
Rule 2. Steps that wait are taken together, in turns. First every Save of a turn is made durable, in one commit; then
        the rest is carried out in order, all is signed, and what follows from that likewise; what leaves for one
        recipient leaves last, in one bundle (P2, K1).
Rule 3. A host fault is never an outcome: the run is tried again, then the member abstains (D4).
Rule 4. A request's record is read when its turn in the inbox comes: what was carried out before is in it (P2).
Rule 5. One run of a kind over one transcript at a time, and one transmission of an attestation, however often asked.
Rule 6. What finds no room (a worker, a place among the work under way) is shed and told, and nothing is lost by it: the
        machine asks again some rounds later.
Rule 7. A driver that stops carries out the effects of the turn it is in, and begins no other.
Rule 8. In the machine time never goes back: it stands still where the clock does a little, and where the clock goes
        back far, as after a wrong jump ahead, the node ends rather than stand still for as long.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from typing import Any, TypeVar, assert_never

from executor.crypto.digests import request_id as request_id_of
from executor.crypto.digests import transcript_hash
from executor.errors import (
    DrawUnavailable,
    ExecutorError,
    HostFault,
    PeerFault,
    SignerUnavailable,
    SigningRefused,
    WorkersBusy,
)
from executor.model.draw import DrandDraw
from executor.model.draw_key import DrawKey
from executor.model.function import Function
from executor.model.ids import RequestId
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.node import evidence
from executor.node.built_in import UNDELIVERABLE_GAS, BuiltIn
from executor.node.conditions import Conditions
from executor.node.driver_needs import Draws, Keeps, Runs, Signs
from executor.node.intake import Intake, Step
from executor.node.metrics.meters import Traffic, no_traffic
from executor.node.outcome_events import outcome_fields, readable, request_of
from executor.node.outgoing import Outgoing, Wire
from executor.protocol.describing import RequestView
from executor.protocol.effects import (
    Attested,
    Effect,
    Equivocated,
    Execute,
    Note,
    Observe,
    Obtain,
    Save,
    Send,
    Sign,
    SignPart,
    Transmit,
)
from executor.protocol.member import Member
from executor.protocol.messages import Message, request_ids
from executor.protocol.record import empty_record
from executor.protocol.statements import Signatures, Statement
from executor.store.events import EventLog

STEPS_TOGETHER = 64  # of a turn: some milliseconds of the machine, one commit, one round trip to the signer
MAX_UNDER_WAY = 4_096  # runs and transmissions: twice the requests that have a place
RETRIES = 3  # of a run that ended in a host fault
RETRY_DELAY_S = 0.5
CLOCK_BACK_S = 60.0  # fifteen rounds of 4 s; adjustments of a clock that is kept are far below
SIGNER_ATTEMPTS = 60  # half a minute: long enough to restart a signer, short enough to be noticed

T = TypeVar("T")


class Driver:
    """Owns the machine and runs until cancelled."""

    def __init__(
        self,
        member: Member,
        *,
        journal: Keeps,
        signer: Signs,
        runs: Runs,
        draws: Draws,
        events: EventLog,
        on_attested: Callable[[Attested], None],
        transmit: Callable[[Transmit], Coroutine[Any, Any, None]],
        traffic: Traffic = no_traffic,
        conditions: Conditions | None = None,
        large: asyncio.Semaphore | None = None,
        parts: Callable[[SignPart], Awaitable[bytes | None]] | None = None,
        callback_gas: Callable[[Request], int] = lambda request: request.callback_gas_limit,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._member = member
        self._conditions = conditions or Conditions()
        self._journal = journal
        self._signer = signer
        self._runs = runs
        self._draws = draws
        self._parts = parts
        self._events = events
        self._on_attested = on_attested
        self._transmit = transmit
        self._callback_gas = callback_gas
        self._traffic = traffic
        self._wire: Wire | None = None
        self._intake = Intake(member.epoch.n, self._read, events, traffic, large)
        self._inbox = self._intake.steps
        self._requests: dict[RequestId, tuple[Request, Function]] = {}
        self._built_in: dict[RequestId, BuiltIn] = {}  # as many as their owner conducts at a time
        self._under_way: dict[Hashable, asyncio.Task[None]] = {}
        self._transmissions: set[Hashable] = set()
        self._reading: set[Step] = set()  # of the steps in the inbox, those that read the journal
        self._clock = clock
        self._latest = 0.0
        self._stopping = asyncio.Event()

    def attach(self, wire: Wire) -> None:
        """Name the way to the others; before `run`."""
        self._wire = wire

    @property
    def backlog(self) -> int:
        """Steps that wait for their turn."""
        return self._inbox.qsize()

    @property
    def under_way(self) -> int:
        """Runs and transmissions now."""
        return len(self._under_way)

    def describe(self, request_id: RequestId) -> RequestView | None:
        """What the machine knows about a request now; None for one it does not hold."""
        return self._member.describe(request_id)

    # Inputs: all wait while the inbox is full.

    async def seen(self, request_id: RequestId, request: Request, function: Function) -> None:
        """A request of this epoch, new or taken up again: whatever the journal holds about it binds (Rule 4)."""
        self._requests[request_id] = (request, function)

        def step(now: float) -> list[Effect]:
            if request_id not in self._requests:  # closed while this waited
                return []
            record = self._journal.find(request_id, "record") or empty_record(request_id, request.function_id)
            pushed, gas = request.origin is not None, self._callback_gas(request)
            return self._member.restore(request_id, record, now, pushed=pushed, callback_gas=gas)

        self._reading.add(step)
        await self._inbox.put(step)

    async def received(self, sender: int, data: bytes) -> None:
        """A message whose envelope was verified; raises RuleBroken for bytes that are none.

        The machine reads its own messages by itself, so what the transport loops back is dropped here.
        """
        if sender == self._member.index:
            return
        await self._intake.received(sender, data)

    def _read(self, sender: int, message: Message, now: float) -> list[Effect]:
        try:
            return self._member.received(sender, message, now)
        except PeerFault as error:
            ids = request_ids(message)
            self._events.add("refused", ids[0] if ids else "", sender=sender, type=message.type, reason=str(error))
            return []

    async def delivered(self, request_id: RequestId) -> None:
        """The router delivered the request."""
        self._requests.pop(request_id, None)
        await self._inbox.put(lambda now: self._member.delivered(request_id, now))

    async def expired(self, request_id: RequestId) -> None:
        """The router closed the request by its timeout."""
        self._requests.pop(request_id, None)
        await self._inbox.put(lambda now: self._member.expired(request_id, now))

    async def parked(self, request_id: RequestId) -> None:
        """Put down for requests that wait; `seen` takes it up again under its record."""
        await self.expired(request_id)

    async def conduct(self, request: Request, built_in: BuiltIn) -> None:
        """A request that stands on no chain, under its record where there is one (built_in.py)."""
        key = request_id_of(request)

        def step(now: float) -> list[Effect]:
            self._built_in[key] = built_in
            record = self._journal.find(key, "record") or empty_record(key, request.function_id)
            return self._member.restore(key, record, now, callback_gas=UNDELIVERABLE_GAS)

        self._reading.add(step)
        await self._inbox.put(step)

    async def draw_key(self, key: DrawKey) -> None:
        """The epoch's members made their key: its draws may begin."""
        await self._inbox.put(lambda now: self._member.draw_key(key, now))

    async def conclude(self, request_id: RequestId) -> None:
        """Such a request is over; nothing of it is saved any more when this returns."""
        over = asyncio.Event()

        def step(now: float) -> list[Effect]:
            effects = self._member.expired(request_id, now)
            self._built_in.pop(request_id, None)
            over.set()
            return effects

        await self._inbox.put(step)
        await over.wait()

    # The loop.

    async def run(self) -> None:
        """Feed the machine until cancelled or stopped; an error here is a bug or a lost signer or journal.

        After `stop` transmissions under way are waited for, runs are not: they are pure, and nothing rests on them yet.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            while not self._stopping.is_set():
                await self._turn()
            for key, task in self._under_way.items():
                if key not in self._transmissions:
                    task.cancel()

    async def close(self) -> None:
        """Let go of what waits, once the epoch is served no more and `run` was cancelled."""
        await self._intake.close()

    def stop(self) -> None:
        """Rule 7; `run` then returns."""
        self._stopping.set()
        with contextlib.suppress(asyncio.QueueFull):  # else there is enough to wake the loop
            self._inbox.put_nowait(lambda _now: [])

    async def _turn(self) -> None:
        """Rule 2: what waits, together, and all that follows from it."""
        steps = await self._next_steps()
        if self._stopping.is_set():
            return
        assert self._wire is not None, "attach comes before run"
        outgoing = Outgoing(self._wire, self._traffic, self._events)
        now = self._clock()
        self._check_clock(now)
        effects: list[Effect] = []
        for step in steps:
            if step in self._reading:  # Rule 4
                self._save(effects)
                self._reading.discard(step)
            effects += step(now)
        while effects:
            self._save(effects)
            signing = [effect.statement for effect in effects if isinstance(effect, Sign)]
            for effect in effects:
                self._carry_out(effect, outgoing)
            effects = await self._sign_all(signing)
        for bundle in outgoing.bundles():
            await self._with_signer(bundle)

    def _check_clock(self, now: float) -> None:
        """Rule 8; raises HostFault."""
        if now < self._latest - CLOCK_BACK_S:
            raise HostFault(
                f"this machine's clock went back by {self._latest - now:.0f} s, and rounds go by it: the node would "
                "say nothing for as long; it ends, and serves again once it is started. Mend what sets the clock"
            )
        self._latest = max(self._latest, now)

    async def _next_steps(self) -> list[Step]:
        """Those that wait, or one; and the clock's, when its time has come, after no more than a turn's others.

        What came in time but was not read yet, because this node is busy, is not late.
        """
        steps: list[Step] = []
        wait = self._member.deadline() - self._clock()
        due = wait <= 0
        if due:
            await asyncio.sleep(0)
        else:
            try:
                async with asyncio.timeout(wait):  # wait_for loses a cancellation that meets an arrival (Python 3.11)
                    steps.append(await self._inbox.get())
            except TimeoutError:
                due = True
        while len(steps) < STEPS_TOGETHER and not self._inbox.empty():
            steps.append(self._inbox.get_nowait())
        return [*steps, self._member.tick] if due else steps

    def _save(self, effects: Sequence[Effect]) -> None:
        """A later Save may stand before an earlier Sign: it holds that and more, and all of it is resent (P2)."""
        if records := {effect.request_id: effect.record for effect in effects if isinstance(effect, Save)}:
            with self._journal.transaction():
                for request_id, record in records.items():
                    self._journal.save(request_id, "record", record)

    async def _sign_all(self, statements: Sequence[Statement]) -> list[Effect]:
        """What follows from the signatures, in the order in which they were asked for."""
        answers = await asyncio.gather(*(self._sign(statement) for statement in statements))
        self._journal.flush()  # with what the signer's record counted: before any of them is used
        now = self._clock()
        return [
            effect
            for statement, signatures in zip(statements, answers, strict=True)
            if signatures is not None
            for effect in self._member.signed(statement, signatures, now)
        ]

    def _carry_out(self, effect: Effect, outgoing: Outgoing) -> None:
        match effect:
            case Save() | Sign():
                pass  # all of a turn together
            case SignPart(draw=draw):
                self._start(("part", draw.request, draw), lambda: self._sign_part(effect))
            case Send(recipient, message, sealed):
                outgoing.add(recipient, message, sealed=sealed)
            case Execute(request_id, transcript):
                key = ("execute", request_id, transcript_hash(transcript))
                self._start(key, lambda: self._execute(request_id, transcript))
            case Observe(request_id, transcript, slot):
                key = ("observe", request_id, transcript_hash(transcript))
                self._start(key, lambda: self._observe(request_id, transcript, slot))
            case Obtain(request_id, draw):
                self._start(("draw", request_id, draw), lambda: self._obtain(request_id, draw))
            case Transmit(attestation) if attestation.reports[0].request_id in self._built_in:
                pass  # such a report is alone in its attestation
            case Attested(request_id, transcript) if (built_in := self._built_in.get(request_id)) is not None:
                ended = built_in
                self._start(("attested", request_id), lambda: ended.attested(request_id, transcript))
            case Note(kind, noted, details) if noted in self._built_in:
                if kind == "stalled":
                    self._events.add("draw-key-stalled", "", **details)
            case Transmit(attestation):
                self._transmissions.add(attestation)
                self._start(attestation, lambda: self._transmit(effect))
            case Attested():
                self._on_attested(effect)
            case Equivocated(request_id, member):
                if evidence.keep(self._journal, evidence.equivocation_of(self._member.epoch, effect)):
                    self._events.add("equivocated", request_id, member=member)
            case Note(kind, noted, details):
                self._events.add(kind, noted or "", **details)
            case _:
                assert_never(effect)

    def _start(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `work` beside the loop, unless the same is under way (Rule 5) or too much is (Rule 6)."""
        if key in self._under_way:
            return
        if len(self._under_way) >= MAX_UNDER_WAY:
            request_id = key[1] if isinstance(key, tuple) else ""
            self._events.add("shed", request_id, reason=f"{MAX_UNDER_WAY} runs and transmissions are under way")
            self._transmissions.discard(key)
            return
        task = self._group.create_task(work())
        self._under_way[key] = task
        task.add_done_callback(lambda _task: self._ended(key))

    def _ended(self, key: Hashable) -> None:
        self._under_way.pop(key, None)
        self._transmissions.discard(key)

    async def _sign(self, statement: Statement) -> Signatures | None:
        try:
            return await self._with_signer(lambda: self._signer.sign(statement))
        except SigningRefused as error:
            self._events.add("signing-refused", request_of(statement), reason=str(error))
            return None

    async def _with_signer(self, act: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for a signer that is being restarted: nothing leaves unsigned, so everything waits with it."""
        for attempt in range(SIGNER_ATTEMPTS):
            try:
                answer = await act()
            except SignerUnavailable as error:
                if attempt == 0:
                    self._events.add("signer-unavailable", "", reason=str(error))
                self._conditions.fails("signer", str(error))
                await asyncio.sleep(RETRY_DELAY_S)
            else:
                self._conditions.works("signer")
                return answer
        return await act()

    async def _execute(self, request_id: RequestId, transcript: Transcript) -> None:
        if (built_in := self._built_in.get(request_id)) is not None:
            answer, so_far = built_in.execute(transcript), transcript_hash(transcript)
            await self._inbox.put(lambda now: self._member.executed(request_id, so_far, answer, now))
            return
        if (known := self._requests.get(request_id)) is None:
            return
        request, function = known
        started = time.perf_counter()
        outcome = await self._retried(request_id, lambda: self._runs.execute(function, request, transcript))
        if outcome is None:
            return
        hashed = transcript_hash(transcript)
        seconds = round(time.perf_counter() - started, 4)
        self._events.add("executed", request_id, seconds=seconds, **outcome_fields(transcript, outcome))
        await self._inbox.put(lambda now: self._member.executed(request_id, hashed, outcome, now))

    async def _observe(self, request_id: RequestId, transcript: Transcript, slot: int) -> None:
        if (built_in := self._built_in.get(request_id)) is not None:
            if (word := await built_in.observe(request_id, transcript)) is not None:
                so_far, own = transcript_hash(transcript), word
                await self._inbox.put(lambda now: self._member.observed(request_id, so_far, slot, own, now))
            return
        if (known := self._requests.get(request_id)) is None:
            return
        request, function = known
        started = time.perf_counter()
        seen = await self._retried(request_id, lambda: self._runs.observe(function, request, transcript))
        if seen is None:
            return
        hashed = transcript_hash(transcript)
        fields: dict[str, Any] = {"slot": slot, "observed": seen.kind.name.lower(), "value": readable(seen.value)}
        fields["seconds"] = round(time.perf_counter() - started, 4)

        def step(now: float) -> list[Effect]:  # told after it was journaled: what is told is final
            return [*self._member.observed(request_id, hashed, slot, seen, now), Note("observed", request_id, fields)]

        await self._inbox.put(step)

    async def _obtain(self, request_id: RequestId, draw: DrandDraw) -> None:
        started = time.perf_counter()
        try:
            proof = await self._draws.obtain(draw)
        except DrawUnavailable as error:  # the machine asks again in the next round
            self._events.add("draw-unavailable", request_id, reason=str(error))
            return
        fields = {"round": draw.round, "seconds": round(time.perf_counter() - started, 4)}
        told = Note("drawn", request_id, {"ordinal": draw.ordinal, **fields})
        await self._inbox.put(lambda now: [*self._member.drawn(request_id, draw, proof, now), told])

    async def _sign_part(self, asked: SignPart) -> None:
        draw, started = asked.draw, time.perf_counter()
        if self._parts is not None and (part := await self._parts(asked)) is not None:
            own, seconds = part, round(time.perf_counter() - started, 4)
            self._events.add("part", draw.request, ordinal=draw.ordinal, seconds=seconds)
            await self._inbox.put(lambda now: self._member.part_signed(draw, own, now))

    async def _retried(self, request_id: RequestId, run: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        for attempt in range(1, RETRIES + 1):
            try:
                ended = await run()
            except WorkersBusy as error:  # Rule 6: more tries at once would only make it worse
                self._events.add("shed", request_id, reason=str(error))
                self._conditions.fails("workers", str(error))
                return None
            except HostFault as error:
                self._events.add("host-fault", request_id, attempt=attempt, reason=str(error))
                await asyncio.sleep(RETRY_DELAY_S)
            except ExecutorError as error:  # the module does not load here, or a transcript does not fit: abstain
                self._events.add("abstained", request_id, reason=str(error))
                return None
            else:
                self._conditions.works("workers")
                return ended
        self._events.add("abstained", request_id, reason=f"{RETRIES} host faults")
        return None
