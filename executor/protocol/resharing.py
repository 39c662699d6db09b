"""Whether an epoch's key goes on in the next one (keygen.py, `Plan.shares_of`), or a fresh one is made."""

from __future__ import annotations

from executor.model.committee import Epoch


def may_reshare(before: Epoch, after: Epoch) -> bool:
    """Whether shares of the key of `before` may be dealt to `after`: at most f of its members are new.

    So an epoch that somebody invents around one member has too few strangers in it to learn that member's share; a key
    that stands there twice is known once, since its owner would be dealt two shares. The same at every member, and at
    every signer, which deals to no other (keys/draw_shares.py).
    """
    known = {member.encryption_key for member in before.members}
    return after.n - len(known & {member.encryption_key for member in after.members}) <= after.f
