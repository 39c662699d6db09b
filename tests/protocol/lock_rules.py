"""Rule sets for the model checks: the real one (executor/protocol/lock.py), and each rule weakened on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from executor.model.view import View
from executor.protocol import lock
from executor.protocol.lock import Consent, Promises, extends


def kept(promises: Promises) -> Promises:
    """A restart: everything promised is in the journal."""
    return promises


@dataclass(frozen=True)
class Rules:
    """A rule set to check; the real one by default. `restored` is what a restart leaves of a member's promises."""

    may_prepare: Callable[[Promises, Consent, Consent | None], bool] = lock.may_prepare
    may_accept: Callable[[Promises, Consent], bool] = lock.may_accept
    may_vote: Callable[[Promises, Consent], bool] = lock.may_vote
    restored: Callable[[Promises], Promises] = kept
    vote_names_view: bool = True


REAL = Rules()


def no_lock_rule(promises: Promises, asked: Consent, shown: Consent | None) -> bool:
    return asked.view > promises.highest


def any_shown_certificate(promises: Promises, asked: Consent, shown: Consent | None) -> bool:
    """A certificate below the lock's view moves a member away from its lock."""
    unlocked = shown is not None and extends(asked.path, shown.path)
    return asked.view > promises.highest and (unlocked or extends(asked.path, promises.lock.path))


def several_prepares_a_view(promises: Promises, asked: Consent, shown: Consent | None) -> bool:
    lowered = Promises(promises.lock, View(promises.highest.round, 0), promises.prepared)
    return lock.may_prepare(lowered, asked, shown)


def accept_anything_above_the_lock(promises: Promises, certified: Consent) -> bool:
    return certified.view >= promises.lock.view


def accept_what_does_not_conflict(promises: Promises, certified: Consent) -> bool:
    """The first wording: a proper prefix prepared above does not conflict."""
    above = [consent.path for consent in promises.prepared if consent.view > certified.view]
    compatible = all(extends(path, certified.path) or extends(certified.path, path) for path in above)
    return certified.view >= promises.lock.view and compatible


def accept_below_the_lock(promises: Promises, certified: Consent) -> bool:
    above = [consent.path for consent in promises.prepared if consent.view > certified.view]
    return all(extends(path, certified.path) for path in above)


def vote_for_any_certificate(promises: Promises, reported: Consent) -> bool:
    return True


def prepares_forgotten(promises: Promises) -> Promises:
    return Promises(promises.lock, promises.lock.view)


def lock_forgotten(promises: Promises) -> Promises:
    return Promises(lock.NO_LOCK, promises.highest, promises.prepared)


WEAKENED = {
    "no lock rule": Rules(may_prepare=no_lock_rule),
    "any shown certificate moves the lock": Rules(may_prepare=any_shown_certificate),
    "several Prepares a view": Rules(may_prepare=several_prepares_a_view),
    "no accept rule": Rules(may_accept=accept_anything_above_the_lock),
    "first wording of the accept rule": Rules(may_accept=accept_what_does_not_conflict),
    "locks fall": Rules(may_accept=accept_below_the_lock),
    "votes for any certificate": Rules(may_vote=vote_for_any_certificate),
    "no view in the vote": Rules(vote_names_view=False),
    "a restart forgets Prepares": Rules(restored=prepares_forgotten),
    "a restart forgets the lock": Rules(restored=lock_forgotten),
}
