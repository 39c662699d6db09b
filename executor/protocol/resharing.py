"""Whether an epoch's key goes on in the next one (keygen.py, `Plan.shares_of`), and how its members come to know it.

Rule 1. The first RESHARED_ATTEMPTS attempts of an epoch hand the former key on, where chain facts let them (`hand_on`);
        later ones make a fresh key. So which is done is agreed with the attempts, by members who know nothing of it.
Rule 2. Who was a member before knows the former key's share keys, for it made them. Whoever lacks them asks everybody,
        and believes f + 1 members who say the same: one of them is honest. Who cannot learn them judges no dealing, so
        consents to none.
Rule 3. A key is handed on among as many members as before: the function of an attempt is one for both kinds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final as Constant

from executor.model.committee import Epoch

RESHARED_ATTEMPTS: Constant = 2  # the second for a member that was silent when it had to name the first list
SHORT_ROUNDS: Constant = 6  # with too few dealings, before the member that names the list says so, which ends it


def may_reshare(before: Epoch, after: Epoch) -> bool:
    """Whether shares of the key of `before` may be dealt to `after`: few of its members are new, one where f stays.

    Who took a member's node over can invent an epoch around its signer. So that he learns nothing of its share, the
    strangers in it and f - 1 members who help him are fewer than make the key, and than release a draw. Whoever
    changed a key is new, and who stands there twice is known once. The same at every member, and at every signer,
    which deals to no other (keys/draw_shares.py).
    """
    known = {(member.signer, member.encryption_key) for member in before.members}
    new = after.n - len(known & {(member.signer, member.encryption_key) for member in after.members})
    return new + max(before.f - 1, 0) <= after.f


@dataclass(slots=True)
class Former:
    """The key of the epoch before, as a member of this one has it; `shares` are empty until it knows them (Rule 2).

    `places`: where each member of this epoch stood in the one before, None for who is new.
    """

    places: tuple[int | None, ...]
    enough: int
    shares: tuple[bytes, ...] = ()
    _words: dict[int, tuple[bytes, ...]] = field(default_factory=dict)

    @property
    def dealers(self) -> int:
        """How many of this epoch's members may have a share to deal."""
        return sum(place is not None for place in self.places)

    def hear(self, member: int, shares: tuple[bytes, ...]) -> bool:
        """A member's word, its latest; whether the share keys are known by it."""
        if self.shares:
            return False
        self._words[member] = shares
        most, count = Counter(self._words.values()).most_common(1)[0]
        if count < self.enough:
            return False
        self.shares = most
        self._words.clear()
        return True


def hand_on(before: Epoch, after: Epoch, shares: tuple[bytes, ...] = ()) -> Former | None:
    """What is to be handed on, with its share keys where this member knows them; None where it may not be (Rule 1)."""
    if before.n != after.n or not may_reshare(before, after):
        return None
    stood = {(member.signer, member.encryption_key): member.index for member in before.members}
    places = tuple(stood.get((member.signer, member.encryption_key)) for member in after.members)
    return Former(places, after.f + 1, shares)
