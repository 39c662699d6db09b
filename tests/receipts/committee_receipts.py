"""Receipts of a function whose committee draws twice: real keys, and a group's key as its members would make it."""

from __future__ import annotations

from functools import lru_cache

from make_receipts import BLS_SECRETS, SECRETS, attest, make_epoch, make_request

from executor.crypto import bls, secp256k1
from executor.crypto.draw_keys import signed_digest
from executor.crypto.draws import committee_digest, draw_of
from executor.crypto.proofs import build_proof
from executor.model.committee import Epoch
from executor.model.draw import CommitteeDraw, encode_draw
from executor.model.draw_key import ShownDrawKey
from executor.model.function import Function
from executor.model.ids import Digest
from executor.model.manifest import parse_terms
from executor.model.observation import Kind
from executor.model.receipt import Receipt
from executor.model.report import Scheme, Vote
from executor.model.request import Request
from executor.model.transcript import Entry
from tests.drawing_guest import drawing_guest

GROUP_SECRET = bls.secret_from_seed(b"the draw key of an epoch's members")
MADE = Digest(b"\x0d" * 32)
TERMS = {"limits": {"observations": 0}, "capabilities": {"random": {"source": "committee", "draws": 2}}}


def drawing_function() -> Function:
    """Draws twice."""
    return Function(drawing_guest(2), parse_terms(TERMS))


def shown_key(
    scheme: Scheme = Scheme.ECDSA,
    *,
    epoch: Epoch | None = None,
    public_key: bytes | None = None,
    made: Digest = MADE,
    members: tuple[int, ...] = (0, 1, 3),
) -> ShownDrawKey:
    """A key that these members signed."""
    place, key = epoch or make_epoch(), public_key or bls.public_key(GROUP_SECRET)
    digest = signed_digest(place, key, made)
    votes = [Vote(i, secp256k1.sign(SECRETS[i], digest), bls.sign(BLS_SECRETS[i], digest)) for i in members]
    return ShownDrawKey(key, made, scheme, build_proof(scheme, place, votes))


def drawn_entry(request: Request, ordinal: int, *, secret: bytes = GROUP_SECRET) -> Entry:
    """A request's draw, signed by a group's secret."""
    grant = drawing_function().terms.capabilities.random
    assert grant is not None
    draw = draw_of(grant, request, ordinal)
    assert isinstance(draw, CommitteeDraw)
    return Entry(encode_draw(draw), Kind.DRAW, bls.sign(secret, committee_digest(draw), bls.DST_DRAW))


@lru_cache(maxsize=2)
def committee_receipt(scheme: Scheme = Scheme.ECDSA) -> Receipt:
    """A receipt with two draws of the committee; its key is signed under this scheme, as the report is."""
    function = drawing_function()
    request = make_request(function)
    transcript = (drawn_entry(request, 0), drawn_entry(request, 1))
    return attest(scheme, function, request, transcript, shown_key(scheme))
