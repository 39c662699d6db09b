"""Judging what arrives: cheap checks first, and no state changes for a stranger (P4).

Rule 1. Size, the source's record of faults, and the epoch (one look-up by the digest that every envelope begins with)
        are looked at before anything is hashed or parsed; an epoch this node does not serve costs nothing.
Rule 2. Recently accepted bytes, recipient and membership before the payload is parsed; form before any cryptography.
Rule 3. A member's own allowance, of messages and of bytes, one in each epoch, is spent only by what the member signed:
        nobody can spend another's. Who has spent it is refused before its next signature is checked.
Rule 4. A source (an address; of IPv6 a network of one site) pays for what is malformed or badly signed, the more the
        larger it is, and when it has paid too much it is refused unread for a while.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final as Constant
from typing import TypeAlias

from executor.crypto.digests import epoch_digest, message_digest
from executor.crypto.secp256k1 import SIGNATURE_BYTES, is_signed_by
from executor.errors import InvalidEncoding, InvalidValue
from executor.model.committee import Epoch
from executor.model.ids import EpochDigest
from executor.transport.envelope import (
    Envelope,
    Parties,
    decode_envelope,
    epoch_named,
    parties_named,
    read_envelope,
)
from executor.transport.interface import EVERYONE, MessageSigner
from executor.transport.limits import Allowance, Recent
from executor.transport.sources import site_of

BAD_REQUEST, FORBIDDEN, CONFLICT, TOO_LARGE, TOO_MANY = 400, 403, 409, 413, 429  # RFC 9110 §15.5
MAX_SOURCES: Constant = 1024
SEALED_BYTES: Constant = 256 * 1024  # a bundle of 256 Prepares is half of it; only the signer can open a stranger's box
MAX_SEATS: Constant = 16  # epochs served at a time: a grace period of 7 days holds that many only in an emergency


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one inbox; the defaults suit a committee of 100 with rounds of seconds."""

    body_bytes: int = 17 * 1024 * 1024  # the protocol's largest message, 8 MiB, in hex, with room
    messages_per_second: float = 200
    messages_burst: float = 1000
    bytes_per_second: float = 2 * 1024 * 1024  # decoding costs 50 ms a megabyte: a tenth of one core a member
    bytes_burst: float = 32 * 1024 * 1024  # what an outbox holds; beyond it the sender tries again a moment later
    faults_per_second: float = 1
    faults_burst: float = 20
    fault_bytes: int = 256 * 1024  # of a faulty body, that count as one fault more: hashing them takes 2 ms
    duplicate_window_s: float = 1.0  # covers a retry after a lost reply; the protocol's own resends come rounds later
    duplicates: int = 4096


@dataclass(frozen=True, slots=True)
class Opened:
    """A message of a member of `epoch` to us."""

    epoch: EpochDigest
    sender: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same bytes were accepted a moment ago."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: `code` is stable, `status` is HTTP's, `message` is for people."""

    code: str
    status: int
    message: str


Verdict: TypeAlias = Opened | Duplicate | Refusal


class Seat:
    """This node's place in one epoch, and what the epoch's members have spent there."""

    def __init__(self, epoch: Epoch, index: int, signer: MessageSigner, limits: Limits) -> None:
        self.epoch = epoch
        self.digest = epoch_digest(epoch.identity)
        self.index = index
        self.signer = signer
        self.members = Allowance[int](limits.messages_per_second, limits.messages_burst, names=epoch.n)
        self.bytes = Allowance[int](limits.bytes_per_second, limits.bytes_burst, names=epoch.n)
        self.accepted = Recent(limits.duplicate_window_s, size=limits.duplicates)

    def check(self, parties: Parties) -> Refusal | None:
        """Rule 2: whether these may speak to each other here."""
        sender, recipient = parties.sender, parties.recipient
        if recipient not in (self.index, EVERYONE):
            return Refusal("wrong-recipient", BAD_REQUEST, f"this node is member {self.index}")
        if sender >= self.epoch.n:
            return Refusal("not-a-member", FORBIDDEN, f"the epoch has {self.epoch.n} members")
        if sender == self.index:
            return Refusal("own-message", BAD_REQUEST, "this node sends nothing to itself over the network")
        if parties.sealed and recipient == EVERYONE:
            return Refusal("malformed", BAD_REQUEST, "a sealed message has one recipient")
        if len(parties.signature) != SIGNATURE_BYTES:
            return Refusal("bad-signature", FORBIDDEN, f"a signature is {SIGNATURE_BYTES} bytes")
        return None

    def has_spent(self, member: int, now: float) -> bool:
        """Whether a member has no allowance left."""
        return self.members.is_spent(member, now) or self.bytes.is_spent(member, now)

    def spend(self, member: int, size: int, now: float) -> bool:
        """Rule 3: spend a member's allowance on a message of `size` bytes; False when there is none."""
        return (
            not self.has_spent(member, now) and self.members.spend(member, now) and self.bytes.spend(member, now, size)
        )


class Inbox:
    """The judge of incoming envelopes of every epoch that this node serves."""

    def __init__(self, clock: Callable[[], float], limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._seats: dict[EpochDigest, Seat] = {}
        self._faults = Allowance[str](limits.faults_per_second, limits.faults_burst, names=MAX_SOURCES)
        self.refused: Counter[str] = Counter()  # by code, of which there are a dozen

    def take_seat(self, epoch: Epoch, index: int, signer: MessageSigner) -> EpochDigest:
        """Judge this epoch's envelopes from now on; raises InvalidValue beyond MAX_SEATS or for an epoch seated."""
        seat = Seat(epoch, index, signer, self._limits)
        if seat.digest in self._seats or len(self._seats) >= MAX_SEATS:
            raise InvalidValue(f"epoch {epoch.number} is served already, or it is one more than {MAX_SEATS}")
        self._seats[seat.digest] = seat
        return seat.digest

    def leave_seat(self, digest: EpochDigest) -> None:
        """Refuse the epoch's envelopes from now on."""
        self._seats.pop(digest, None)

    def refuse_unread(self, source: str, size: int | None) -> Refusal | None:
        """Rules 1 and 4, before the body is read; `size` is what the source announced."""
        limit = self._limits.body_bytes
        if size is not None and size > limit:
            return self._fault(source, Refusal("oversized", TOO_LARGE, f"{size} bytes; the limit is {limit}"))
        if self._faults.is_spent(site_of(source), self._clock()):
            return self._refuse(Refusal("rate-limited", TOO_MANY, "too many faulty messages came from this address"))
        return None

    def find_seat(self, source: str, head: bytes) -> Seat | Refusal:
        """Rule 1: the seat in the epoch that a body beginning with `head` names."""
        named = epoch_named(head)
        if named is None:
            return self._fault(source, Refusal("malformed", BAD_REQUEST, "an envelope begins with its epoch"))
        seat = self._seats.get(named)
        if seat is None:  # no fault: epochs change at different moments for different members
            served = ", ".join(str(seat.epoch.number) for seat in self._seats.values()) or "none"
            return self._refuse(Refusal("wrong-epoch", CONFLICT, f"this node serves no such epoch, but {served}"))
        return seat

    async def judge(self, source: str, body: bytes) -> Verdict:
        """The verdict on `body`, which came from `source`."""
        if (refusal := self.refuse_unread(source, len(body))) is not None:
            return refusal
        seat = self.find_seat(source, body)
        if isinstance(seat, Refusal):
            return seat
        key = hashlib.sha256(body).digest()
        if seat.accepted.holds(key, self._clock()):
            return Duplicate()
        parties = parties_named(body)
        if parties is not None:
            if (refused := seat.check(parties)) is not None:
                return self._fault(source, refused, len(body))
            if seat.has_spent(parties.sender, self._clock()):
                return self._too_much(parties.sender)
        envelope = read_envelope(body)
        try:
            envelope = envelope or decode_envelope(body, limit=self._limits.body_bytes)
        except InvalidEncoding as error:
            return self._fault(source, Refusal("malformed", BAD_REQUEST, str(error)), len(body))
        if envelope.parties != parties and (refused := seat.check(envelope.parties)) is not None:
            return self._fault(source, refused, len(body))
        return await self._open(source, key, seat, envelope)

    def blame(self, source: str, size: int = 0) -> None:
        """Count a fault of `size` bytes against `source` (Rule 4)."""
        self._faults.spend(site_of(source), self._clock(), 1 + size // self._limits.fault_bytes)

    async def _open(self, source: str, key: bytes, seat: Seat, envelope: Envelope) -> Verdict:
        """Cryptography: unseal, verify, and then the member's own allowance (Rule 3)."""
        if envelope.sealed and len(envelope.payload) > SEALED_BYTES:
            refusal = Refusal("oversized", TOO_LARGE, f"a box of {len(envelope.payload)} bytes; at most {SEALED_BYTES}")
            return self._fault(source, refusal, len(envelope.payload))
        try:
            payload = await seat.signer.unseal(envelope.payload) if envelope.sealed else envelope.payload
        except InvalidValue as error:
            return self._fault(source, Refusal("unreadable", BAD_REQUEST, str(error)), len(envelope.payload))
        digest = message_digest(seat.digest, envelope.sender, envelope.recipient, payload)
        if not is_signed_by(digest, envelope.signature, seat.epoch.members[envelope.sender].signer):
            refusal = Refusal("bad-signature", FORBIDDEN, f"not signed by member {envelope.sender}")
            return self._fault(source, refusal, len(envelope.payload))
        if not seat.spend(envelope.sender, len(payload), self._clock()):
            return self._too_much(envelope.sender)
        if seat.accepted.holds(key, self._clock()):  # accepted while this copy was being unsealed
            return Duplicate()
        seat.accepted.add(key, self._clock())
        return Opened(seat.digest, envelope.sender, payload)

    def _too_much(self, member: int) -> Refusal:
        return self._refuse(Refusal("rate-limited", TOO_MANY, f"member {member} sends too much"))

    def _fault(self, source: str, refusal: Refusal, size: int = 0) -> Refusal:
        self.blame(source, size)
        return self._refuse(refusal)

    def _refuse(self, refusal: Refusal) -> Refusal:
        self.refused[refusal.code] += 1
        return refusal
