"""Votes into proofs, and proofs back into signers: what the verifier contracts check, off chain (docs/wire.md §3).

Rule 1. A proof names its signers in a bitmap; a bit at or above n is refused.
Rule 2. A quorum or more distinct members (P1); nothing follows the last signature.
Rule 3. A vote counts with every signature its epoch's verifiers need: ECDSA always, BLS where a verifier is BLS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final as Constant
from typing import NoReturn

from executor.crypto.digests import attestation_digest
from executor.crypto.secp256k1 import SIGNATURE_BYTES
from executor.crypto.suite import REAL, Suite
from executor.errors import BadSignature, InvalidValue, NotAMember, VerificationFailed
from executor.model.committee import Epoch
from executor.model.ids import Digest, Root
from executor.model.report import Scheme, Vote

BITMAP_BYTES: Constant = 16  # uint128; MAX_MEMBERS is 100
EVM_G1_BYTES: Constant = 128


def needs_bls(epoch: Epoch) -> bool:
    """Whether votes of this epoch carry a BLS signature (Rule 3)."""
    return any(verifier.scheme is Scheme.BLS for verifier in epoch.verifiers)


def build_proof(scheme: Scheme, epoch: Epoch, votes: Sequence[Vote], suite: Suite = REAL) -> bytes:
    """Proof bytes of checked votes (`check_vote`) of distinct members; raises InvalidValue below quorum.

    Every vote given is used; their order does not matter.
    """
    by_member = {vote.member: vote for vote in votes}
    if len(by_member) != len(votes):
        raise InvalidValue("a member's vote is given twice")
    if by_member and max(by_member) >= epoch.n:
        raise InvalidValue(f"member {max(by_member)} is not one of {epoch.n}")
    if len(votes) < epoch.quorum:
        raise InvalidValue(f"{len(votes)} votes, the quorum is {epoch.quorum}")
    bitmap = sum(1 << member for member in by_member).to_bytes(BITMAP_BYTES, "big")
    ordered = [by_member[member] for member in sorted(by_member)]
    match scheme:
        case Scheme.ECDSA:
            return bitmap + b"".join(vote.ecdsa for vote in ordered)
        case Scheme.BLS:
            return bitmap + suite.aggregate([vote.bls for vote in ordered])


def check_proof(scheme: Scheme, epoch: Epoch, root: Root, proof: bytes, suite: Suite = REAL) -> frozenset[int]:
    """The members that signed `root`; raises VerificationFailed naming what is wrong."""
    return check_signed(scheme, epoch, attestation_digest(epoch.identity, root), proof, suite)


def check_signed(scheme: Scheme, epoch: Epoch, digest: Digest, proof: bytes, suite: Suite = REAL) -> frozenset[int]:
    """The members that signed a digest, as the epoch's verifier of this scheme judges it; raises VerificationFailed."""
    members = _signers(epoch, proof[:BITMAP_BYTES])
    signatures = proof[BITMAP_BYTES:]
    match scheme:
        case Scheme.ECDSA:
            _check_ecdsa(suite, epoch, members, digest, signatures)
        case Scheme.BLS:
            _check_bls(suite, epoch, members, digest, signatures)
    return frozenset(members)


def proven_signatures(epoch: Epoch, proof: bytes) -> dict[int, bytes]:
    """The members' signatures in an ECDSA proof that `check_proof` found good."""
    signatures, size = proof[BITMAP_BYTES:], SIGNATURE_BYTES
    members = _signers(epoch, proof[:BITMAP_BYTES])
    return {member: signatures[size * place : size * (place + 1)] for place, member in enumerate(members)}


def check_vote(epoch: Epoch, root: Root, vote: Vote, suite: Suite = REAL) -> None:
    """Raises NotAMember, or BadSignature naming the member, unless every needed signature verifies (Rule 3)."""
    check_vote_ecdsa(epoch, root, vote, suite)
    if needs_bls(epoch) and bad_bls_votes(epoch, root, [vote], suite):
        raise BadSignature("the vote's BLS signature does not verify", vote.member)


def check_vote_ecdsa(epoch: Epoch, root: Root, vote: Vote, suite: Suite = REAL) -> None:
    """The cheap part of `check_vote`, for callers that check BLS signatures in batches (`bad_bls_votes`)."""
    if vote.member >= epoch.n:
        raise NotAMember(f"the epoch has {epoch.n} members", vote.member)
    signer = epoch.members[vote.member].signer
    if not suite.is_signed_by(attestation_digest(epoch.identity, root), vote.ecdsa, signer):
        raise BadSignature("the vote's ECDSA signature does not verify", vote.member)


def bad_bls_votes(epoch: Epoch, root: Root, votes: Sequence[Vote], suite: Suite = REAL) -> frozenset[int]:
    """Members whose BLS signature over `root` does not verify; one verification when all do, else by bisection."""
    digest = attestation_digest(epoch.identity, root)
    malformed = frozenset(vote.member for vote in votes if vote.member >= epoch.n or not suite.is_point(vote.bls))
    return malformed | _bisect(suite, epoch, digest, [vote for vote in votes if vote.member not in malformed])


def all_bls_votes_verify(epoch: Epoch, root: Root, votes: Sequence[Vote], suite: Suite = REAL) -> bool:
    """Whether every vote's BLS signature over `root` verifies, by one verification whatever the answer."""
    digest = attestation_digest(epoch.identity, root)
    return suite.all_signed(_keys(epoch, [vote.member for vote in votes]), digest, [vote.bls for vote in votes])


def _bisect(
    suite: Suite, epoch: Epoch, digest: Digest, votes: Sequence[Vote], *, holds_bad: bool = False
) -> frozenset[int]:
    """The bad ones of these votes; `holds_bad` says that there is one, which spares a check."""
    keys = _keys(epoch, [vote.member for vote in votes])
    if not votes or (not holds_bad and suite.all_signed(keys, digest, [vote.bls for vote in votes])):
        return frozenset()
    if len(votes) == 1:
        return frozenset({votes[0].member})
    half = len(votes) // 2
    first = _bisect(suite, epoch, digest, votes[:half])
    return first | _bisect(suite, epoch, digest, votes[half:], holds_bad=not first)


def _signers(epoch: Epoch, bitmap_bytes: bytes) -> list[int]:
    if len(bitmap_bytes) != BITMAP_BYTES:
        _fail("the proof is shorter than its bitmap")
    bitmap = int.from_bytes(bitmap_bytes, "big")
    if bitmap >> epoch.n:
        _fail(f"the bitmap names a member at or above {epoch.n}")
    members = [member for member in range(epoch.n) if bitmap >> member & 1]
    if len(members) < epoch.quorum:
        _fail(f"{len(members)} signers, the quorum is {epoch.quorum}")
    return members


def _check_ecdsa(suite: Suite, epoch: Epoch, members: Sequence[int], digest: Digest, signatures: bytes) -> None:
    size = SIGNATURE_BYTES
    if len(signatures) != size * len(members):
        _fail(f"{len(signatures)} bytes of signatures for {len(members)} signers of {size} bytes each")
    for position, member in enumerate(members):
        signature = signatures[size * position : size * (position + 1)]
        try:
            signer = suite.recover(digest, signature)
        except BadSignature as error:
            _fail(f"member {member}: {error}")
        if signer != epoch.members[member].signer:
            _fail(f"member {member}: signed by {signer}, or something else")


def _check_bls(suite: Suite, epoch: Epoch, members: Sequence[int], digest: Digest, aggregate: bytes) -> None:
    if len(aggregate) != EVM_G1_BYTES:
        _fail(f"an aggregate signature is {EVM_G1_BYTES} bytes, not {len(aggregate)}")
    try:
        signed = suite.is_aggregate(_keys(epoch, members), digest, aggregate)
    except InvalidValue as error:
        _fail(str(error))
    if not signed:
        _fail("the aggregate signature does not verify for these members")


def _keys(epoch: Epoch, members: Iterable[int]) -> list[bytes]:
    return [epoch.members[member].bls_key for member in members]


def _fail(message: str) -> NoReturn:
    raise VerificationFailed("proof", message)
