"""Asks the other members what they keep of this signer's record, and keeps theirs (executor/protocol/counters.py).

Until enough of them answered, `sign` waits: that costs nothing but a message's way, because a member alone with fewer
than a quorum could finish nothing anyway.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final as Constant
from typing import Protocol, TypeAlias

from executor.crypto.digests import epoch_digest
from executor.errors import InvalidEncoding, RuleBroken, SignerUnavailable
from executor.model.codec import decode, encode
from executor.model.committee import Epoch
from executor.model.ids import RequestId
from executor.node.signing import ProtocolSigner
from executor.protocol.counters import NONCE_BYTES, Counters
from executor.protocol.effects import ALL
from executor.protocol.messages import CounterMessage, encode_message
from executor.protocol.statements import Signatures, Statement
from executor.store.journal import Journal

ROUNDS: Constant = 4  # between two statements; what was signed since the last one is what a rollback could hide
ASK_AGAIN_S: Constant = 3.0
MAX_BYTES: Constant = 1_024  # of a counter message; they have about 250
ENDING: Constant = b'"type":"counter"}'  # in canonical form the last field of the message


Deliver: TypeAlias = Callable[[int, bytes], Awaitable[None]]

log = logging.getLogger(__name__)


class Wire(Protocol):
    """The way to the other members."""

    async def send(self, recipient: int, payload: bytes, *, sealed: bool = False) -> None:
        """Queue one message; never waits for the receiver."""


class Continuity:
    """Stands between the transport and the driver, and between the driver and the signer."""

    def __init__(
        self,
        epoch: Epoch,
        index: int,
        journal: Journal,
        signer: ProtocolSigner,
    ) -> None:
        self._epoch = epoch
        self._index = index
        self._journal = journal
        self._signer = signer
        self._key = RequestId(epoch_digest(epoch.identity))
        self._counters: Counters | None = None
        self._shown: asyncio.Queue[CounterMessage] = asyncio.Queue(epoch.n)
        self._unjudged = 0  # of what was shown, what the signer has not answered to: until then nothing is signed
        self._cleared = asyncio.Event()
        self._wire: Wire | None = None
        self._deliver: Deliver | None = None

    @property
    def cleared(self) -> bool:
        """Whether enough members have answered."""
        return self._cleared.is_set()

    async def wait_cleared(self) -> None:
        """Until enough members have answered."""
        await self._cleared.wait()

    def attach(self, wire: Wire, deliver: Deliver) -> None:
        """Name the way to the others, and who takes what they send; before `run`."""
        self._wire, self._deliver = wire, deliver

    async def begin(self) -> None:
        """Before anything is received or signed; raises SigningBarred when journal or record is an old copy."""
        await self._signer.begin()
        kept = {index: kept for index in range(self._epoch.n) if (kept := self._find(index)) is not None}
        self._counters = Counters(self._epoch, self._index, kept, await self._state(), secrets.token_bytes(NONCE_BYTES))
        self._clear()
        if not self._cleared.is_set():
            log.info("nothing is signed until %d members said what they keep of this signer", self._epoch.quorum - 1)

    async def sign(self, statement: Statement) -> Signatures:
        """Signatures over a statement, once enough members have answered."""
        await self._cleared.wait()
        return await self._signer.sign(statement)

    async def received(self, sender: int, data: bytes) -> None:
        """A message whose envelope was verified; everything but counters is the driver's. Raises PeerFault."""
        if len(data) > MAX_BYTES or not data.endswith(ENDING):
            if (
                self._cleared.is_set() and self._deliver is not None
            ):  # before, the driver may wait to sign; members send everything again each round
                await self._deliver(sender, data)
            return
        if sender == self._index or self._counters is None:
            return
        try:
            message: CounterMessage = decode(CounterMessage, data, limit=MAX_BYTES)
        except InvalidEncoding as error:
            raise RuleBroken(str(error), sender) from error
        heard = self._counters.received(sender, message, self._round())
        if heard.keep is not None:
            with self._journal.soon():  # within a round it is on disk with something else; others keep it, too
                self._journal.save(self._key, _kind(sender), encode(heard.keep))
        if heard.answer is not None:
            await self._send(sender, heard.answer)
        if heard.shown is not None and not self._shown.full():
            self._shown.put_nowait(heard.shown)
            self._unjudged += 1
        elif heard.shown is None:
            self._clear()

    async def run(self) -> None:
        """Ask until enough answered, then state the counter now and then; raises StoreError when it is too low."""
        assert self._counters is not None, "begin comes before run"
        ask_at = state_at = 0.0
        while True:
            now = time.time()
            if not self._cleared.is_set() and now >= ask_at:
                ask_at = now + ASK_AGAIN_S
                await self._send(ALL, self._counters.question())
            elif self._cleared.is_set() and now >= state_at:
                state_at = now + ROUNDS * self._epoch.round_length_s
                await self._state_again(self._counters)
            try:
                async with asyncio.timeout(max(0.0, (state_at if self._cleared.is_set() else ask_at) - now)):
                    shown = await self._shown.get()
            except TimeoutError:
                continue
            await self._show(shown)
            self._unjudged -= 1
            self._clear()

    async def _show(self, shown: CounterMessage) -> None:
        """What a peer kept goes to the signer, however long that takes to start again: nothing is signed before."""
        while True:
            try:
                return await self._signer.show(shown.counter, shown.signature)
            except SignerUnavailable:
                await asyncio.sleep(ASK_AGAIN_S)

    async def _state_again(self, counters: Counters) -> None:
        if self._signer.record_counter > counters.own.counter:
            try:
                stated = await self._state()
            except SignerUnavailable:
                return  # the driver waits for it, and tells
            if await self._send(ALL, stated):
                counters.own = stated

    async def _state(self) -> CounterMessage:
        stated = await self._signer.state_counter()
        return CounterMessage(self._index, stated.record_counter, stated.signature, nonce=b"")

    async def _send(self, recipient: int, message: CounterMessage) -> bool:
        """Whether it was signed and queued; what was not is said again later, or asked for."""
        if self._wire is None:
            return False
        try:
            await self._wire.send(recipient, encode_message(message))
        except SignerUnavailable:
            return False
        return True

    def _clear(self) -> None:
        if self._counters is not None and self._counters.cleared and not self._unjudged:
            self._cleared.set()

    def _find(self, index: int) -> CounterMessage | None:
        value = self._journal.find(self._key, _kind(index))
        return None if value is None else decode(CounterMessage, value, limit=MAX_BYTES)

    def _round(self) -> int:
        return int(time.time()) // self._epoch.round_length_s


def _kind(member: int) -> str:
    return f"counter-{member}"
