"""Releases: a quorum's word that a request is final and its transcript settled, so that its draws may be made.

Rule 1. A release is statements (`DrawStatement`) of q or more distinct members, in order, about one transcript and one
        view of a request; every signature is good.
Rule 2. A statement is made as a vote is: under a lock on exactly this transcript in this view. So at most one
        transcript of a request is ever released, and none but it can be certified above that view, or attested.
"""

from __future__ import annotations

from dataclasses import dataclass

from executor.crypto.digests import epoch_digest, settled_digest
from executor.errors import RuleBroken
from executor.model.codec import Hex, Uint16
from executor.model.ids import TranscriptHash
from executor.model.view import View
from executor.protocol.checks import Subject, check_signature


@dataclass(frozen=True, slots=True)
class Stated:
    """A member's signature of a `DrawStatement`; the holder knows which."""

    member: Uint16
    signature: Hex


@dataclass(frozen=True, slots=True)
class Release:
    """What q members stated: this transcript of a request, locked in this view, is settled."""

    transcript_hash: TranscriptHash
    view: View
    statements: tuple[Stated, ...]


def check_stated(subject: Subject, transcript: TranscriptHash, view: View, stated: Stated) -> None:
    """Raises NotAMember or BadSignature."""
    epoch = epoch_digest(subject.epoch.identity)
    digest = settled_digest(epoch, subject.request_id, subject.function_id, transcript, view)
    check_signature(subject, stated.member, digest, stated.signature, "statement")


def check_release(subject: Subject, release: Release) -> None:
    """Rule 1; also the signer's check before it gives a part away. Raises NotAMember, BadSignature or RuleBroken."""
    members = [stated.member for stated in release.statements]
    if members != sorted(set(members)) or len(members) < subject.epoch.quorum:
        raise RuleBroken(f"a release needs {subject.epoch.quorum} distinct members in order, it has {members}")
    for stated in release.statements:
        check_stated(subject, release.transcript_hash, release.view, stated)
