"""A member's shares of draw keys: dealt, judged, added up and used here, and told to nobody (protocol/keygen.py).

Rule 1. What is dealt follows from the seed and the epoch; how it is sealed does not. So a dealing is made once, and
        kept whole by whoever asks for it (draw_shares.py).
Rule 2. A share is used only when it is what the dealing's commitments say. It is known by the dealing's hash, and
        opened and checked again where it is not: a dealing holds it, sealed, for good.
Rule 3. A sealed share names epoch and dealer: in another epoch, or as another's dealing, it is not good.
Rule 4. A sum of shares is kept by the list of dealings it is of; signing names the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from executor.crypto.digests import dkg_hash, epoch_digest
from executor.crypto.threshold import Dealing as Dealt
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
from executor.keys.sealing import seal_share, unseal_share
from executor.model.committee import Epoch, Member
from executor.model.ids import Digest
from executor.protocol.dealings import Dealing, Opened, encode_list, hash_of
from executor.protocol.key_plan import Plan, opening_context, resharing_context


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
        place = resharing_context(self.epoch, plan.dealer)
        sealed = tuple(_sealed(dealt, member, place) for member in self.epoch.members)
        opened = prove_dealt(dealt, place) if plan.reshared else b""
        return Dealing(plan.dealer, dealt.commitments(), sealed, opened)

    def judge(self, dealing: Dealing) -> bool:
        """Whether this member's share is good (Rules 2 and 3)."""
        return self._unsealed(dealing) is not None

    def open(self, dealings: Sequence[Dealing]) -> Opened:
        """The public key of the sum of its shares, with its proof; raises InvalidValue where one is not held."""
        shares: dict[int, Share] = {}
        for dealing in dealings:
            if (share := self._unsealed(dealing)) is None:
                raise InvalidValue(f"this member's share of dealer {dealing.dealer}'s dealing is not good")
            shares[dealing.dealer] = share
        made = self.made(dealings)
        self._sums[made] = combine_shares(shares, weighted=self.plan.reshared)
        return self.opened(made)

    def made(self, dealings: Sequence[Dealing]) -> Digest:
        """The hash of the key that these dealings make."""
        hashes = {dealing.dealer: hash_of(self.epoch.identity, dealing) for dealing in dealings}
        return dkg_hash(epoch_digest(self.epoch.identity), self.plan.threshold, encode_list(hashes))

    def opened(self, made: Digest) -> Opened:
        """The public key of a sum that is held, with its proof: the same whenever it is asked for."""
        return Opened(*open_share(self.share(made), opening_context(made, self.index)))

    def take(self, made: Digest, total: Share) -> None:
        """A sum that was kept, after a restart."""
        self._sums[made] = total

    def share(self, made: Digest) -> Share:
        """The share of a key, to deal anew; raises InvalidValue where none is held."""
        if (found := self._sums.get(made)) is None:
            raise InvalidValue(f"no share of the key {made} is held")
        return found

    def sign(self, made: Digest, digest: Digest) -> bytes:
        """This member's part of a signature by the key; raises InvalidValue where no share is held."""
        return sign_partly(self.share(made).value, digest)

    def _unsealed(self, dealing: Dealing) -> Share | None:
        """This member's share of a dealing; None for one that is not good."""
        hashed, place = hash_of(self.epoch.identity, dealing), resharing_context(self.epoch, dealing.dealer)
        if (known := self._good.get(hashed)) is not None:
            return known
        try:
            sealed = unseal_share(self.encryption_secret, dealing.sealed[self.index])
            share = Share.decode(sealed.removeprefix(place))  # Rule 3: of another place it is too long
            if not check_share(points(dealing.commitments), self.index, share):
                return None
        except InvalidValue:
            return None
        while len(self._good) >= 2 * self.plan.dealers:  # more than honest dealers make: opened again when needed
            del self._good[next(iter(self._good))]
        self._good[hashed] = share
        return share


def _sealed(dealt: Dealt, member: Member, context: bytes) -> bytes:
    return seal_share(member.encryption_key, context + dealt.share(member.index).encode())
