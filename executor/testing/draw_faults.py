"""Members that spoil their committee's draws: what their signer answers is changed on its way to the node.

Run as the other faults are (faults.py), which change what a node runs and sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from executor.crypto import bls
from executor.crypto.draws import committee_digest
from executor.errors import InvalidValue
from executor.keys.draw_messages import SignPart
from executor.keys.messages import Answer, Ask, Bytes
from executor.model.ids import Address
from executor.node.metrics.timed import TimedSigner

OWN_SECRET: Final = bls.secret_from_seed(b"a key that is nobody's share".ljust(32))


class WrongParts(TimedSigner):
    """Gives a point that is no part of the draw: its signature under a key of its own."""

    async def ask_key(self, key: Address | None, ask: Ask) -> Answer:
        """As TimedSigner says, but for parts."""
        if isinstance(ask, SignPart):
            return Bytes(bls.sign(OWN_SECRET, committee_digest(ask.draw), bls.DST_DRAW))
        return await super().ask_key(key, ask)


class NoParts(TimedSigner):
    """Gives no part of any draw, and does all else."""

    async def ask_key(self, key: Address | None, ask: Ask) -> Answer:
        """As TimedSigner says, but for parts."""
        if isinstance(ask, SignPart):
            raise InvalidValue("this node's fault is to give no parts")
        return await super().ask_key(key, ask)


DRAW_FAULTS: Final[Mapping[str, type[TimedSigner]]] = MappingProxyType({"no-part": NoParts, "wrong-part": WrongParts})
