"""A quorum's word for its epoch's draw key, as contracts/src/DrawKeys.sol judges it (docs/wire.md §2, `DrawKey`)."""

from __future__ import annotations

from executor.crypto import bls
from executor.crypto.digests import draw_key_digest
from executor.crypto.proofs import check_signed
from executor.crypto.suite import REAL, Suite
from executor.errors import VerificationFailed
from executor.model.committee import Epoch
from executor.model.draw_key import ShownDrawKey
from executor.model.ids import Digest


def signed_digest(epoch: Epoch, public_key: bytes, made: Digest) -> Digest:
    """What members sign of a key of 96 bytes; raises InvalidValue for what is no key."""
    return draw_key_digest(epoch.identity, bls.to_evm_g2(public_key), made)


def check_draw_key(epoch: Epoch, shown: ShownDrawKey, suite: Suite = REAL) -> frozenset[int]:
    """The members that signed the key; raises VerificationFailed, or InvalidValue for what is no key."""
    if all(verifier.scheme is not shown.scheme for verifier in epoch.verifiers):
        raise VerificationFailed("draw key", f"the epoch has no {shown.scheme} verifier")
    digest = signed_digest(epoch, shown.public_key, shown.hash)
    return check_signed(shown.scheme, epoch, digest, shown.proof, suite)
