"""What a signer keeps of draw keys, in its record: plans, its own dealings, its shares (draw_shares.py).

Rule 1. Every text is encrypted (XChaCha20-Poly1305, libsodium) under a key that follows from the encryption secret of
        the key set, which any share was sealed to: whoever has one can open the other, and the password protects both.
Rule 2. A text is bound to the record's signer, its epoch and its name: none opens in another's place.
Rule 3. MAX_EPOCHS of a committee, the latest, and MAX_IN_ALL altogether. What is forgotten is overwritten on the disk.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any, Literal, TypeAlias
from typing import Final as Constant

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from executor.crypto.digests import epoch_digest
from executor.errors import InvalidValue, StoreError
from executor.keys.record import SignerRecord
from executor.model.committee import EpochIdentity
from executor.model.ids import Address

Name: TypeAlias = Literal["plan", "plan-anew", "share", "share-anew", "key"]

MAX_EPOCHS: Constant = 16  # a node serves as many at a time (transport/inbox.py)
MAX_IN_ALL: Constant = 64  # of all committees that one key set serves
PURPOSE: Constant = b"draw key shares"  # at most 16 bytes (BLAKE2b)

_COMMITTEE = "chain_id = ? AND router = ? AND committee = ?"


class ShareStore:
    """The kept texts of one key set."""

    def __init__(self, record: SignerRecord, signer: Address, encryption_secret: bytes) -> None:
        self._record = record
        self._signer = signer
        self._box = Aead(hashlib.blake2b(key=encryption_secret, person=PURPOSE, digest_size=Aead.KEY_SIZE).digest())

    def save(self, epoch: EpochIdentity, name: Name, text: bytes) -> None:
        """Keep a text, within a transaction of the record; raises InvalidValue where there is no place (Rule 3)."""
        connection = self._record.connection
        box = bytes(self._box.encrypt(text, self._context(epoch, name)))
        connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?, ?)", (*_key(epoch), name, box))
        numbers = [number for (number,) in connection.execute(_NUMBERS, _key(epoch)[:3])]
        if numbers[MAX_EPOCHS:]:
            if epoch.number <= numbers[MAX_EPOCHS]:
                raise InvalidValue(f"epoch {epoch.number} is over: shares of {MAX_EPOCHS} later ones are kept")
            connection.execute(_FORGET, (*_key(epoch)[:3], numbers[MAX_EPOCHS]))
        (count,) = connection.execute(_COUNT).fetchone()
        if count > MAX_IN_ALL:
            raise InvalidValue(f"shares of {MAX_IN_ALL} epochs are kept: have those that are over forgotten")

    def find(self, epoch: EpochIdentity, name: Name) -> bytes | None:
        """A kept text; raises StoreError when it is damaged."""
        query = f"SELECT box FROM kept WHERE {_COMMITTEE} AND number = ? AND name = ?"  # noqa: S608 # constants
        row = self._record.read(lambda connection: connection.execute(query, (*_key(epoch), name)).fetchone())
        if row is None:
            return None
        try:
            return self._box.decrypt(row[0], self._context(epoch, name))
        except (CryptoError, TypeError) as error:
            raise StoreError(
                f"what the signer's record keeps of epoch {epoch.number}'s draw key is damaged ({name}): this member "
                "has no part in that epoch's draws; votes go on"
            ) from error

    def epochs(self, epoch: EpochIdentity) -> list[EpochIdentity]:
        """The epochs of this one's committee of which something is kept, the latest first."""
        rows = self._record.read(lambda connection: connection.execute(_NUMBERS, _key(epoch)[:3]).fetchall())
        return [EpochIdentity(epoch.chain_id, epoch.router, epoch.committee, number) for (number,) in rows]

    def forget(self, epoch: EpochIdentity) -> None:
        """Delete what is kept of this epoch and of its committee's earlier ones; durable when it returns."""
        if self._record.transact(lambda: self._record.connection.execute(_FORGET, _key(epoch)).rowcount):
            self._record.read(_truncate)

    def _context(self, epoch: EpochIdentity, name: str) -> bytes:
        return bytes(self._signer) + epoch_digest(epoch) + name.encode()


def _truncate(connection: sqlite3.Connection) -> None:
    """Empty the write-ahead log, which still has the rows as they were."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


_NUMBERS = f"SELECT DISTINCT number FROM kept WHERE {_COMMITTEE} ORDER BY number DESC"  # noqa: S608 # constants
_FORGET = f"DELETE FROM kept WHERE {_COMMITTEE} AND number <= ?"  # noqa: S608 # constants
_COUNT = "SELECT count(*) FROM (SELECT DISTINCT chain_id, router, committee, number FROM kept)"


def _key(epoch: EpochIdentity) -> tuple[Any, ...]:
    return epoch.chain_id, bytes(epoch.router), bytes(epoch.committee), epoch.number
