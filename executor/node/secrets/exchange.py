"""Members read each other's secrets: `POST /v1/secrets/wanted`, an envelope (docs/wire.md §7) in, secrets out.

Rule 1. Only a member of an epoch is told of it, by its signature over its own question, a moment ago, to this member:
        sealed texts are no secret of members, and nobody else needs a copy to keep for the day a key leaks.
Rule 2. What comes back is checked like what an owner puts; a member can withhold, and another one is asked.
Rule 3. One member is asked every few seconds, each answer is bounded, and a change is told once in its life.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final as Constant
from typing import Literal

import aiohttp

from executor.crypto.digests import message_digest
from executor.crypto.secp256k1 import is_signed_by
from executor.errors import DownloadFailed, InvalidEncoding, UploadRefused
from executor.model.codec import Hex, Natural, decode, encode
from executor.model.ids import EpochDigest
from executor.model.secret import Secret
from executor.node.secrets.seat import Seat
from executor.node.secrets.store import MAX_SECRET_BYTES, SecretStore
from executor.transport.bodies import read_whole
from executor.transport.envelope import decode_envelope, encode_envelope, make_envelope
from executor.transport.limits import Allowance

PATH: Constant = "/v1/secrets/wanted"
MAX_QUESTION_BYTES: Constant = 2_048  # an envelope around some 150 bytes
AT_ONCE: Constant = 16  # secrets of one answer
ANSWERS: Constant = 4  # read from a member in its turn: what it makes up costs a signature and a look at the chain each
MAX_ANSWER_BYTES: Constant = AT_ONCE * MAX_SECRET_BYTES + 1_024
TIMEOUT_S: Constant = 10.0
MAX_AGE_S: Constant = 120.0  # of a question: clocks may differ
PER_SECOND: Constant = 2.0  # questions of one member
BURST: Constant = 300.0  # as many answers as hold 4,096 secrets
LIFE_BYTES: Constant = 16
OK: Constant = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What changed in the epoch after change `after` of the asked process's `life`; empty where none is known."""

    after: Natural
    life: Hex
    time: Natural
    type: Literal["secrets-wanted"] = "secrets-wanted"


@dataclass(frozen=True, slots=True)
class Offered:
    """The answer: read on after change `next` of this `life`."""

    life: Hex
    next: Natural
    secrets: tuple[Secret, ...]


class Exchange:
    """Asks and answers."""

    def __init__(self, store: SecretStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._life = secrets.token_bytes(LIFE_BYTES)
        self._read: dict[tuple[EpochDigest, int], tuple[bytes, int]] = {}  # of each member of each epoch served
        self._asked: Allowance[tuple[EpochDigest, int]] = Allowance(PER_SECOND, BURST, names=4_096)

    def answer(self, seats: Mapping[EpochDigest, Seat], body: bytes) -> bytes:
        """What a member asked for; raises UploadRefused (Rule 1) or InvalidEncoding."""
        envelope = decode_envelope(body, limit=MAX_QUESTION_BYTES)
        seat = seats.get(envelope.epoch)
        if seat is None:
            raise UploadRefused("this node does not serve that epoch")
        sender, members = envelope.sender, seat.epoch.members
        if envelope.recipient != seat.index or envelope.sealed or sender >= len(members) or sender == seat.index:
            raise UploadRefused(f"a question is another member's, open, and to member {seat.index}")
        digest = message_digest(seat.digest, sender, seat.index, envelope.payload)
        if not is_signed_by(digest, envelope.signature, members[sender].signer):
            raise UploadRefused(f"not signed by member {sender}")
        wanted: Wanted = decode(Wanted, envelope.payload, limit=MAX_QUESTION_BYTES)
        if abs(self._clock() - wanted.time) > MAX_AGE_S:
            raise UploadRefused(f"asked {self._clock() - wanted.time:.0f} s ago by this node's clock")
        if not self._asked.spend((seat.digest, sender), self._clock()):
            raise UploadRefused(f"member {sender} asks too often")
        after = wanted.after if wanted.life == self._life else 0
        told, following = self._store.after(seat.digest, after, AT_ONCE)
        return encode(Offered(self._life, following, tuple(told)))

    async def ask(
        self,
        session: aiohttp.ClientSession,
        seat: Seat,
        member: int,
        take: Callable[[Secret], Awaitable[None]],
    ) -> None:
        """Have `take` called with what is new of a member, ANSWERS at most; the rest waits for its next turn.

        Raises DownloadFailed, and what `take` raises.
        """
        key = (seat.digest, member)
        for _ in range(ANSWERS):
            life, after = self._read.get(key, (b"", 0))
            question = encode(Wanted(after, life, int(self._clock())))
            envelope = await make_envelope(seat.epoch, seat.signer, seat.index, member, question, sealed=False)
            url = seat.epoch.members[member].endpoint.rstrip("/") + PATH
            data = await _post(session, url, encode_envelope(envelope))
            try:
                offered: Offered = decode(Offered, data, limit=MAX_ANSWER_BYTES)
            except InvalidEncoding as error:
                raise DownloadFailed(str(error)) from error
            if len(offered.secrets) > AT_ONCE:
                raise DownloadFailed(f"more than {AT_ONCE} secrets")
            for secret in offered.secrets:
                if secret.epoch == seat.digest:
                    await take(secret)
            if offered.life == life and offered.next < after:
                raise DownloadFailed(f"it tells change {offered.next} after change {after}")
            self._read[key] = (offered.life, offered.next)
            if len(offered.secrets) < AT_ONCE:
                return

    def forget(self, epoch: EpochDigest) -> None:
        """Ask about this epoch no more."""
        self._read = {key: value for key, value in self._read.items() if key[0] != epoch}


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> bytes:
    """The answer's bytes; raises DownloadFailed."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with session.post(url, data=body, allow_redirects=False, timeout=timeout) as response:
            if response.status != OK:
                raise DownloadFailed(f"status {response.status}")
            data = await read_whole(response.content, MAX_ANSWER_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise DownloadFailed(f"{type(error).__name__}: {error}") from error
    if data is None:
        raise DownloadFailed(f"more than {MAX_ANSWER_BYTES} bytes")
    return data
