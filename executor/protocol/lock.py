"""The rules of one member for one request: what it may prepare, accept and vote for (protocol.md).

Rule 1. Prepare T in view v only if v is above every view prepared in before, and T equals or extends the lock's
        transcript, or the proposal shows a certificate C(v2, T2) with v2 above the lock's view and T equal to or
        extending T2. (That the proposal comes from the leader of v's round, while that is the member's current round,
        is checked where messages are: agreement.py.)
Rule 2. Accept C(v, T), and lock on it, only if v is at least the lock's view and every transcript prepared in a view
        above v equals or extends T.
Rule 3. Vote for a report over T with view v only while the lock is exactly C(v, T).

Together: at most one outcome of a request can ever be attested (P2). Each rule is needed:
tests/protocol/lock_explorer.py tries every state within bounds, and finds two when any one is weakened.

A transcript is known here by its path, the tuple of its entry hashes. Everything is a value and pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from executor.model.ids import EntryHash
from executor.model.view import NO_VIEW, View

Path: TypeAlias = tuple[EntryHash, ...]


@dataclass(frozen=True, slots=True)
class Consent:
    """A path in a view: what a Prepare consents to, what a certificate certifies."""

    view: View
    path: Path


NO_LOCK = Consent(NO_VIEW, ())
"""The lock of a member that accepted nothing; also what requests without observations are voted on."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What a member is bound by.

    `prepared` holds, for each path prepared above the lock's view, the highest such view: Rule 2 needs no more,
    because no certificate below the lock is ever accepted again.
    """

    lock: Consent = NO_LOCK
    highest: View = NO_VIEW
    prepared: tuple[Consent, ...] = ()


def extends(longer: Path, shorter: Path) -> bool:
    """Whether `longer` equals `shorter` or continues it."""
    return longer[: len(shorter)] == shorter


def may_prepare(promises: Promises, asked: Consent, shown: Consent | None) -> bool:
    """Rule 1."""
    if asked.view <= promises.highest:
        return False
    if extends(asked.path, promises.lock.path):
        return True
    return shown is not None and shown.view > promises.lock.view and extends(asked.path, shown.path)


def may_accept(promises: Promises, certified: Consent) -> bool:
    """Rule 2."""
    if certified.view < promises.lock.view:
        return False
    above = [consent.path for consent in promises.prepared if consent.view > certified.view]
    return all(extends(path, certified.path) for path in above)


def may_vote(promises: Promises, reported: Consent) -> bool:
    """Rule 3."""
    return promises.lock == reported


def prepare(promises: Promises, asked: Consent) -> Promises:
    """The promises after preparing; call only what `may_prepare` allows."""
    others = tuple(consent for consent in promises.prepared if consent.path != asked.path)
    return replace(promises, highest=asked.view, prepared=(*others, asked))


def accept(promises: Promises, certified: Consent) -> Promises:
    """The promises after locking on a certificate; call only what `may_accept` allows."""
    above = tuple(consent for consent in promises.prepared if consent.view > certified.view)
    return replace(promises, lock=certified, prepared=above)
