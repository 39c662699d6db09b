"""Committees' draws on a developer's machine: by one key from a fixed seed, so whoever reads this knows every draw.

A simulated committee holds it in shares. A network's members make their key together, and nobody holds it
(protocol/keygen.py); no node takes this one.
"""

from __future__ import annotations

from typing import Final

from executor.crypto import bls
from executor.crypto.draws import committee_digest
from executor.model.draw import CommitteeDraw

DEVELOPMENT_SECRET: Final = bls.secret_from_seed(b"the draw key of development machines, known to everybody")
DEVELOPMENT_KEY: Final = bls.public_key(DEVELOPMENT_SECRET)
WARNING: Final = "by the development key, which everybody knows"


def development_proof(draw: CommitteeDraw) -> bytes:
    """The proof of a draw under the development key."""
    return bls.sign(DEVELOPMENT_SECRET, committee_digest(draw), bls.DST_DRAW)
