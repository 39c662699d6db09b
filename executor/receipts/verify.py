"""Checking a receipt offline: no node, no key, no network; a check is made whenever it makes sense after a failed one.

What this shows: a quorum of the keys in the receipt's epoch attested exactly this outcome, observation by observation,
and the function really gives it. That these keys are the registered committee's, only the chain can tell (on_chain.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from executor.crypto.digests import (
    function_id_of,
    keccak256,
    module_id,
    profile_id,
    report_leaf,
    request_id,
    transcript_hash,
)
from executor.crypto.draw_keys import check_draw_key
from executor.crypto.draws import draw_spec, value_of
from executor.crypto.merkle import merkle_root
from executor.crypto.proofs import check_proof, check_vote, needs_bls
from executor.errors import VerificationFailed
from executor.model.draw import MAX_DRAWS, QUICKNET, CommitteeDraw, DrandDraw
from executor.model.ids import RequestId, Root
from executor.model.observation import Kind
from executor.model.profile import PROFILE, Profile
from executor.model.receipt import Receipt
from executor.model.spec import parse_spec
from executor.model.transcript import Entry, observed
from executor.protocol.checks import Subject, check_certificate, check_entry
from executor.protocol.draws import check_draw
from executor.protocol.strategies import Case, alone_member
from executor.protocol.triggering import check_origin
from executor.receipts.billing import check_bill
from executor.receipts.build import VERSION, draws_from_committee, keeps_replies, terms_of
from executor.receipts.checks import Check, check, printable, require
from executor.receipts.loader import Load
from executor.receipts.replay import TRUSTED, own_report, replay_receipt, view_of
from executor.vm import load


def verify_receipt(
    receipt: Receipt, module: bytes | None = None, profiles: Sequence[Profile] = TRUSTED, load: Load = load
) -> list[Check]:
    """All offline checks, in the order of a request's life; `module` is used when the receipt does not hold it.

    The replay is made under a profile of `profiles` only. Raises HostFault when this machine fails during the replay:
    then nothing is known about the receipt.
    """
    return list(_Verification(receipt, module, profiles, load).checks())


def verify_statements(receipt: Receipt) -> list[Check]:
    """All offline checks but the replay, for whoever runs guests elsewhere (a node's workers, K1)."""
    return list(_Verification(receipt, None, TRUSTED, load).checks(replayed=False))


@dataclass(frozen=True, slots=True)
class _Verification:
    receipt: Receipt
    module: bytes | None
    profiles: Sequence[Profile]
    load: Load

    def checks(self, *, replayed: bool = True) -> Iterator[Check]:
        yield check("format", self._format)
        yield check("profile", self._profile)
        yield check("function", self._function)
        yield check("request", self._request)
        entries, slots = len(self.receipt.transcript), len(observed(self.receipt.transcript))
        most = PROFILE.ceilings.observations
        if slots > most:  # before looking at each: a hostile file must not cost more than its size
            yield Check("observations", False, f"{slots} entries, a request has at most {most}")
            return
        if entries - slots > MAX_DRAWS:
            yield Check("draws", False, f"{entries - slots} draws, a request has at most {MAX_DRAWS}")
            return
        for slot in range(slots):
            yield check("observations", lambda slot=slot: self._observations(slot))  # type: ignore[misc]
        if draws_from_committee(self.receipt.transcript) or self.receipt.draw_key is not None:
            yield check("draw key", self._draw_key)
        for slot in range(slots, entries):
            yield check("draws", lambda slot=slot: self._draw(slot))  # type: ignore[misc]
        yield check("certificate", self._certificate)
        if replayed:
            yield check("replay", self._replay)
        yield check("report", self._report)
        yield check("votes", self._votes)
        yield check("attestation", self._attestation)
        yield check("bill", lambda: check_bill(self.receipt))

    def _format(self) -> str:
        require(self.receipt.version == VERSION, f"version {self.receipt.version}; this release reads {VERSION}")
        if (replies := self.receipt.replies) is None:
            return f"version {VERSION}, canonical JSON"
        require(keeps_replies(terms_of(self.receipt)), "it holds raw replies, which its manifest does not say")
        return f"version {VERSION}, canonical JSON; {len(replies)} raw replies of its writer, which nobody signed"

    def _profile(self) -> str:
        identifier, epoch = profile_id(self.receipt.profile), self.receipt.epoch
        require(identifier == epoch.profile_id, f"the profile's id is {identifier}, the epoch's is {epoch.profile_id}")
        return f"{self.receipt.profile.name}, {identifier}"

    def _function(self) -> str:
        stated = self.receipt.function
        if stated.module:
            own = module_id(stated.module)
            require(own == stated.module_id, f"the module's id is {own}, the receipt names {stated.module_id}")
        identifier = function_id_of(stated.module_id, stated.source, terms_of(self.receipt))
        asked = self.receipt.request.function_id
        require(identifier == asked, f"module, source and terms give {identifier}, the request asks for {asked}")
        return f"{identifier}"

    def _request(self) -> str:
        request, epoch, requested = self.receipt.request, self.receipt.epoch, self.receipt.requested
        require(request.chain_id == epoch.chain_id, f"chain {request.chain_id}, the epoch's is {epoch.chain_id}")
        require(request.router == epoch.router, f"router {request.router}, the epoch's is {epoch.router}")
        require(request.epoch == epoch.number, f"epoch {request.epoch}, the receipt holds epoch {epoch.number}")
        if requested is not None:
            found, stated = requested.block_number, request.block_number
            require(found == stated, f"made in block {found}, its context says {stated}")
        identifier = self._request_id()
        require(any(report.request_id == identifier for report in self.receipt.attestation.reports),
                f"its fields give {identifier}; no attested report is about it")  # fmt: skip
        made = "" if request.origin is None else f", {check_origin(request)}"
        return f"{identifier}, chain {request.chain_id}, block {request.block_number}{made}"

    def _observations(self, slot: int) -> str:
        transcript = self.receipt.transcript
        entry = transcript[slot]
        # Under `single` a set may be empty; then the value must say that nothing was observed (check_entry).
        shows_set = bool(entry.observations) or parse_spec(entry.spec).alone
        require(shows_set, f"slot {slot}: the observation set is missing")
        case = check_entry(self._subject(), transcript[:slot], entry)
        agreed = f"{Kind(entry.kind).name.lower()} {printable(entry.value)}"
        return f'slot {slot} "{printable(parse_spec(entry.spec).label.encode())}": {self._who(case, entry)} {agreed}'

    def _who(self, case: Case, entry: Entry) -> str:
        alone = alone_member(self._request_id(), self.receipt.epoch.n)
        match case:
            case Case.ALONE:
                return f"member {alone} alone looked (single): nobody else vouches for"
            case Case.UNTOLD:
                return f"member {alone} alone was to look (single) and told nothing:"
            case _:
                members = ", ".join(str(signed.member) for signed in entry.observations)
                return f"members {members} signed and give"

    def _draw_key(self) -> str:
        """A quorum of the epoch signed the key that its draws are under."""
        shown, epoch = self.receipt.draw_key, self.receipt.epoch
        if shown is None:
            raise VerificationFailed("draw key", "missing, and the transcript has draws of the committee")
        require(
            draws_from_committee(self.receipt.transcript), "the receipt holds one, and draws nothing from its committee"
        )
        signers = check_draw_key(epoch, shown)
        return f"{shown.scheme}: {len(signers)} of {epoch.n} members signed 0x{shown.public_key.hex()}"

    def _draw(self, slot: int) -> str:
        """The proof verifies, and the request and the function's terms ask for this very draw."""
        transcript, request = self.receipt.transcript, self.receipt.request
        ordinal, grant = slot - len(observed(transcript)), terms_of(self.receipt).capabilities.random
        if grant is None:
            raise VerificationFailed("draws", "the function's terms grant none")
        require(ordinal < grant.draws, f"draw {ordinal}: capabilities.random.draws is {grant.draws}")
        entry, spec = transcript[slot], draw_spec(grant, request, ordinal)
        require(entry.spec == spec, f"draw {ordinal}: it is {entry.spec!r}, the request asks for {spec!r}")
        key = None if (shown := self.receipt.draw_key) is None else shown.public_key
        draw = check_draw(self._subject().suite, spec, entry.value, key)
        value = value_of(draw, request, entry.value).hex()
        match draw:
            case CommitteeDraw():
                source = f"by the draw key of epoch {self.receipt.epoch.number}"
            case DrandDraw(key=group, round=round):
                chain = "drand's quicknet" if group == QUICKNET.key else f"ANOTHER chain of drand, key 0x{group.hex()}"
                source = f"from round {round} of {chain}"
            case _:
                assert_never(draw)
        return f"draw {ordinal} is 0x{value}, {source}; its signature verifies"

    def _certificate(self) -> str:
        certificate, transcript = self.receipt.certificate, observed(self.receipt.transcript)
        if not transcript:
            require(certificate is None, "a request without observations has no certificate")
            return "none is needed without observations"
        if certificate is None:
            raise VerificationFailed("certificate", "missing, and the transcript has observations")
        require(certificate.transcript == transcript, "it certifies another transcript than the receipt's")
        require(not any(entry.observations for entry in certificate.transcript),
                "its entries carry observation sets, which belong to the transcript")  # fmt: skip
        check_certificate(self._subject(), certificate)
        members = ", ".join(str(prepare.member) for prepare in certificate.prepares)
        return f"members {members} prepared it in round {certificate.view.round}, {certificate.view.slots} slots"

    def _replay(self) -> str:
        outcome = replay_receipt(self.receipt, self.module, self.profiles, self.load)
        status = own_report(self.receipt).status
        return f"{status.name}, {outcome.fuel_used} fuel, {len(self.receipt.payload)} bytes, as reported"

    def _report(self) -> str:
        report, receipt = own_report(self.receipt), self.receipt
        hashed = transcript_hash(receipt.transcript)
        require(report.function_id == receipt.request.function_id, "it is about another function")
        require(report.transcript_hash == hashed, f"the transcript's hash is {hashed}, not {report.transcript_hash}")
        view = view_of(self.receipt)
        require(
            (report.round, report.slots) == (view.round, view.slots), "it rests on another view than the certificate"
        )
        output = keccak256(receipt.payload)
        require(report.output_hash == output, f"the payload's hash is {output}, not {report.output_hash}")
        return f"leaf {report_leaf(report)}"

    def _votes(self) -> str:
        votes, epoch, root = self.receipt.votes, self.receipt.epoch, self._root()
        members = [vote.member for vote in votes]
        require(members == sorted(set(members)), f"votes are of distinct members in order, not {members}")
        for vote in votes:
            check_vote(epoch, root, vote)
            require(needs_bls(epoch) or not vote.bls, f"member {vote.member}: a BLS signature no verifier asks for")
        return f"members {', '.join(map(str, members))} signed" if votes else "none were kept; the proof stands alone"

    def _attestation(self) -> str:
        attestation, epoch, root = self.receipt.attestation, self.receipt.epoch, self._root()
        scheme = attestation.scheme
        require(any(verifier.scheme is scheme for verifier in epoch.verifiers), f"the epoch has no {scheme} verifier")
        signers = check_proof(scheme, epoch, root, attestation.proof)
        own_report(self.receipt)
        return f"{scheme}: {len(signers)} of {epoch.n} members signed root {root}, {epoch.quorum} are needed"

    def _subject(self) -> Subject:
        return Subject(self.receipt.epoch, self._request_id(), self.receipt.request.function_id)

    def _request_id(self) -> RequestId:
        return request_id(self.receipt.request)

    def _root(self) -> Root:
        return merkle_root([report_leaf(report) for report in self.receipt.attestation.reports])
