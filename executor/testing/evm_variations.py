"""How what chains answer differs between honest nodes, and fails (names of evm_replies.py).

At one block honest nodes read the same: only the last final block differs, by a few numbers. Outages are codes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from executor.testing.evm_replies import BLOCK_S
from executor.testing.outages import Outage
from executor.testing.replies import Reply
from executor.testing.variations import Variation

_CODES: Final = {
    Outage.TIMEOUT: "evm-timeout",
    Outage.RATE_LIMITED: "evm-refused",
    Outage.ERROR_PAGE: "evm-disagreement",
    Outage.TRUNCATED: "evm-reverted",
}
"""Others are `evm-unavailable`."""


def moves(name: str) -> bool:
    """Whether honest nodes are told different things under this name."""
    return name.endswith("/finalized") and name.startswith("evm.block://")


def vary_chain(name: str, reply: Reply, variation: Variation) -> Reply:
    """The same answer, varied as chains do: heights by the clock. Pure."""
    return moved(reply, -(-variation.seconds // BLOCK_S)) if moves(name) and variation.seconds else reply


def strike_chain(outage: Outage) -> Reply:
    """What a node is told when it fails. Pure."""
    return Reply(error=_CODES.get(outage, "evm-unavailable"), about=outage.value)


def moved(reply: Reply, blocks: int) -> Reply:
    """The height in a reply, moved."""
    try:
        plain: Any = json.loads(reply.body)
        if isinstance(plain, dict):
            plain = {**plain, "number": max(0, int(plain["number"]) + blocks)}
        else:
            plain = max(0, int(plain) + blocks)
    except (ValueError, TypeError, LookupError, RecursionError):
        return reply
    return replace(reply, body=json.dumps(plain).encode())
