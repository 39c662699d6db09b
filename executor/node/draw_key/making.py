"""Runs the machine that makes an epoch's draw key (executor/protocol/keygen.py) between signer, members and journal.

Rule 1. One task owns the machine; what it is told waits in one bounded queue. Members say everything again each round,
        so what finds no room is dropped.
Rule 2. A member is heard so many messages a second about a key as an honest one has to send, and no more.
Rule 3. Curves are reckoned beside the loop: a key of 100 members takes seconds.
Rule 4. The attempt's request is the driver's, answered here (built_in.py). Earlier attempts are conducted on, the last
        KEPT_ATTEMPTS, for members that have yet to see them end; with the key all are over.
Rule 5. What was made is kept before anybody hears of it, and answers after a restart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final as Constant
from typing import Protocol, TypeVar

from executor.crypto.digests import request_id as request_id_of
from executor.errors import (
    InvalidEncoding,
    InvalidValue,
    PeerFault,
    RuleBroken,
    SignerUnavailable,
    SigningRefused,
)
from executor.model.committee import Epoch
from executor.model.draw_key import CertifiedDrawKey, DrawKey
from executor.model.ids import RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.transcript import Transcript
from executor.node.built_in import Conducts
from executor.node.draw_key.kept import KeptKey
from executor.node.metrics.meters import Traffic, no_traffic
from executor.node.outgoing import Wire
from executor.protocol.dealings import Dealing, Opened, decode_key_message, encode_key_message
from executor.protocol.key_effects import Deal, Judge, KeyEffect, MadeKey, OpenShare, SignKey, Tell
from executor.protocol.key_plan import Plan
from executor.protocol.keygen import KeyGeneration
from executor.protocol.resharing import Former
from executor.store.events import EventLog
from executor.transport.limits import Allowance

STEPS: Constant = 1_024  # waiting: two rounds of what 100 members tell each other
KEPT_ATTEMPTS: Constant = 32
FIRST_TICK_S: Constant = 0.5  # and twice as long each time, up to a round: members that start together are quick
RETRY_S: Constant = 0.5
SIGNER_ATTEMPTS: Constant = 60  # half a minute, as the driver waits for it

T = TypeVar("T")


class Shares(Protocol):
    """The signer's part (share_signing.py)."""

    async def deal(self, plan: Plan) -> Dealing | None:
        """This member's dealing, where it deals."""

    async def judge(self, dealing: Dealing) -> bool:
        """Whether this member's share is good."""

    async def open(self, dealings: tuple[Dealing, ...]) -> Opened:
        """The public key of this member's share, and its proof."""

    async def sign_key(self, key: DrawKey) -> bytes:
        """This member's signature of the key."""


class KeyMaking:
    """One epoch's; `made` is awaited with the key, at once after a restart that finds it kept.

    `former`: the key that is to be handed on, if any; `former_shares`: its share keys, where this member has them.
    """

    def __init__(
        self,
        epoch: Epoch,
        index: int,
        *,
        kept: KeptKey,
        shares: Shares,
        driver: Conducts,
        wire: Wire,
        events: EventLog,
        made: Callable[[CertifiedDrawKey], Awaitable[None]],
        former: Callable[[], Awaitable[Former | None]],
        former_shares: Callable[[], tuple[bytes, ...]],
        traffic: Traffic = no_traffic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._epoch = epoch
        self._index = index
        self._kept = kept
        self._shares = shares
        self._driver = driver
        self._wire = wire
        self._events = events
        self._made = made
        self._former = former
        self._former_shares = former_shares
        self._traffic = traffic
        self._clock = clock
        self._machine = KeyGeneration(epoch, index, Plan(epoch.f + 1, epoch.n, index), attempt=kept.attempt)
        self._steps: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(STEPS)
        each_round = epoch.n + 16  # dealings wanted, its own, and answers
        self._heard = Allowance[int](float(each_round), 4.0 * each_round, names=epoch.n)
        self._conducted: dict[RequestId, int] = {}  # attempts by their request
        self._moved = asyncio.Event()  # the machine may say something else now
        self._pause_s = FIRST_TICK_S
        self._tick_at = 0.0
        self.has_share = False  # whether this member opened its share of the key
        self._is_told = False

    @property
    def attempt(self) -> int:
        """Which attempt is on, from 0."""
        return self._machine.attempt

    @property
    def certified(self) -> CertifiedDrawKey | None:
        """The key, once it is made."""
        return self._machine.certified

    # What the transport and the driver tell.

    async def received(self, sender: int, data: bytes) -> None:
        """A message whose envelope was verified; raises RuleBroken for bytes that are none."""
        if sender == self._index:
            return
        if not self._heard.spend(sender, time.monotonic()):  # Rule 2
            self._events.add("unheard", "", sender=sender, messages=1)
            return
        plan = self._machine.plan
        try:
            message = decode_key_message(data, members=self._epoch.n, threshold=plan.threshold)
        except InvalidEncoding as error:
            raise RuleBroken(str(error), sender) from error
        self._traffic("in", sender, message.type, len(data))

        async def step() -> None:
            try:
                await self._do(lambda: self._machine.received(sender, message))
            except PeerFault as error:
                self._events.add("refused", "", sender=sender, type=message.type, reason=str(error))

        if not self._steps.full():  # Rule 1
            self._steps.put_nowait(step)

    def execute(self, transcript: Transcript) -> Outcome:
        """The attempt's request's run: pure."""
        return self._machine.execute(transcript)

    async def observe(self, request_id: RequestId, transcript: Transcript) -> Observation | None:
        """This member's word, asked for again whenever it may be another; None once the attempt is over."""
        while self._conducted.get(request_id) == self._machine.attempt and self.certified is None:
            answer: asyncio.Future[Observation | None] = asyncio.get_running_loop().create_future()

            async def step(answer: asyncio.Future[Observation | None] = answer) -> None:
                round = int(self._clock() // self._epoch.round_length_s)
                if not answer.done():  # whoever asked may be gone
                    answer.set_result(self._machine.observe(transcript, round))

            self._moved.clear()
            await self._steps.put(step)
            if (word := await answer) is not None:
                return word
            await self._moved.wait()
        return None

    async def attested(self, request_id: RequestId, transcript: Transcript) -> None:
        """An attempt ended."""

        async def step() -> None:
            if self._conducted.get(request_id) == self._machine.attempt and self.certified is None:
                await self._do(lambda: self._machine.attested(transcript))
                self._tick_soon()

        await self._steps.put(step)

    # The loop.

    async def run(self) -> None:
        """Make the key, and answer those who lack it, until cancelled."""
        kept = self._kept.find()
        if kept is None:
            former = await self._former()
            if former is not None:
                self._machine.hand_on(former)
            await self._do(self._machine.begin)
        else:
            for attempt in range(max(0, self.attempt - KEPT_ATTEMPTS), self.attempt + 1):
                self._kept.forget_request(request_id_of(self._machine.request(attempt)))
            await self._tell(kept)
            shares = self._former_shares()  # of the journal, which is the loop's own
            await self._do(lambda: self._machine.resume(kept, shares))
        await self._conduct()
        self._tick_soon()
        while True:
            step = await self._next_step()
            await step()
            if self.certified is None:
                await self._conduct()

    async def _next_step(self) -> Callable[[], Awaitable[None]]:
        """What waits, or a tick when it is due, however much waits."""
        if self.certified is not None:
            return await self._steps.get()
        wait_s = self._tick_at - asyncio.get_running_loop().time()
        if wait_s > 0:
            try:
                async with asyncio.timeout(wait_s):
                    return await self._steps.get()
            except TimeoutError:
                pass
        self._tick_soon(min(2 * self._pause_s, float(self._epoch.round_length_s)))
        return self._tick

    def _tick_soon(self, pause_s: float = FIRST_TICK_S) -> None:
        self._pause_s, self._tick_at = pause_s, asyncio.get_running_loop().time() + pause_s

    async def _tick(self) -> None:
        await self._do(self._machine.tick)

    async def _do(self, act: Callable[[], list[KeyEffect]]) -> None:
        """Rule 3, and all that follows."""
        effects = await asyncio.to_thread(act)
        while effects:
            effect = effects.pop(0)
            effects += await self._carry_out(effect)
        self._moved.set()

    async def _carry_out(self, effect: KeyEffect) -> list[KeyEffect]:
        machine, shares = self._machine, self._shares
        match effect:
            case Deal():
                dealing = await self._asked(lambda: shares.deal(machine.plan))
                return [] if dealing is None else await asyncio.to_thread(machine.dealt, dealing)
            case Judge(dealing, hashed):
                good = await self._asked(lambda: shares.judge(dealing))
                return await asyncio.to_thread(machine.judged, dealing.dealer, hashed, good is True)
            case OpenShare(dealings):
                opened = await self._asked(lambda: shares.open(dealings))
                return [] if opened is None else await asyncio.to_thread(machine.opened, opened)
            case SignKey(key):
                signature = await self._asked(lambda: shares.sign_key(key))
                return [] if signature is None else await asyncio.to_thread(self._signed, signature)
            case Tell(recipient, message):
                data = encode_key_message(message)
                self._traffic("out", recipient, message.type, len(data))
                await self._asked(lambda: self._wire.send(recipient, data))
            case MadeKey():
                await self._keep(effect)
        return []

    def _signed(self, signature: bytes) -> list[KeyEffect]:
        try:
            return self._machine.key_signed(signature)
        except PeerFault as error:  # its own: the signer has other keys than the epoch says
            self._events.add("draw-key-refused", "", epoch=self._epoch.number, reason=str(error))
            return []

    async def _keep(self, made: MadeKey) -> None:
        """Rules 4 and 5."""
        self._kept.keep(made)
        await self._tell(made)
        for request_id in list(self._conducted):
            await self._conclude(request_id)

    async def _tell(self, made: MadeKey) -> None:
        key, had_share = made.certified.key, self.has_share
        self.has_share = made.opened is not None
        if self._is_told:
            if self.has_share and not had_share:
                self._events.add("draw-share", "", epoch=self._epoch.number)
            return
        self._is_told = True
        public_key = "0x" + key.public_key.hex()
        told = {"public_key": public_key, "hash": str(key.hash), "attempt": self.attempt, "share": self.has_share}
        handed_on = any(dealing.opened for dealing in made.dealings)
        self._events.add("draw-key", "", epoch=self._epoch.number, handed_on=handed_on, **told)
        await self._made(made.certified)

    async def _conduct(self) -> None:
        """Rule 4."""
        machine = self._machine
        if self.certified is not None or machine.attempt in self._conducted.values():
            return
        self._kept.keep_attempt(machine.attempt)
        first = max(0, machine.attempt - KEPT_ATTEMPTS + 1) if not self._conducted else machine.attempt
        for attempt in range(first, machine.attempt + 1):
            request = machine.request(attempt)
            self._conducted[request_id_of(request)] = attempt
            await self._driver.conduct(request, self)
        while len(self._conducted) > KEPT_ATTEMPTS:
            await self._conclude(next(iter(self._conducted)))

    async def _conclude(self, request_id: RequestId) -> None:
        del self._conducted[request_id]
        await self._driver.conclude(request_id)
        self._kept.forget_request(request_id)

    async def _asked(self, act: Callable[[], Awaitable[T]]) -> T | None:
        """What the signer says; None, told, where it refuses, or does not answer for long."""
        for attempt in range(SIGNER_ATTEMPTS):
            try:
                return await act()
            except SignerUnavailable as error:
                if attempt == 0:
                    self._events.add("signer-unavailable", "", reason=str(error))
                await asyncio.sleep(RETRY_S)
            except (SigningRefused, InvalidValue) as error:
                self._events.add("draw-key-refused", "", epoch=self._epoch.number, reason=str(error))
                return None
        return None
