"""A receipt from what a node holds about one finished request, and the function back out of a receipt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from executor.crypto.digests import module_id
from executor.errors import InvalidReceipt, InvalidSpec, InvalidValue
from executor.model.codec import decode_json
from executor.model.committee import Epoch
from executor.model.draw import CommitteeDraw, parse_draw
from executor.model.draw_key import ShownDrawKey
from executor.model.function import Function
from executor.model.ids import ModuleId
from executor.model.manifest import MAX_MANIFEST_BYTES, Terms, parse_terms
from executor.model.observation import Kind
from executor.model.profile import PROFILE, Profile
from executor.model.receipt import Bill, ChainLocation, Receipt, ReceiptFunction
from executor.model.reply import KeptReply, for_receipt
from executor.model.report import Attestation, Vote
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.model.view import Certificate
from executor.receipts.modules import known_modules, read_module

VERSION = 1


def build_receipt(
    *,
    function: Function,
    epoch: Epoch,
    request: Request,
    transcript: Transcript,
    certificate: Certificate | None,
    payload: bytes,
    votes: Sequence[Vote],
    attestation: Attestation,
    requested: ChainLocation | None = None,
    delivered: ChainLocation | None = None,
    bill: Bill | None = None,
    replies: Iterable[KeptReply] = (),
    draw_key: ShownDrawKey | None = None,
    profile: Profile = PROFILE,
) -> Receipt:
    """The receipt of these values. Observation sets stand in the transcript only; an engine is named by its id.

    `replies` are taken where the function's manifest says so, as many as fit; `draw_key`, the epoch's, where its
    committee drew.
    """
    return Receipt(
        version=VERSION,
        profile=profile,
        function=_receipt_function(function),
        epoch=epoch,
        request=request,
        transcript=transcript,
        certificate=None if certificate is None else _bare(certificate),
        payload=payload,
        votes=tuple(sorted(votes, key=lambda vote: vote.member)),
        attestation=attestation,
        requested=requested,
        delivered=delivered,
        bill=bill,
        replies=for_receipt(replies) if keeps_replies(function.terms) else None,
        draw_key=draw_key if draws_from_committee(transcript) else None,
    )


def draws_from_committee(transcript: Transcript) -> bool:
    """Whether a draw in it is under the epoch's own key; a spec that is no draw's is none."""
    return any(entry.kind is Kind.DRAW and _is_committees(entry.spec) for entry in transcript)


def _is_committees(spec: bytes) -> bool:
    try:
        return isinstance(parse_draw(spec), CommitteeDraw)
    except InvalidSpec:
        return False


def keeps_replies(terms: Terms) -> bool:
    """Whether receipts hold the raw replies of http@1."""
    http = terms.capabilities.http
    return http is not None and bool(http.keep_replies)


def terms_of(receipt: Receipt) -> Terms:
    """The function's terms; raises InvalidReceipt unless they stand in the one form that is hashed."""
    try:
        terms = parse_terms(receipt.function.terms, receipt.profile.ceilings)
    except InvalidValue as error:
        raise InvalidReceipt(f"function.terms: {error}") from error
    if _plain(terms) != receipt.function.terms:
        raise InvalidReceipt("function.terms: not in canonical form (defaults filled in, lists sorted)")
    return terms


def function_of(receipt: Receipt, module: bytes | None = None) -> Function:
    """The function a receipt is about, its module inline, given, or an engine of this release.

    Raises InvalidReceipt when the module is not at hand, or is another one than the receipt names.
    """
    stated = receipt.function
    found = stated.module or module or read_module(stated.module_id)
    if not found:
        raise InvalidReceipt(f"the receipt does not hold module {stated.module_id}: give its file with --module")
    if module_id(found) != stated.module_id:
        raise InvalidReceipt(f"the module's id is {module_id(found)}, the receipt names {stated.module_id}")
    return Function(found, terms_of(receipt), stated.source)


def _receipt_function(function: Function) -> ReceiptFunction:
    identifier = _known_id(function.module)
    module = b"" if identifier in known_modules() else function.module
    return ReceiptFunction(identifier, module, function.source, _plain(function.terms))


@lru_cache(maxsize=4)  # what a node runs again and again; a module has 16 MiB at most
def _known_id(module: bytes) -> ModuleId:
    return module_id(module)


def _plain(terms: Terms) -> object:
    return decode_json(terms.canonical(), limit=MAX_MANIFEST_BYTES)


def _bare(certificate: Certificate) -> Certificate:
    return replace(certificate, transcript=tuple(replace(entry, observations=()) for entry in certificate.transcript))
