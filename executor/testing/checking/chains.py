"""Twists of what chains answer: as honest nodes differ, as chains fail, and words of return data at their edges."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from executor.testing.checking.contents import Drift, Edge, Grown
from executor.testing.evm_variations import moved, moves, strike_chain, vary_chain
from executor.testing.outages import Outage
from executor.testing.replies import Reply
from executor.testing.variations import Variation

WORD: Final = 64  # hex digits


def words_in(reply: Reply) -> int:
    """How many words of return data an `Edge` can replace."""
    text = _hex(reply)
    return 0 if text is None else len(text) // WORD


def twisted(name: str, reply: Reply, twist: Variation | Drift | Outage | Edge | Grown) -> Reply:
    """What a node is told instead. Pure."""
    match twist:
        case Variation():
            return vary_chain(name, reply, twist)
        case Drift(steps):
            return moved(reply, steps) if moves(name) else reply
        case Outage():
            return strike_chain(twist)
        case Edge(place, int() as value) if place < words_in(reply):
            text = _hex(reply) or ""
            word = (value % (1 << 256)).to_bytes(32, "big").hex()
            changed = text[: place * WORD] + word + text[(place + 1) * WORD :]
            return replace(reply, body=f"0x{changed}".encode())
        case _:
            return reply


def _hex(reply: Reply) -> str | None:
    """The digits of return data in whole words; None for anything else."""
    text = reply.body.decode("utf-8", "replace").strip().strip('"')
    digits = text[2:]
    whole = text.startswith("0x") and len(digits) % WORD == 0 and all(each in "0123456789abcdef" for each in digits)
    return digits if whole else None
