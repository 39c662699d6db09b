"""Whether an attestation proves itself, worked out apart from executor/crypto/proofs.py: as the contract does (P1)."""

from __future__ import annotations

from collections.abc import Sequence

from executor.crypto.digests import (
    attestation_digest,
    epoch_digest,
    keccak256,
    prepare_digest,
    report_leaf,
    transcript_hash,
)
from executor.crypto.merkle import merkle_root
from executor.model.committee import Epoch
from executor.model.ids import FunctionId, RequestId
from executor.model.report import Attestation, Scheme
from executor.model.view import Certificate
from executor.testing.fast_signatures import SigningSuite

BITMAP_BYTES = 16
SIGNATURE_BYTES = 64


def proves(epoch: Epoch, suite: SigningSuite, attestation: Attestation, payloads: Sequence[bytes]) -> bool:
    """Whether a quorum of distinct members signed the root of these reports, and the payloads are theirs."""
    n = len(epoch.members)
    bitmap, rest = int.from_bytes(attestation.proof[:BITMAP_BYTES], "big"), attestation.proof[BITMAP_BYTES:]
    signers = [member for member in range(128) if bitmap >> member & 1]
    reports = attestation.reports
    if not reports or len(signers) < n - (n - 1) // 3 or signers[-1] >= n or len(payloads) != len(reports):
        return False
    if any(keccak256(payload) != report.output_hash for payload, report in zip(payloads, reports, strict=True)):
        return False
    digest = attestation_digest(epoch.identity, merkle_root([report_leaf(report) for report in reports]))
    if attestation.scheme is Scheme.BLS:
        return suite.is_aggregate([epoch.members[member].bls_key for member in signers], digest, rest)
    parts = [rest[place : place + SIGNATURE_BYTES] for place in range(0, len(rest), SIGNATURE_BYTES)]
    return len(parts) == len(signers) and all(
        suite.is_signed_by(digest, part, epoch.members[member].signer)
        for part, member in zip(parts, signers, strict=True)
    )


def certifies(
    epoch: Epoch, suite: SigningSuite, request: RequestId, function: FunctionId, certificate: Certificate
) -> bool:
    """Whether a quorum of distinct members prepared exactly this transcript in this view."""
    n, hashed = len(epoch.members), transcript_hash(certificate.transcript)
    digest = prepare_digest(epoch_digest(epoch.identity), request, function, hashed, certificate.view)
    members = {
        prepare.member
        for prepare in certificate.prepares
        if prepare.member < n and suite.is_signed_by(digest, prepare.signature, epoch.members[prepare.member].signer)
    }
    return len(members) >= n - (n - 1) // 3 and certificate.view.slots == len(certificate.transcript)
