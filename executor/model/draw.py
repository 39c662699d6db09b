"""What a draw asks for (docs/randomness.md): where the randomness comes from, and which piece of it this draw is.

Rule 1. A spec is canonical JSON that begins with PREFIX, so that none is an observation's.
Rule 2. It names everything that verifying the draw's proof needs, but for a committee's key: that one is the key which
        the request's epoch registered. A guest chooses nothing in it.
Rule 3. Draws come after all observations. `observe` after a draw is against the ABI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

from executor.errors import InvalidEncoding, InvalidSpec
from executor.model.codec import decode_json, encode_json
from executor.model.ids import Address, RequestId

PREFIX: Final = b'{"draw":'
MAX_DRAWS: Final = 16  # a run starts again for each, and one seeds a stream without end
MAX_SPEC_BYTES: Final = 1_024  # a drand draw's is about 400
PROOF_BYTES: Final = 48  # a compressed point of G1: drand's signature of a round, or a committee's of a draw
DRAND: Final = "drand"
COMMITTEE: Final = "committee"
_HEX: Final = re.compile("0x([0-9a-f]{2})*")
_ADDRESS: Final = re.compile("0x[0-9a-f]{40}")
_DIGEST: Final = re.compile("0x[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class DrandChain:
    """A chain of drand with scheme bls-unchained-g1-rfc9380: its hash (32 bytes), group key (compressed G2), clock."""

    hash: bytes
    key: bytes
    genesis_s: int
    period_s: int

    def round_at(self, time_s: int) -> int:
        """The first round that is published at this time or later; rounds begin with 1."""
        if time_s <= self.genesis_s:
            return 1
        return (time_s - self.genesis_s + self.period_s - 1) // self.period_s + 1

    def time_of(self, round: int) -> int:
        """When a round is published."""
        return self.genesis_s + (round - 1) * self.period_s


QUICKNET: Final = DrandChain(
    hash=bytes.fromhex("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"),
    key=bytes.fromhex(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    ),
    genesis_s=1_692_803_367,
    period_s=3,
)
"""drand's public chain since 2023; contracts/src/libraries/Drand.sol has the same."""


@dataclass(frozen=True, slots=True)
class DrandDraw:
    """Draw `ordinal` of a request from one round; `published_at` is the round's time, before which nobody asks."""

    ordinal: int
    chain: bytes
    key: bytes
    round: int
    published_at: int


@dataclass(frozen=True, slots=True)
class CommitteeDraw:
    """Draw `ordinal` of a request by the key that its epoch's members made together (draw_key.py)."""

    chain_id: int
    router: Address
    request: RequestId
    ordinal: int


Draw: TypeAlias = DrandDraw | CommitteeDraw
"""One source a type."""


def encode_draw(draw: Draw) -> bytes:
    """The spec of a draw."""
    match draw:
        case DrandDraw():
            plain: dict[str, str | int] = {
                "chain": "0x" + draw.chain.hex(),
                "key": "0x" + draw.key.hex(),
                "ordinal": draw.ordinal,
                "published_at": draw.published_at,
                "round": draw.round,
                "source": DRAND,
            }
        case CommitteeDraw():
            plain = {
                "chain": draw.chain_id,
                "ordinal": draw.ordinal,
                "request": str(draw.request),
                "router": str(draw.router),
                "source": COMMITTEE,
            }
        case _:
            assert_never(draw)
    return encode_json({"draw": plain})


def is_draw(spec: bytes) -> bool:
    """Whether a spec is a draw's (Rule 1)."""
    return spec.startswith(PREFIX)


@lru_cache(maxsize=64)
def parse_draw(spec: bytes) -> Draw:
    """The draw a spec asks for; raises InvalidSpec."""
    try:
        plain = decode_json(spec, limit=MAX_SPEC_BYTES)
    except InvalidEncoding as error:
        raise InvalidSpec(f"draw spec: {error}") from error
    match plain:
        case {
            "draw": {
                "source": "drand",
                "chain": str(chain),
                "key": str(key),
                "ordinal": int(ordinal),
                "published_at": int(published_at),
                "round": int(round),
            }
        } if _HEX.fullmatch(chain) and _HEX.fullmatch(key) and bool not in map(type, (ordinal, published_at, round)):
            draw: Draw = DrandDraw(ordinal, bytes.fromhex(chain[2:]), bytes.fromhex(key[2:]), round, published_at)
            possible = round >= 1
        case {
            "draw": {
                "source": "committee",
                "chain": int(chain_id),
                "router": str(router),
                "request": str(request),
                "ordinal": int(ordinal),
            }
        } if _ADDRESS.fullmatch(router) and _DIGEST.fullmatch(request) and bool not in map(type, (ordinal, chain_id)):
            draw = CommitteeDraw(chain_id, Address.from_hex(router), RequestId.from_hex(request), ordinal)
            possible = chain_id >= 0
        case _:
            raise InvalidSpec("draw spec: no draw of a known source")
    if not (possible and 0 <= draw.ordinal < MAX_DRAWS and encode_draw(draw) == spec):
        raise InvalidSpec("draw spec: a value out of its range, or a field too many")
    return draw
