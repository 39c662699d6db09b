"""Whether an epoch's key goes on in the next one (keygen.py, `Plan.shares_of`), or a fresh one is made."""

from __future__ import annotations

from executor.model.committee import Epoch


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
