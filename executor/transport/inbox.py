"""Judging what arrives: cheap checks first, and no state changes for a stranger (P4).

Rule 1. Size, the source's record of faults, and recently accepted bytes are looked at before anything is parsed.
Rule 2. Form, recipient, epoch and membership before any cryptography.
Rule 3. A member's own allowance is spent only by what the member signed: nobody can spend another's.
Rule 4. A source (an address) pays for what is malformed or badly signed, and when it has paid too often it is refused
        unread for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final as Constant
from typing import TypeAlias

from executor.crypto.digests import epoch_digest, keccak256, message_digest
from executor.crypto.secp256k1 import SIGNATURE_BYTES, is_signed_by
from executor.errors import InvalidEncoding, InvalidValue
from executor.model.committee import Epoch
from executor.transport.envelope import Envelope, decode_envelope
from executor.transport.interface import EVERYONE, MessageSigner
from executor.transport.limits import Allowance, Recent

BAD_REQUEST, FORBIDDEN, CONFLICT, TOO_LARGE, TOO_MANY = 400, 403, 409, 413, 429  # RFC 9110 §15.5
MAX_SOURCES: Constant = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one inbox; the defaults suit a committee of 100 with rounds of seconds."""

    body_bytes: int = 17 * 1024 * 1024  # the protocol's largest message, 8 MiB, in hex, with room
    messages_per_second: float = 200
    messages_burst: float = 1000
    faults_per_second: float = 1
    faults_burst: float = 20
    duplicate_window_s: float = 1.0  # covers a retry after a lost reply; the protocol's own resends come rounds later
    duplicates: int = 4096


@dataclass(frozen=True, slots=True)
class Opened:
    """A message of a member to us."""

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


class Inbox:
    """One member's judge of incoming envelopes."""

    def __init__(
        self, epoch: Epoch, index: int, signer: MessageSigner, clock: Callable[[], float], limits: Limits
    ) -> None:
        self._epoch = epoch
        self._digest = epoch_digest(epoch.identity)
        self._index = index
        self._signer = signer
        self._clock = clock
        self._limits = limits
        self._members = Allowance[int](limits.messages_per_second, limits.messages_burst, names=epoch.n)
        self._faults = Allowance[str](limits.faults_per_second, limits.faults_burst, names=MAX_SOURCES)
        self._accepted = Recent(limits.duplicate_window_s, size=limits.duplicates)

    def refuse_unread(self, source: str, size: int | None) -> Refusal | None:
        """Rule 1 and 4, before the body is read; `size` is what the source announced."""
        if size is not None and size > self._limits.body_bytes:
            return self._fault(source, Refusal("oversized", TOO_LARGE, f"{size} bytes; the limit is {self._size}"))
        if self._faults.is_spent(source, self._clock()):
            return Refusal("rate-limited", TOO_MANY, "too many faulty messages came from this address")
        return None

    async def judge(self, source: str, body: bytes) -> Verdict:
        """The verdict on `body`, which came from `source`."""
        if (refusal := self.refuse_unread(source, len(body))) is not None:
            return refusal
        key = keccak256(body)
        if self._accepted.holds(key, self._clock()):
            return Duplicate()
        try:
            envelope = decode_envelope(body, limit=self._limits.body_bytes)
        except InvalidEncoding as error:
            return self._fault(source, Refusal("malformed", BAD_REQUEST, str(error)))
        if envelope.epoch != self._digest:  # no fault: epochs change at different moments for different members
            return Refusal("wrong-epoch", CONFLICT, f"this node is in epoch {self._digest}")
        if (refusal := self._check_parties(envelope)) is not None:
            return self._fault(source, refusal)
        return await self._open(source, key, envelope)

    def blame(self, source: str) -> None:
        """Count a fault against `source` (Rule 4)."""
        self._faults.spend(source, self._clock())

    @property
    def _size(self) -> int:
        return self._limits.body_bytes

    def _check_parties(self, envelope: Envelope) -> Refusal | None:
        if envelope.recipient not in (self._index, EVERYONE):
            return Refusal("wrong-recipient", BAD_REQUEST, f"this node is member {self._index}")
        if envelope.sender >= self._epoch.n:
            return Refusal("not-a-member", FORBIDDEN, f"the epoch has {self._epoch.n} members")
        if envelope.sender == self._index:
            return Refusal("own-message", BAD_REQUEST, "this node sends nothing to itself over the network")
        if envelope.sealed and envelope.recipient == EVERYONE:
            return Refusal("malformed", BAD_REQUEST, "a sealed message has one recipient")
        if len(envelope.signature) != SIGNATURE_BYTES:
            return Refusal("bad-signature", FORBIDDEN, f"a signature is {SIGNATURE_BYTES} bytes")
        return None

    async def _open(self, source: str, key: bytes, envelope: Envelope) -> Verdict:
        """Cryptography: unseal, verify, and then the member's own allowance (Rule 3)."""
        try:
            payload = await self._signer.unseal(envelope.payload) if envelope.sealed else envelope.payload
        except InvalidValue as error:
            return self._fault(source, Refusal("unreadable", BAD_REQUEST, str(error)))
        digest = message_digest(self._digest, envelope.sender, envelope.recipient, payload)
        if not is_signed_by(digest, envelope.signature, self._epoch.members[envelope.sender].signer):
            refusal = Refusal("bad-signature", FORBIDDEN, f"not signed by member {envelope.sender}")
            return self._fault(source, refusal)
        if not self._members.spend(envelope.sender, self._clock()):
            return Refusal("rate-limited", TOO_MANY, f"member {envelope.sender} sends too much")
        if self._accepted.holds(key, self._clock()):  # accepted while this copy was being unsealed
            return Duplicate()
        self._accepted.add(key, self._clock())
        return Opened(envelope.sender, payload)

    def _fault(self, source: str, refusal: Refusal) -> Refusal:
        self.blame(source)
        return refusal
