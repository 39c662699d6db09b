"""A member's shares of draw keys: dealt, judged, added up and used here, and told to nobody (protocol/keygen.py).

Rule 1. What is dealt follows from the seed and the epoch: dealing again, after a restart, deals the same.
Rule 2. A share is used only when it is what the dealing's commitments say, and kept by the dealing's hash.
Rule 3. A sum of shares is kept by the list of dealings it is of; signing names the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from executor.crypto.digests import dkg_hash, epoch_digest
from executor.crypto.threshold import (
    Share,
    check_share,
    combine_shares,
    deal,
    open_share,
    points,
    prove_dealt,
    sign_partly,
)
from executor.errors import InvalidValue
from executor.keys.sealing import seal, unseal
from executor.model.committee import Epoch
from executor.model.ids import Digest
from executor.protocol.dealings import Dealing, Opened, encode_list, hash_of
from executor.protocol.keygen import Plan, opening_context, resharing_context


@dataclass(slots=True)
class Shares:
    """Member `index`'s, of the key of one epoch; `held` is its share of the key that is dealt anew, if any."""

    epoch: Epoch
    index: int
    plan: Plan
    seed: bytes = field(repr=False)
    encryption_secret: bytes = field(repr=False)
    held: Share | None = field(default=None, repr=False)
    _good: dict[Digest, Share] = field(default_factory=dict, repr=False)
    _sums: dict[Digest, Share] = field(default_factory=dict, repr=False)

    def deal(self) -> Dealing:
        """This member's dealing; raises InvalidValue where it is no dealer."""
        plan = self.plan
        if plan.dealer is None or plan.reshared != (self.held is not None):
            raise InvalidValue("this member has nothing to deal for the epoch")
        context = Digest(epoch_digest(self.epoch.identity))
        dealt = deal(self.seed, context, plan.threshold, secret=None if self.held is None else self.held.value)
        sealed = tuple(seal(member.encryption_key, dealt.share(member.index).encode()) for member in self.epoch.members)
        opened = b""
        if plan.reshared:
            opened = prove_dealt(dealt, resharing_context(self.epoch, plan.dealer))
        return Dealing(plan.dealer, dealt.commitments(), sealed, opened)

    def judge(self, dealing: Dealing) -> bool:
        """Whether this member's share is good (Rule 2)."""
        try:
            share = Share.decode(unseal(self.encryption_secret, dealing.sealed[self.index]))
            good = check_share(points(dealing.commitments), self.index, share)
        except InvalidValue:
            return False
        if good:
            self._good[hash_of(self.epoch.identity, dealing)] = share
        return good

    def open(self, dealings: Sequence[Dealing]) -> Opened:
        """The public key of the sum of its shares, with its proof; raises InvalidValue where one is not held."""
        hashes = {dealing.dealer: hash_of(self.epoch.identity, dealing) for dealing in dealings}
        if not all(hashed in self._good for hashed in hashes.values()):
            raise InvalidValue("a share of these dealings is not held")
        made = dkg_hash(epoch_digest(self.epoch.identity), self.plan.threshold, encode_list(hashes))
        shares = {dealer: self._good[hashed] for dealer, hashed in hashes.items()}
        total = self._sums[made] = combine_shares(shares, weighted=self.plan.reshared)
        return Opened(*open_share(total, opening_context(made, self.index)))

    def share(self, made: Digest) -> Share:
        """The share of a key, to deal anew; raises InvalidValue where none is held."""
        if (found := self._sums.get(made)) is None:
            raise InvalidValue(f"no share of the key {made} is held")
        return found

    def sign(self, made: Digest, digest: Digest) -> bytes:
        """This member's part of a signature by the key; raises InvalidValue where no share is held."""
        return sign_partly(self.share(made).value, digest)
