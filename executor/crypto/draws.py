"""Draws as the cryptography sees them: is this proof the draw's, and what is it worth (docs/randomness.md).

Rule 1. A proof is the one valid signature there is: nobody who verifies it can agree on another.
Rule 2. The value names chain, router, request and ordinal, so that no two draws have anything in common. A contract
        computes the same: contracts/src/Beacon.sol verifies the round, libraries/Digests.sol has the digests.
"""

from __future__ import annotations

import hashlib

from executor.crypto import bls
from executor.crypto.digests import draw_digest, request_id, ticket_randomness
from executor.errors import InvalidManifest, InvalidValue
from executor.model.codec import Natural
from executor.model.draw import DrandDraw, Draw, encode_draw
from executor.model.ids import Digest
from executor.model.manifest import RandomCapability, Terms
from executor.model.request import Request


def check_grant(terms: Terms) -> None:
    """Raises InvalidManifest when draws are granted under a key that no signature verifies under."""
    if (grant := terms.capabilities.random) is not None:
        try:
            bls.check_public_key(grant.drand.key)
        except InvalidValue as error:
            raise InvalidManifest(f"capabilities.random.chain.key: {error}") from error


def draw_of(grant: RandomCapability, request: Request, ordinal: int) -> Draw:
    """The draw that a request makes under this grant: nothing in it is anybody's choice once the request stands."""
    chain = grant.drand
    round = chain.round_at(request.block_timestamp + grant.delay_s)
    return DrandDraw(ordinal, chain.hash, chain.key, round, chain.time_of(round))


def draw_spec(grant: RandomCapability, request: Request, ordinal: int) -> bytes:
    """Its spec, which the transcript must have at this place."""
    return encode_draw(draw_of(grant, request, ordinal))


def draw_value(request: Request, ordinal: int, proof: bytes) -> bytes:
    """The 32 bytes a guest gets; the proof is not looked at."""
    draw = draw_digest(request.chain_id, request.router, request_id(request), ordinal)
    return bytes(ticket_randomness(Digest(hashlib.sha256(proof).digest()), draw))


def verify_round(key: bytes, round: Natural, signature: bytes) -> bool:
    """Whether `signature` is the group's over the round, scheme bls-unchained-g1-rfc9380."""
    message = Digest(hashlib.sha256(round.to_bytes(8, "big")).digest())
    return bls.verify(key, message, signature, bls.DST_DRAND)
