"""Draws as the cryptography sees them: is this proof the draw's, and what is it worth (docs/randomness.md).

Rule 1. A proof is the one valid signature there is: nobody who verifies it can agree on another.
Rule 2. Every draw is bound to chain, router, request and ordinal, so that no two have anything in common: a drand
        draw's value names them, a committee's signature is over them. A contract computes the same:
        contracts/src/Beacon.sol verifies round and draw, libraries/Digests.sol has the digests.
"""

from __future__ import annotations

import hashlib
from typing import assert_never

from executor.crypto import bls
from executor.crypto.digests import draw_digest, keccak256, request_id, ticket_randomness
from executor.errors import InvalidManifest, InvalidValue
from executor.model.codec import Natural
from executor.model.draw import CommitteeDraw, DrandDraw, Draw, encode_draw
from executor.model.ids import Digest
from executor.model.manifest import CommitteeRandom, DrandRandom, RandomCapability, Terms
from executor.model.request import Request


def check_grant(terms: Terms) -> None:
    """Raises InvalidManifest when draws are granted under a key that no signature verifies under."""
    if isinstance(grant := terms.capabilities.random, DrandRandom):
        try:
            bls.check_public_key(grant.drand.key)
        except InvalidValue as error:
            raise InvalidManifest(f"capabilities.random.chain.key: {error}") from error


def draw_of(grant: RandomCapability, request: Request, ordinal: int) -> Draw:
    """The draw that a request makes under this grant: nothing in it is anybody's choice once the request stands."""
    match grant:
        case DrandRandom(delay_s=delay_s, drand=chain):
            round = chain.round_at(request.block_timestamp + delay_s)
            return DrandDraw(ordinal, chain.hash, chain.key, round, chain.time_of(round))
        case CommitteeRandom():
            return CommitteeDraw(request.chain_id, request.router, request_id(request), ordinal)
        case _:
            assert_never(grant)


def draw_spec(grant: RandomCapability, request: Request, ordinal: int) -> bytes:
    """Its spec, which the transcript must have at this place."""
    return encode_draw(draw_of(grant, request, ordinal))


def value_of(draw: Draw, request: Request, proof: bytes) -> bytes:
    """The 32 bytes a guest gets; the proof is not looked at."""
    match draw:
        case DrandDraw(ordinal=ordinal):
            return draw_value(request, ordinal, proof)
        case CommitteeDraw():
            return bytes(keccak256(proof))
        case _:
            assert_never(draw)


def draw_value(request: Request, ordinal: int, proof: bytes) -> bytes:
    """What a drand draw is worth."""
    draw = draw_digest(request.chain_id, request.router, request_id(request), ordinal)
    return bytes(ticket_randomness(Digest(hashlib.sha256(proof).digest()), draw))


def verify_round(key: bytes, round: Natural, signature: bytes) -> bool:
    """Whether `signature` is the group's over the round, scheme bls-unchained-g1-rfc9380."""
    message = Digest(hashlib.sha256(round.to_bytes(8, "big")).digest())
    return bls.verify(key, message, signature, bls.DST_DRAND)


def committee_digest(draw: CommitteeDraw) -> Digest:
    """What the epoch's draw key signs for this draw."""
    return draw_digest(draw.chain_id, draw.router, draw.request, draw.ordinal)


def verify_draw(key: bytes, digest: Digest, signature: bytes) -> bool:
    """Whether `signature` is the draw key's over a draw's digest."""
    return bls.verify(key, digest, signature, bls.DST_DRAW)
