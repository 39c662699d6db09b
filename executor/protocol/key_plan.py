"""Which key an epoch's members make (keygen.py), under which requests, and what its proofs are bound to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final as Constant

from executor.crypto.digests import epoch_digest, key_context, members_digest
from executor.model.codec import Hex, Uint16
from executor.model.committee import Epoch
from executor.model.ids import Digest, FunctionId
from executor.model.request import ZERO_ADDRESS, Request

FUNCTION: Constant = FunctionId(bytes(31) + b"\x01")  # no hash is this: no function of anybody's


@dataclass(frozen=True, slots=True)
class Plan:
    """Which key is made: `threshold` shares make it, `shares_of` is the key that dealers hold shares of, if any.

    `dealers`: how many there are; they are the members themselves, or those of the epoch before. `dealer`: which of
    them this member is, None for none.
    """

    threshold: Uint16
    dealers: Uint16
    dealer: Uint16 | None
    shares_of: tuple[Hex, ...] = ()

    @property
    def reshared(self) -> bool:
        """Whether a key stays, and only its shares change."""
        return bool(self.shares_of)

    @property
    def least(self) -> int:
        """Dealings that a list has at least (Rule 3)."""
        return self.dealers - (self.dealers - 1) // 3


def attempt_request(epoch: Epoch, attempt: int) -> Request:
    """The request of an attempt: the same at every member, and nobody's on chain."""
    return Request(
        chain_id=epoch.chain_id,
        router=epoch.committee,
        nonce=attempt,
        block_number=0,
        block_timestamp=0,
        parent_hash=Digest(bytes(32)),
        sender=ZERO_ADDRESS,
        subscription=0,
        function_id=FUNCTION,
        epoch=epoch.number,
        input=b"",
        callback_gas_limit=0,
        consumer=ZERO_ADDRESS,
    )


def opening_context(hashed: Digest, member: int) -> bytes:
    """What the proof of an opened share is bound to."""
    return key_context(hashed, member)


def resharing_context(epoch: Epoch, dealer: int) -> bytes:
    """What a dealer's sealed shares, and the proof that it deals its own, are bound to; `epoch` is theirs.

    It names the members: a share that was dealt to one committee is no good to who believes in another of its name.
    """
    members = b"".join(bytes(member.signer) + member.encryption_key for member in epoch.members)
    return key_context(members_digest(epoch_digest(epoch.identity), members), dealer)
