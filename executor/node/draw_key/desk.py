"""The draw keys of a node's epochs: each made by a task of its own, brought to the Beacon, shown and told of.

Rule 1. A node without a Beacon makes no key, and leaves out functions that draw from the committee, saying why.
Rule 2. What is kept of a key goes with its epoch: in the journal and in the signer.
Rule 3. A key is begun when a finalized block has its epoch. A signer believes the first word about an epoch's members,
        deals for it once, and opens one list: none of that could be done again after a reorganisation.
Rule 4. The key of the epoch before is handed on where the two epochs' members let it (protocol/resharing.py): all read
        them from final blocks, alike. Who knows its share keys has them from its own journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol
from typing import Final as Constant

from executor.crypto.draw_keys import check_draw_key
from executor.errors import (
    ChainError,
    ChainUnavailable,
    ExecutorError,
    InvalidManifest,
    InvalidValue,
    SignerUnavailable,
    SigningRefused,
    VerificationFailed,
)
from executor.model.committee import Epoch
from executor.model.draw_key import CertifiedDrawKey, DrawKey, ShownDrawKey
from executor.model.manifest import CommitteeRandom, Terms
from executor.node.built_in import Conducts
from executor.node.draw_key.kept import KeptKey
from executor.node.draw_key.making import KeyMaking
from executor.node.draw_key.registration import Keys, Registration
from executor.node.draw_key.share_signing import ShareSigning
from executor.node.metrics.meters import Traffic
from executor.node.outgoing import Wire
from executor.protocol.effects import SignPart
from executor.protocol.resharing import Former, hand_on
from executor.store.events import EventLog
from executor.store.journal import Journal

FIRST_EPOCH: Constant = 1  # a committee counts its epochs from here; no key is before it


class Tasks(Protocol):
    """Who runs tasks, as a task group does."""

    def create_task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin one."""


class Drives(Conducts, Protocol):
    """The driver of an epoch, as its draw key needs it."""

    async def draw_key(self, key: DrawKey) -> None:
        """The key is made."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an epoch's key stands: `making`, `made` or `registered`; its share where this member has one."""

    epoch: int
    state: str
    attempt: int
    public_key: str | None
    hash: str | None
    share: bool


@dataclass(slots=True)
class _Served:
    making: KeyMaking
    registration: Registration
    shares: ShareSigning
    kept: KeptKey
    tasks: list[asyncio.Task[None]]


class DrawKeys:
    """All of a node's; bounded by the epochs that it serves.

    `is_final`: Rule 3, and `load`: Rule 4, an epoch by its number; both may raise ChainError.
    """

    def __init__(
        self,
        beacon: Keys | None,
        journal: Journal,
        events: EventLog,
        traffic: Traffic,
        is_final: Callable[[Epoch], Awaitable[bool]],
        load: Callable[[int], Awaitable[Epoch]],
    ) -> None:
        self._beacon = beacon
        self._journal = journal
        self._events = events
        self._traffic = traffic
        self._is_final = is_final
        self._load = load
        self._served: dict[int, _Served] = {}
        self._shown: dict[int, ShownDrawKey] = {}

    def check(self, terms: Terms) -> None:
        """Rule 1; raises InvalidManifest."""
        if self._beacon is None and isinstance(terms.capabilities.random, CommitteeRandom):
            raise InvalidManifest(
                'capabilities.random.source = "committee": this node takes no part in draws of its committee, because '
                "its configuration names no [random] beacon"
            )

    def known(self, epoch: Epoch) -> DrawKey | None:
        """The key that was made before a restart."""
        kept = KeptKey(self._journal, epoch)
        made = None if self._beacon is None else kept.find()
        if made is None:
            return None
        try:
            check_draw_key(epoch, made.certified.shown)
        except (
            VerificationFailed
        ):  # a reorganisation put other members under the epoch's number while this node was down
            kept.forget()
            return None
        self._shown[epoch.number] = made.certified.shown
        return made.certified.key

    def shown(self, epoch: Epoch) -> ShownDrawKey | None:
        """What receipts show of an epoch's key."""
        return self._shown.get(epoch.number)

    def serve(
        self, epoch: Epoch, index: int, *, shares: ShareSigning, driver: Drives, wire: Wire, tasks: Tasks
    ) -> None:
        """Make the epoch's key, or go on with it."""
        if self._beacon is None:
            return
        registration = Registration(epoch, index, self._beacon, self._events)
        running: list[asyncio.Task[None]] = []

        async def made(certified: CertifiedDrawKey) -> None:
            self._shown[epoch.number] = certified.shown
            await driver.draw_key(certified.key)
            running.append(tasks.create_task(registration.run(certified)))

        kept = KeptKey(self._journal, epoch)
        making = KeyMaking(
            epoch,
            index,
            kept=kept,
            shares=shares,
            driver=driver,
            wire=wire,
            events=self._events,
            made=made,
            former=lambda: self._former(epoch),
            former_shares=lambda: self._shares_of(replace(epoch, number=epoch.number - 1)),
            traffic=self._traffic,
        )
        running.append(tasks.create_task(self._make(epoch, making, kept)))
        self._served[epoch.number] = _Served(making, registration, shares, kept, running)

    async def _make(self, epoch: Epoch, making: KeyMaking, kept: KeptKey) -> None:
        """Rule 3."""
        while kept.find() is None and not await self._may_begin(epoch):  # noqa: ASYNC110 # the chain says when
            await asyncio.sleep(epoch.round_length_s)
        await making.run()

    async def _may_begin(self, epoch: Epoch) -> bool:
        try:
            return await self._is_final(epoch)
        except ChainError:  # the watcher tells of endpoints that fail
            return False

    async def _former(self, epoch: Epoch) -> Former | None:
        """Rule 4."""
        while epoch.number > FIRST_EPOCH:
            try:
                before = await self._load(epoch.number - 1)
                return hand_on(before, epoch, self._shares_of(before))
            except ChainUnavailable:
                await asyncio.sleep(epoch.round_length_s)
            except (ChainError, InvalidValue) as error:  # an epoch that nobody here could serve
                self._events.add("draw-key-not-handed-on", "", epoch=epoch.number, reason=str(error))
                break
        return None

    def _shares_of(self, before: Epoch) -> tuple[bytes, ...]:
        """The share keys of an epoch's key; none where this member did not make it."""
        made = KeptKey(self._journal, before).find()
        return () if made is None else made.certified.key.shares

    async def received(self, epoch: int, sender: int, data: bytes) -> None:
        """A message about an epoch's key; raises RuleBroken for bytes that are none."""
        if (served := self._served.get(epoch)) is not None:
            await served.making.received(sender, data)

    def parts(self, epoch: int) -> Callable[[SignPart], Coroutine[Any, Any, bytes | None]]:
        """Who signs this member's parts of an epoch's draws; None where it has no share, or the signer no answer."""

        async def sign(asked: SignPart) -> bytes | None:
            if (served := self._served.get(epoch)) is None or not served.making.has_share:
                return None
            try:
                return await served.shares.sign_part(asked)
            except (SignerUnavailable, SigningRefused, InvalidValue) as error:  # asked again in the next round
                self._events.add("no-part", asked.draw.request, epoch=epoch, reason=str(error))
                return None

        return sign

    async def abandon(self, epoch: int) -> None:
        """The epoch is served no more (Rule 2)."""
        self._shown.pop(epoch, None)
        if (served := self._served.pop(epoch, None)) is None:
            return
        self._cancel(served)
        served.kept.forget()
        with suppress(ExecutorError):  # with the next epoch's end these go, too
            await served.shares.forget()

    def stop(self) -> None:
        """Nothing more is made or registered."""
        for served in self._served.values():
            self._cancel(served)

    def standings(self) -> list[Standing]:
        """Oldest epoch first."""
        found = []
        for number, served in sorted(self._served.items()):
            making, certified = served.making, served.making.certified
            key = None if certified is None else certified.key
            registered = served.registration.standing in ("yes", "final")
            state = "making" if key is None else "registered" if registered else "made"
            public_key = None if key is None else "0x" + key.public_key.hex()
            hashed = None if key is None else str(key.hash)
            found.append(Standing(number, state, making.attempt, public_key, hashed, making.has_share))
        return found

    @staticmethod
    def _cancel(served: _Served) -> None:
        for task in served.tasks:
            task.cancel()
