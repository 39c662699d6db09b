"""Verifying what others show: observations, entries, Prepares, certificates. Pure; also used to check receipts.

Rule 1. A certificate is exactly one view and transcript of observations, prepared by q or more distinct members, every
        signature good.
Rule 2. An entry outside every certificate rests on its observation set: distinct members in ascending order, every
        signature over this request, slot, spec and transcript so far, and the strategy gives exactly this value.
Rule 3. Under `single` an observation is of the member that the request id names; nobody else's counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from executor.crypto.digests import entry_hash, epoch_digest, observation_digest, prepare_digest, transcript_hash
from executor.crypto.suite import REAL, Suite
from executor.errors import BadSignature, InvalidValue, NotAMember, RuleBroken
from executor.model.committee import Epoch
from executor.model.ids import Digest, FunctionId, RequestId, TranscriptHash
from executor.model.observation import Kind, SignedObservation
from executor.model.profile import PROFILE
from executor.model.transcript import Entry, Transcript
from executor.model.view import Certificate, Prepare
from executor.protocol.lock import Consent, Path
from executor.protocol.strategies import Case, agree, case_under, check_observation, looks_at

MAX_SLOTS = PROFILE.ceilings.observations
MAX_SETS_BYTES = 1024 * 1024  # of observation sets that travel with entries a certificate covers; usually a few kB


@dataclass(frozen=True, slots=True)
class Subject:
    """What every signature about one request binds."""

    epoch: Epoch
    request_id: RequestId
    function_id: FunctionId
    suite: Suite = REAL


def path_of(transcript: Transcript) -> Path:
    """The entry hashes of a transcript."""
    return tuple(entry_hash(slot, entry) for slot, entry in enumerate(transcript))


def consent_of(certificate: Certificate) -> Consent:
    """What a certificate certifies. Raises RuleBroken, before hashing anything, for more slots than any run has."""
    if not 1 <= len(certificate.transcript) <= MAX_SLOTS:
        raise RuleBroken(f"a certificate over {len(certificate.transcript)} entries")
    if any(entry.kind is Kind.DRAW for entry in certificate.transcript):
        raise RuleBroken("a certificate over a draw: draws need none")
    return Consent(certificate.view, path_of(certificate.transcript))


def check_certificate(subject: Subject, certificate: Certificate) -> None:
    """Rule 1. Raises NotAMember, BadSignature or RuleBroken."""
    epoch, view, transcript = subject.epoch, certificate.view, certificate.transcript
    if view.slots != len(transcript) or not 1 <= len(transcript) <= MAX_SLOTS:
        raise RuleBroken(f"a certificate of view {view} over {len(transcript)} entries")
    if any(entry.kind is Kind.DRAW for entry in transcript):
        raise RuleBroken("a certificate over a draw: draws need none")
    members = [prepare.member for prepare in certificate.prepares]
    if members != sorted(set(members)) or len(members) < epoch.quorum:
        raise RuleBroken(f"a certificate needs {epoch.quorum} distinct members in order, it has {members}")
    hashed = transcript_hash(transcript)
    for prepare in certificate.prepares:
        if prepare.view != view or prepare.transcript_hash != hashed:
            raise RuleBroken("a Prepare of another view or transcript", prepare.member)
        check_prepare(subject, prepare)


def check_prepare(subject: Subject, prepare: Prepare) -> None:
    """Raises NotAMember or BadSignature."""
    digest = prepare_digest(
        epoch_digest(subject.epoch.identity),
        subject.request_id,
        subject.function_id,
        prepare.transcript_hash,
        prepare.view,
    )
    check_signature(subject, prepare.member, digest, prepare.signature, "Prepare")


def check_signed_observation(
    subject: Subject, so_far: TranscriptHash, slot: int, spec: bytes, signed: SignedObservation
) -> None:
    """Raises NotAMember, BadSignature, or RuleBroken: a value that does not fit its strategy, or Rule 3."""
    digest = observation_digest(
        epoch_digest(subject.epoch.identity),
        subject.request_id,
        subject.function_id,
        so_far,
        slot,
        spec,
        signed.observation,
    )
    check_signature(subject, signed.member, digest, signed.signature, "observation")
    try:
        if not looks_at(spec, subject.request_id, signed.member, subject.epoch.n):
            raise RuleBroken(f"an observation for slot {slot}, at which another member looks alone", signed.member)
        check_observation(spec, signed.observation)
    except InvalidValue as error:
        raise RuleBroken(f"observation: {error}", signed.member) from error


def check_entry(subject: Subject, so_far: Transcript, entry: Entry) -> Case:
    """Rule 2; the case its set is of. Raises NotAMember, BadSignature or RuleBroken."""
    epoch, hashed = subject.epoch, transcript_hash(so_far)
    members = [signed.member for signed in entry.observations]
    if members != sorted(set(members)):
        raise RuleBroken(f"an observation set is of distinct members in order, not {members}")
    observations = [signed.observation for signed in entry.observations]
    try:
        for signed in entry.observations:  # n at most: of distinct members
            check_signed_observation(subject, hashed, len(so_far), entry.spec, signed)
        case = case_under(entry.spec, observations, epoch.n, epoch.f)
        agreed = agree(entry.spec, observations, epoch.n, epoch.f)
    except InvalidValue as error:
        raise RuleBroken(f"slot {len(so_far)}: {error}") from error
    if agreed != (entry.kind, entry.value):
        raise RuleBroken(f"slot {len(so_far)}: the observation set does not give the proposed value")
    return case


def check_transcript(subject: Subject, transcript: Transcript) -> None:
    """Rule 2 for every entry of a transcript that shows all its observation sets (receipts)."""
    for slot, entry in enumerate(transcript):
        check_entry(subject, transcript[:slot], entry)


def only_checked_sets(subject: Subject, known: Sequence[Transcript], transcript: Transcript) -> Transcript:
    """The same entries, each with a set that is known or verifies, else with none: sets come from untrusted leaders."""
    checked: list[Entry] = []
    for slot, entry in enumerate(transcript):
        same = [other[slot] for other in known if other[: slot + 1] == transcript[: slot + 1]]
        if held := [mine for mine in same if mine.observations]:
            checked.append(held[0])
            continue
        try:
            check_entry(subject, transcript[:slot], entry)
            checked.append(entry)
        except (NotAMember, BadSignature, RuleBroken):
            checked.append(replace(entry, observations=()))
    return tuple(checked)


def slim_sets(transcript: Transcript, *, keep_last: bool = False) -> Transcript:
    """The transcript without its observation sets where these are very large: they are in no hash, and messages end."""
    size = sum(len(signed.observation.value) + 200 for entry in transcript for signed in entry.observations)
    if size <= MAX_SETS_BYTES:
        return transcript
    bare = tuple(replace(entry, observations=()) for entry in transcript)
    return (*bare[:-1], transcript[-1]) if keep_last else bare


def slim(certificate: Certificate) -> Certificate:
    """The certificate with `slim_sets`."""
    return replace(certificate, transcript=slim_sets(certificate.transcript))


def check_signature(subject: Subject, member: int, digest: Digest, signature: bytes, what: str) -> None:
    """Raises NotAMember or BadSignature."""
    epoch = subject.epoch
    if member >= epoch.n:
        raise NotAMember(f"{what}: the epoch has {epoch.n} members", member)
    if not subject.suite.is_signed_by(digest, signature, epoch.members[member].signer):
        raise BadSignature(f"the {what}'s signature does not verify", member)
