"""What nodes say when they do not take a transaction: a table of their own words, since no codes are agreed on.

Read from the sources of geth, reth, Erigon, Nethermind, Besu and anvil; words of the embedded chain are anvil's.
"""

from __future__ import annotations

from enum import Enum
from typing import Final as Constant

from executor.errors import RpcRefused


class Refused(Enum):
    """Why a transaction was not taken."""

    KNOWN = "it has it already"
    NONCE_TOO_LOW = "its nonce is used"
    REPLACEMENT = "another of this nonce waits, and it pays too little more"
    UNDERPRICED = "it pays too little"
    FUNDS = "the account cannot pay for it"
    OTHER = "something else"


# In this order: "replacement transaction underpriced" is no plain "transaction underpriced".
WORDS: Constant[tuple[tuple[Refused, tuple[str, ...]], ...]] = (
    (
        Refused.KNOWN,
        ("already known", "already imported", "alreadyknown", "known transaction", "existing tx with same hash"),
    ),
    (Refused.NONCE_TOO_LOW, ("nonce too low", "oldnonce", "nonce is too low", "invalid nonce; got")),
    (
        Refused.REPLACEMENT,
        (
            "replacement transaction underpriced",
            "replacementnotallowed",
            "could not replace existing tx",
            "replace existing",
        ),
    ),
    (
        Refused.FUNDS,
        ("insufficient funds", "insufficientfunds", "upfront cost exceeds", "sender doesn't have enough funds"),
    ),
    (
        Refused.UNDERPRICED,
        (
            "underpriced",
            "feetoolow",
            "fee too low",
            "max fee per gas less than block base fee",
            "max fee per gas below",
            "gas price below",
            "gas price too low",
        ),
    ),
)


def refused(error: RpcRefused) -> Refused:
    """Why a node did not take a transaction."""
    message = error.message.lower()
    for reason, words in WORDS:
        if any(word in message for word in words):
            return reason
    return Refused.OTHER
