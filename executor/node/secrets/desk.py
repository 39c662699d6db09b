"""A node's private data put together: what owners put, what members have, and what runs may open.

Rule 1. A secret is kept for an epoch that is served, from an account that may have bytes kept here, under an owner and
        a name that the function's manifest has, where the function is at hand; and only if this member's box opens.
Rule 2. What of an epoch is no longer served is forgotten after an hour: a reorganisation may bring an epoch back.
Rule 3. Nothing here tells a value: events, answers and metrics have names, numbers and versions.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final as Constant

import aiohttp

from executor.crypto.digests import epoch_digest
from executor.errors import ChainError, DownloadFailed, ExecutorError, InvalidValue, SignerUnavailable, StoreError
from executor.model.codec import Json
from executor.model.committee import Epoch
from executor.model.function import Function
from executor.model.ids import Address, EpochDigest, FunctionId
from executor.model.manifest import Terms
from executor.model.request import Request
from executor.model.secret import Secret
from executor.node.secrets.claims import check_list_claim
from executor.node.secrets.exchange import Exchange
from executor.node.secrets.opening import Opening
from executor.node.secrets.seat import Seat
from executor.node.secrets.store import SecretStore
from executor.store.events import EventLog
from executor.transport.interface import MessageSigner

POLL_S: Constant = 3.0  # between two looks at the other members
KEPT_S: Constant = 3_600.0  # Rule 2
SOON_S: Constant = 7 * 86_400.0  # a secret that expires by then is counted as expiring
SHOWN: Constant = 32  # functions that an event names

CheckAccount = Callable[[Address, int], Awaitable[None]]
"""Raises UploadRefused, or ChainUnavailable when nobody can tell."""


class SecretDesk:
    """Takes, tells, exchanges, opens; `run` ends when it is cancelled."""

    def __init__(
        self,
        store: SecretStore,
        *,
        chain_id: int,
        router: Address,
        check_account: CheckAccount,
        terms_of: Callable[[FunctionId], Terms | None],
        events: EventLog,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._chain_id = chain_id
        self._router = router
        self._check_account = check_account
        self._terms_of = terms_of
        self._events = events
        self._clock = clock
        self._exchange = Exchange(store, clock)
        self._seats: dict[EpochDigest, Seat] = {}
        self._unserved: dict[EpochDigest, float] = {}
        self._told_missing: frozenset[tuple[FunctionId, str]] = frozenset()
        self._order = random.Random()  # noqa: S311 # spreads load, decides nothing

    # Epochs.

    def serve(self, epoch: Epoch, index: int, signer: MessageSigner) -> None:
        """Take and open what is for this epoch."""
        self._seats[epoch_digest(epoch.identity)] = Seat(epoch, index, signer)

    def abandon(self, number: int) -> None:
        """Take and open nothing more of this epoch."""
        for digest in [digest for digest, seat in self._seats.items() if seat.epoch.number == number]:
            del self._seats[digest]
            self._exchange.forget(digest)

    # Owners.

    async def put(self, secret: Secret) -> None:
        """Keep or delete a secret (Rule 1).

        Raises UploadRefused, InvalidValue, ChainUnavailable, SignerUnavailable, StoreError.
        """
        seat = self._seats.get(secret.epoch)
        if seat is None:
            served = ", ".join(str(each.epoch.number) for each in self._seats.values()) or "none"
            raise InvalidValue(f"the secret is for an epoch that this node does not serve; it serves {served}")
        seat.check(secret, self._clock())
        if not self._store.check(secret):
            return
        await self._check_account(secret.owner, secret.subscription)
        self._check_terms(secret)
        if secret.sealed:
            try:
                await seat.value(secret)
            except InvalidValue as error:
                raise InvalidValue(f"member {seat.index} cannot open {secret.name}: {error}") from error
        if self._store.check(secret):  # another version may have come meanwhile
            self._store.add(secret)
            kind = "secret-kept" if secret.sealed else "secret-deleted"
            fields = {"epoch": seat.epoch.number, "function_id": str(secret.function_id), "name": secret.name}
            self._events.add(kind, "", version=secret.version, **fields)

    def list(self, header: str | None) -> list[dict[str, Json]]:
        """What is known of an account's secrets, for that account; raises UploadRefused."""
        account = check_list_claim(header, self._chain_id, self._router, self._clock)
        numbers, now = {digest: seat.epoch.number for digest, seat in self._seats.items()}, self._clock()
        return [
            {
                "epoch": numbers[kept.secret.epoch],
                "expires": kept.secret.expires,
                "function_id": str(kept.secret.function_id),
                "name": kept.secret.name,
                "state": kept.state(now),
                "version": kept.secret.version,
            }
            for kept in self._store.all()
            if kept.secret.owner == account and kept.secret.epoch in numbers
        ]

    def _check_terms(self, secret: Secret) -> None:
        terms = self._terms_of(secret.function_id)
        if terms is None:  # it may be uploaded later; its runs look the owner up in its manifest
            return
        granted = terms.capabilities.secrets
        if granted is None or granted.owner is None:
            raise InvalidValue(f"function {secret.function_id} names no owner of secrets in its manifest")
        if Address.from_hex(granted.owner) != secret.owner:
            raise InvalidValue(f"secrets of function {secret.function_id} are account {granted.owner}'s to put")
        if secret.name not in granted.names:
            raise InvalidValue(f"the manifest of function {secret.function_id} does not list {secret.name}")

    # Members.

    def answer(self, body: bytes) -> bytes:
        """What another member asks for; raises UploadRefused, InvalidEncoding."""
        return self._exchange.answer(self._seats, body)

    async def run(self, session: Callable[[], aiohttp.ClientSession], poll_s: float = POLL_S) -> None:
        """Read what the others have, and forget what is over, until cancelled."""
        while True:
            self._sweep()
            for seat in list(self._seats.values()):
                others = [member for member in range(seat.epoch.n) if member != seat.index]
                if others:
                    await self.read_from(session(), seat, self._order.choice(others))
            await asyncio.sleep(poll_s)

    async def read_from(self, session: aiohttp.ClientSession, seat: Seat, member: int) -> None:
        """Take everything new that a member has; what it does wrong costs nothing but its answer."""

        refusals: list[str] = []

        async def take(secret: Secret) -> None:
            try:
                await self.put(secret)
            except (StoreError, ChainError, SignerUnavailable):
                raise  # asked again later
            except ExecutorError as error:
                refusals.append(str(error))

        try:
            await self._exchange.ask(session, seat, member, take)
        except StoreError:
            raise
        except (DownloadFailed, ChainError, SignerUnavailable):
            pass  # the next one is asked
        if refusals:
            self._events.add("secrets-refused", "", member=member, count=len(refusals), first=refusals[0])

    def seat_of(self, epoch: int) -> Seat | None:
        """This member's place in an epoch that it serves."""
        return next((seat for seat in self._seats.values() if seat.epoch.number == epoch), None)

    # Runs.

    def open_for(self, function: Function, request: Request) -> Opening:
        """What an observe run of this request may open."""
        granted = function.terms.capabilities.secrets
        owner = None if granted is None or granted.owner is None else Address.from_hex(granted.owner)
        return Opening(self._store, self.seat_of(request.epoch), owner, request, self._clock)

    # Telling.

    def missing(self) -> frozenset[tuple[FunctionId, str]]:
        """What is held for an older epoch that is served, and unknown in the newest: its owner has to put it again."""
        if len(self._seats) < 2:  # an older and the newest
            return frozenset()
        newest, now = max(self._seats.values(), key=lambda seat: seat.epoch.number).digest, self._clock()
        return frozenset(
            (secret.function_id, secret.name)
            for kept in self._store.all()
            if (secret := kept.secret).epoch in self._seats and secret.epoch != newest and kept.state(now) == "held"
            if self._store.find(newest, secret.owner, secret.function_id, secret.name) is None
        )

    def counts(self) -> Mapping[str, int]:
        """How many secrets are in which state, for metrics."""
        now = self._clock()
        counts = Counter({"held": 0, "deleted": 0, "expired": 0, "expiring": 0, "missing": len(self.missing())})
        for kept in self._store.all():
            state = kept.state(now)
            counts[state] += 1
            counts["expiring"] += state == "held" and kept.secret.expires < now + SOON_S
        return counts

    def _sweep(self) -> None:
        """Rule 2, and what is over or missing is told once."""
        now = self._clock()
        for secret in self._store.expire():
            fields = {"function_id": str(secret.function_id), "name": secret.name, "version": secret.version}
            self._events.add("secret-expired", "", **fields)
        known = self._store.epochs() - self._seats.keys()
        self._unserved = {digest: self._unserved.get(digest, now) for digest in known}
        for digest, since in self._unserved.items():
            if now - since >= KEPT_S:
                self._store.drop(digest)
        missing = self.missing()
        if missing - self._told_missing:
            functions = sorted({str(function) for function, _ in missing})[:SHOWN]
            self._events.add("secrets-missing", "", count=len(missing), functions=functions)
        self._told_missing = missing
