"""A quorum's word for an epoch's draw key: signatures, checked as they come, put together into the proof of it.

Rule 1. A member signs the key that it knows for itself (keygen.py), and no other.
Rule 2. Before it knows the key it keeps one signature of each member unchecked; a later one takes its place.
Rule 3. A proof stands for itself, whoever shows it: it says which key, and which list of dealings, q members signed.
"""

from __future__ import annotations

from executor.crypto.draw_keys import check_draw_key, signed_digest
from executor.crypto.proofs import build_proof
from executor.crypto.suite import REAL, Suite
from executor.errors import InvalidValue, RuleBroken, VerificationFailed
from executor.model.committee import Epoch
from executor.model.draw_key import CertifiedDrawKey, DrawKey, ShownDrawKey
from executor.model.ids import Digest
from executor.model.report import Scheme, Vote


def scheme_of(epoch: Epoch) -> Scheme:
    """What a key is signed for: the epoch's first verifier, which every epoch on chain has."""
    return epoch.verifiers[0].scheme if epoch.verifiers else Scheme.ECDSA


class Certification:
    """The signatures of one epoch's key, as one member has them."""

    def __init__(self, epoch: Epoch, suite: Suite = REAL) -> None:
        self._epoch = epoch
        self._suite = suite
        self._scheme = scheme_of(epoch)
        self._digest: Digest | None = None
        self._unchecked: dict[int, bytes] = {}
        self._good: dict[int, bytes] = {}

    def know(self, key: DrawKey) -> None:
        """The key that this member knows: what was kept is checked."""
        self._digest = signed_digest(self._epoch, key.public_key, key.hash)
        unchecked, self._unchecked = self._unchecked, {}
        for member, signature in unchecked.items():
            if self._verifies(self._digest, member, signature):
                self._good[member] = signature

    def hear(self, member: int, signature: bytes) -> None:
        """A member's signature; raises RuleBroken for one that does not verify."""
        if member in self._good:
            return
        if self._digest is None:
            self._unchecked[member] = signature
        elif self._verifies(self._digest, member, signature):
            self._good[member] = signature
        else:
            raise RuleBroken("its signature of the draw key does not verify", member)

    def proof(self) -> bytes | None:
        """Of a quorum's signatures, once there are so many."""
        if len(self._good) < self._epoch.quorum:
            return None
        is_ecdsa = self._scheme is Scheme.ECDSA
        votes = [
            Vote(member, self._good[member] if is_ecdsa else b"", b"" if is_ecdsa else self._good[member])
            for member in sorted(self._good)[: self._epoch.quorum]
        ]
        return build_proof(self._scheme, self._epoch, votes, self._suite)

    def certified(self, key: DrawKey, proof: bytes) -> CertifiedDrawKey:
        """The key with its proof."""
        return CertifiedDrawKey(key, self._scheme, proof)

    def check(self, public_key: bytes, hash: Digest, proof: bytes, sender: int) -> None:
        """Rule 3; raises RuleBroken."""
        try:
            check_draw_key(self._epoch, ShownDrawKey(public_key, hash, self._scheme, proof), self._suite)
        except (VerificationFailed, InvalidValue) as error:
            raise RuleBroken(f"a certified draw key: {error}", sender) from error

    def _verifies(self, digest: Digest, member: int, signature: bytes) -> bool:
        registered, suite = self._epoch.members[member], self._suite
        if self._scheme is Scheme.ECDSA:
            return suite.is_signed_by(digest, signature, registered.signer)
        return suite.is_point(signature) and suite.all_signed([registered.bls_key], digest, [signature])
