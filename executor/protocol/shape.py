"""The size of every part of a message, looked at before anything is kept, hashed or verified (P4).

Rule 1. No list is longer and no field larger than an honest member of this epoch could make it. What nobody signs or
        hashes is bounded here alone: observation sets, BLS signatures where no verifier asks for them, proofs.
Rule 2. A message that is larger anywhere is refused whole: part of it kept would be passed on, and make the messages,
        records and receipts of honest members larger than they may be.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Final as Constant
from typing import assert_never

from executor.crypto.proofs import BITMAP_BYTES, EVM_G1_BYTES, needs_bls
from executor.crypto.secp256k1 import SIGNATURE_BYTES
from executor.errors import RuleBroken
from executor.model.committee import Epoch
from executor.model.draw import MAX_DRAWS, PROOF_BYTES
from executor.model.observation import SignedObservation
from executor.model.profile import PROFILE
from executor.model.report import Vote
from executor.model.transcript import Transcript
from executor.model.view import Certificate, Prepare
from executor.protocol.checks import MAX_SLOTS
from executor.protocol.messages import (
    AttestationMessage,
    BatchProposal,
    BatchVote,
    CertificateMessage,
    CounterMessage,
    DrawNews,
    DrawStatus,
    Message,
    PrepareMessage,
    Proposal,
    Status,
    VoteMessage,
)

MAX_STATUS_ITEMS: Constant = 4  # observations or votes in one status; honest members send one
MAX_BATCH: Constant = 256  # reports of one attestation that a member accepts; a block holds fewer deliveries
MAX_PAYLOAD_BYTES: Constant = max(PROFILE.ceilings.output_bytes, PROFILE.ceilings.error_bytes)
BLS_BYTES: Constant = 48  # a compressed point of G1


def check_shape(epoch: Epoch, message: Message) -> None:
    """Raises RuleBroken for a message with a part that is larger than it may be."""
    match message:
        case Status():
            _count("observations in a status", message.observations, MAX_STATUS_ITEMS)
            _count("votes in a status", message.votes, MAX_STATUS_ITEMS)
            for item in message.observations:
                _observation(item.signed)
            for counted in message.votes:
                _vote(epoch, counted.vote)
            _certificate(epoch, message.lock)
        case Proposal():
            _transcript(epoch, message.transcript)
            _certificate(epoch, message.shown)
        case PrepareMessage():
            _prepare(message.prepare)
        case CertificateMessage():
            _certificate(epoch, message.certificate)
        case VoteMessage() | BatchVote():
            _vote(epoch, message.vote)
        case BatchProposal():
            _count("reports in a batch", message.reports, MAX_BATCH)
        case AttestationMessage():
            _attestation(epoch, message)
        case CounterMessage():
            _size("signature", message.signature, SIGNATURE_BYTES)
        case DrawStatus():
            if message.settled is not None:
                _size("statement's signature", message.settled.signature, SIGNATURE_BYTES)
            _size("part", message.part, PROOF_BYTES)
            _draws(epoch, message)
        case DrawNews():
            _draws(epoch, message)
        case _:
            assert_never(message)


def _draws(epoch: Epoch, message: DrawStatus | DrawNews) -> None:
    _count("proofs of draws", message.proofs, MAX_DRAWS)
    for proof in message.proofs:
        _size("proof of a draw", proof, PROOF_BYTES)
    if message.release is not None:
        _count("statements in a release", message.release.statements, epoch.n)
        for stated in message.release.statements:
            _size("statement's signature", stated.signature, SIGNATURE_BYTES)


def _attestation(epoch: Epoch, message: AttestationMessage) -> None:
    _count("attested reports", message.attestation.reports, MAX_BATCH)
    _count("items of evidence", message.evidence, MAX_BATCH)
    _count("votes over a root", message.votes, epoch.n)
    _size("proof", message.attestation.proof, BITMAP_BYTES + max(EVM_G1_BYTES, SIGNATURE_BYTES * epoch.n))
    for vote in message.votes:
        _vote(epoch, vote)
    for item in message.evidence:
        _size("payload", item.payload, MAX_PAYLOAD_BYTES)
        _certificate(epoch, item.certificate)


def _certificate(epoch: Epoch, certificate: Certificate | None) -> None:
    if certificate is None:
        return
    _count("Prepares in a certificate", certificate.prepares, epoch.n)
    for prepare in certificate.prepares:
        _prepare(prepare)
    _transcript(epoch, certificate.transcript)


def _transcript(epoch: Epoch, transcript: Transcript) -> None:
    _count("entries", transcript, MAX_SLOTS)
    for entry in transcript:
        _size("spec", entry.spec, PROFILE.ceilings.spec_bytes)
        _size("agreed value", entry.value, PROFILE.ceilings.observation_bytes)
        _count("observations of an entry", entry.observations, epoch.n)
        for signed in entry.observations:
            _observation(signed)


def _observation(signed: SignedObservation) -> None:
    _size("observation", signed.observation.value, PROFILE.ceilings.observation_bytes)
    _size("observation's signature", signed.signature, SIGNATURE_BYTES)


def _prepare(prepare: Prepare) -> None:
    _size("Prepare's signature", prepare.signature, SIGNATURE_BYTES)


def _vote(epoch: Epoch, vote: Vote) -> None:
    _size("vote's ECDSA signature", vote.ecdsa, SIGNATURE_BYTES)
    _size("vote's BLS signature", vote.bls, BLS_BYTES if needs_bls(epoch) else 0)


def _size(what: str, data: bytes, most: int) -> None:
    if len(data) > most:
        raise RuleBroken(f"{what} of {len(data)} bytes; at most {most}")


def _count(what: str, items: Sized, most: int) -> None:
    if len(items) > most:
        raise RuleBroken(f"{len(items)} {what}; at most {most}")
