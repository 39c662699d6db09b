"""Draws in simulations: any group's signature of a round is a keyed hash that everybody here can make.

It stands for a signature that no member can make, so a simulated member that tries to draw early or otherwise is given
its round's and no other. A committee's draw is a hash as well, where nobody verifies it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import assert_never

from executor.crypto.draws import committee_digest
from executor.model.draw import PROOF_BYTES, CommitteeDraw, DrandDraw, Draw, parse_draw
from executor.model.observation import Kind
from executor.model.transcript import Entry
from executor.testing.fast_signatures import SigningCurves


def round_signature(key: bytes, round: int, seed: int = 0) -> bytes:
    """What the group of this key signs; another `seed`, another fate."""
    message = round.to_bytes(8, "big") + seed.to_bytes(8, "big")
    return blake2b(message, key=key[:64], person=b"drand round", digest_size=PROOF_BYTES).digest()


def simulated_proof(draw: Draw, seed: int = 0) -> bytes:
    """The proof of a draw here."""
    match draw:
        case DrandDraw(key=key, round=round):
            return round_signature(key, round, seed)
        case CommitteeDraw():
            message = committee_digest(draw) + seed.to_bytes(8, "big")
            return blake2b(message, person=b"committee draw", digest_size=PROOF_BYTES).digest()
        case _:
            assert_never(draw)


def simulated_entry(spec: bytes, seed: int = 0) -> Entry:
    """The transcript's entry of a draw."""
    return Entry(spec, Kind.DRAW, simulated_proof(parse_draw(spec), seed))


class SimulatedRounds(SigningCurves):
    """The curves, but for drand."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def round_signature(self, key: bytes, round: int) -> bytes:
        """Of any group."""
        return round_signature(key, round, self._seed)

    def is_round(self, key: bytes, round: int, signature: bytes) -> bool:
        """Whether it is the simulated group's."""
        return signature == round_signature(key, round, self._seed)
