"""The secrets a node keeps, sealed as they came, in its journal.

Rule 1. Of one (epoch, owner, function, name) the highest version is kept, and its number stays known until the epoch is
        dropped, also when the secret was deleted or has expired: an older one never comes back.
Rule 2. What an account put counts against its quota, everything against the node's; what is deleted counts, too, as
        long as its version has to be known.
Rule 3. Changes have numbers, rising in one life of the process, by which the other members read on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final as Constant
from typing import Literal, TypeAlias

from executor.crypto.digests import secret_context
from executor.errors import InvalidValue
from executor.model.codec import decode, encode
from executor.model.committee import MAX_MEMBERS
from executor.model.ids import Address, Digest, EpochDigest, FunctionId, RequestId
from executor.model.secret import MAX_VALUE_BYTES, Secret
from executor.store.journal import Journal

KIND: Constant = "secret"
MAX_SECRET_BYTES: Constant = 2 * (MAX_VALUE_BYTES + 80 * MAX_MEMBERS) + 2_048  # the sealed text in hex, and the rest
State: TypeAlias = Literal["held", "deleted", "expired"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret without its sealed text, which stays in the journal while there is one."""

    secret: Secret
    has_text: bool
    change: int

    def state(self, now: float) -> State:
        """What becomes of a run that asks for it at this time."""
        if self.secret.expires == 0:
            return "deleted"
        return "held" if self.has_text and now < self.secret.expires else "expired"


class SecretStore:
    """Secrets by (epoch, owner, function, name)."""

    def __init__(self, journal: Journal, *, total: int, per_account: int, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._total = total
        self._per_account = per_account
        self._clock = clock
        self._changes = 0
        self._kept: dict[Digest, Kept] = {}
        for key, value in journal.load(KIND):
            self._remember(Digest(key), decode(Secret, value, limit=MAX_SECRET_BYTES))

    def find(self, epoch: EpochDigest, owner: Address, function: FunctionId, name: str) -> Kept | None:
        """What is known of a secret."""
        return self._kept.get(_key(epoch, owner, function, name))

    def load(self, kept: Kept) -> Secret:
        """The same with its sealed text."""
        value = self._journal.find(RequestId(_key_of(kept.secret)), KIND)
        return kept.secret if value is None else decode(Secret, value, limit=MAX_SECRET_BYTES)

    def check(self, secret: Secret) -> bool:
        """Whether this changes anything; raises InvalidValue for what is older than what is known, or over a quota."""
        known = self._kept.get(_key_of(secret))
        if known is not None:
            if secret.version < known.secret.version:
                raise InvalidValue(
                    f"version {secret.version} of {secret.name}: version {known.secret.version} is known"
                )
            if secret.version == known.secret.version and secret.signature != known.secret.signature:
                raise InvalidValue(
                    f"another version {secret.version} of {secret.name} is known: put it again as a newer one"
                )
            return secret.version > known.secret.version
        own = sum(each.secret.owner == secret.owner for each in self._kept.values())
        if own >= self._per_account:
            raise InvalidValue(f"this node keeps {own} secrets of account {secret.owner}, its quota")
        if len(self._kept) >= self._total:
            raise InvalidValue(f"this node keeps {len(self._kept)} secrets, its quota")
        return True

    def add(self, secret: Secret) -> None:
        """Keep what `check` found new."""
        key = _key_of(secret)
        self._journal.save(RequestId(key), KIND, encode(secret))
        self._remember(key, secret)

    def all(self) -> Iterator[Kept]:
        """Everything known, in the order of first coming."""
        yield from self._kept.values()

    def after(self, epoch: EpochDigest, change: int, limit: int) -> tuple[list[Secret], int]:
        """What changed in an epoch after `change`, at most `limit` of it, and the change to go on from."""
        now = self._clock()
        newer = sorted((each.change, each) for each in self._kept.values() if each.change > change)
        told: list[Secret] = []
        for number, kept in newer:
            if kept.secret.epoch != epoch or kept.state(now) == "expired":
                continue
            if len(told) == limit:
                return told, change
            told.append(self.load(kept))
            change = number
        return told, self._changes

    def expire(self) -> list[Secret]:
        """Forget the sealed texts whose time is over; those they were of."""
        now = self._clock()
        over = [each.secret for each in self._kept.values() if each.has_text and now >= each.secret.expires]
        for secret in over:
            self.add(secret)
        return over

    def epochs(self) -> set[EpochDigest]:
        """The epochs of everything known."""
        return {each.secret.epoch for each in self._kept.values()}

    def drop(self, epoch: EpochDigest) -> None:
        """Forget everything of an epoch."""
        for key in [key for key, each in self._kept.items() if each.secret.epoch == epoch]:
            self._journal.delete(RequestId(key), KIND)
            del self._kept[key]

    def _remember(self, key: Digest, secret: Secret) -> None:
        self._changes += 1
        self._kept[key] = Kept(replace(secret, sealed=b""), bool(secret.sealed), self._changes)


def _key_of(secret: Secret) -> Digest:
    return _key(secret.epoch, secret.owner, secret.function_id, secret.name)


def _key(epoch: EpochDigest, owner: Address, function: FunctionId, name: str) -> Digest:
    return secret_context(epoch, owner, function, name, 0, 0)
