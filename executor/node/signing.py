"""The signer process as the driver needs it: each ask says what this node's journal knows (executor/keys/standing.py).

Rule 1. The journal's sequence goes with every ask, after what is signed was saved; the signer keeps the highest. It
        counts, for one signer's key, the commits that hold what its signatures rest on, and nothing else: a journal
        from a copy grows with the chain and with other keys' promises, and must not grow true by that.
Rule 2. The record's counter comes back with every answer and is saved before the signature is used: for all of a
        driver's turn at once.
Rule 3. A signer that says that it or the journal is an old copy ends the node; an epoch that begins so is not served.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final as Constant
from typing import Protocol

from executor.errors import SigningBarred, StoreError
from executor.keys.messages import CounterStated, Signed
from executor.keys.standing import ADVICE, JOURNAL_ID_BYTES, JournalMark
from executor.model.committee import Epoch, EpochIdentity
from executor.model.ids import RequestId
from executor.model.report import Scheme
from executor.node.draw_key.signs_shares import SignsShares
from executor.protocol.statements import Signatures, Statement
from executor.store.journal import Journal
from executor.transport.interface import MessageSigner

JOURNAL: Constant = RequestId(bytes(32))  # the journal's key for what is about itself
NAME: Constant = "journal-name"
RECORD_COUNTER: Constant = "record-counter"
SEQUENCE: Constant = "promise-sequence"
PROMISE: Constant = "record"  # the kind of entry that promises stand in (executor/protocol/record.py)
BARRED: Constant = "barred"


class Signs(Protocol):
    """The verbs of a signer's client that are needed here."""

    async def begin(self, epoch: EpochIdentity, mark: JournalMark) -> int:
        """The record's counter."""

    async def sign(self, statement: Statement, mark: JournalMark, *, bls: bool) -> Signed:
        """Signatures and the record's counter."""

    async def state_counter(self, epoch: EpochIdentity) -> CounterStated:
        """The record's counter, signed."""

    async def show_counter(self, epoch: EpochIdentity, counter: int, signature: bytes, latest_epoch: int) -> int:
        """The record's counter, unless it is below what is shown."""


class SignsAll(Signs, SignsShares, MessageSigner, Protocol):
    """A signer's client as a whole node needs it."""


class Keeps(Protocol):
    """The journal, as the driver writes it."""

    def save(self, request_id: RequestId, kind: str, value: bytes) -> None:
        """Durable when it returns, or with the transaction it is part of."""

    def find(self, request_id: RequestId, kind: str) -> bytes | None:
        """The value, or None."""

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is durable together when it ends."""

    def flush(self) -> None:
        """Everything saved so far is durable."""


class PromiseJournal:
    """A journal that counts a key's promises in the commit that holds them (Rule 1)."""

    def __init__(self, journal: Keeps, key: RequestId) -> None:
        self._journal = journal
        self._key = key
        self._depth = 0
        self._promised = False

    def save(self, request_id: RequestId, kind: str, value: bytes) -> None:
        """As Journal says."""
        with self.transaction():
            self._journal.save(request_id, kind, value)
            self._promised |= kind == PROMISE

    def find(self, request_id: RequestId, kind: str) -> bytes | None:
        """As Journal says."""
        return self._journal.find(request_id, kind)

    def flush(self) -> None:
        """As Journal says."""
        self._journal.flush()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As Journal says; the outermost one counts."""
        if self._depth:
            yield
            return
        self._depth, self._promised = 1, False
        try:
            with self._journal.transaction():
                yield
                if self._promised:
                    self._journal.save(self._key, SEQUENCE, str(sequence_of(self._journal, self._key) + 1).encode())
        finally:
            self._depth = 0


def sequence_of(journal: Keeps, key: RequestId) -> int:
    """How many commits held promises of a key."""
    return int(journal.find(key, SEQUENCE) or 0)


class ProtocolSigner:
    """Signs one epoch's statements; asks for BLS signatures too where the epoch has a BLS verifier.

    `latest_epoch`: the last epoch known to have begun; an old copy is barred from everything up to it.
    """

    def __init__(self, client: Signs, epoch: Epoch, index: int, journal: Journal, *, latest_epoch: int = 0) -> None:
        self._client = client
        self._epoch = epoch.identity
        self._journal = journal
        self._bls = any(verifier.scheme is Scheme.BLS for verifier in epoch.verifiers)
        self._key = RequestId(epoch.members[index].signer.rjust(RequestId.size, b"\0"))
        self._latest_epoch = max(latest_epoch, epoch.number)

    @property
    def record_counter(self) -> int:
        """What the journal knows of the record's counter; the sessions of one key share it."""
        return int(self._journal.find(self._key, RECORD_COUNTER) or 0)

    def counting(self, journal: Keeps) -> PromiseJournal:
        """The journal as the driver of this signer's epoch writes it (Rule 1)."""
        return PromiseJournal(journal, self._key)

    async def begin(self) -> None:
        """Before anything is signed: SigningBarred when journal or record is not the latest there was."""
        barred = self._journal.find(self._key, BARRED)
        if barred is not None and self._epoch.number <= int(barred):
            raise SigningBarred(
                "this journal was restored together with an old signer's record: it serves no epoch up to "
                f"{int(barred)}, for good; {ADVICE}"
            )
        if self._journal.find(JOURNAL, NAME) is None:
            self._journal.save(JOURNAL, NAME, secrets.token_bytes(JOURNAL_ID_BYTES))
        self.count(await self._client.begin(self._epoch, self.mark()))
        self._journal.flush()

    async def sign(self, statement: Statement) -> Signatures:
        """Signatures over a statement, to be used after a `flush` of the journal.

        Raises SigningRefused, SignerUnavailable, or StoreError (Rule 3).
        """
        try:
            signed = await self._client.sign(statement, self.mark(), bls=self._bls)
        except SigningBarred as error:
            raise StoreError(str(error)) from error
        self.count(signed.record_counter)
        return signed.signatures

    async def state_counter(self) -> CounterStated:
        """What other members may keep of this signer's record."""
        return await self._client.state_counter(self._epoch)

    async def show(self, counter: int, signature: bytes) -> None:
        """What a member kept of this signer's record; StoreError, for good, when the record holds less."""
        try:
            await self._client.show_counter(self._epoch, counter, signature, self._latest_epoch)
        except SigningBarred as error:
            self._journal.save(self._key, BARRED, str(self._latest_epoch).encode())
            raise StoreError(str(error)) from error

    def mark(self) -> JournalMark:
        """What the journal knows, for one ask (Rule 1)."""
        name = self._journal.find(JOURNAL, NAME)
        assert name is not None, "begin comes first"
        return JournalMark(name, sequence_of(self._journal, self._key), self.record_counter, self._latest_epoch)

    def count(self, counter: int) -> None:
        """The record's counter came back: to be used after a `flush` of the journal (Rule 2)."""
        if counter > self.record_counter:
            with self._journal.soon():  # whoever asked for signatures flushes before it uses them
                self._journal.save(self._key, RECORD_COUNTER, str(counter).encode())
