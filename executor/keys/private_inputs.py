"""The private part of a request's input: sealed to an epoch's members, for one function and one consumer.

01 ++ epoch digest (32) ++ function id (32) ++ consumer (20) ++ sealed text        docs/wire.md §11
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final as Constant

from executor.crypto.digests import epoch_digest, private_input_context
from executor.errors import InvalidEncoding
from executor.keys.envelopes import seal_to_all
from executor.model.committee import Epoch
from executor.model.ids import Address, EpochDigest, FunctionId

VERSION: Constant = 1
HEAD_BYTES: Constant = 85


@dataclass(frozen=True, slots=True)
class PrivateInput:
    """An envelope in its parts; `sealed` is bound to the others."""

    epoch: EpochDigest
    function_id: FunctionId
    consumer: Address
    sealed: bytes

    @property
    def context(self) -> bytes:
        """What the sealed text is bound to."""
        return private_input_context(self.epoch, self.function_id, self.consumer)


def seal_private_input(epoch: Epoch, function: FunctionId, consumer: Address, text: bytes) -> bytes:
    """`text` for the observe runs of this function, asked for by this consumer in this epoch, and for nobody else."""
    identity = epoch_digest(epoch.identity)
    keys = [member.encryption_key for member in epoch.members]
    sealed = seal_to_all(keys, text, private_input_context(identity, function, consumer))
    return bytes([VERSION]) + identity + function + consumer + sealed


def parse_private_input(data: bytes) -> PrivateInput:
    """The parts of an envelope; raises InvalidEncoding."""
    if len(data) < HEAD_BYTES or data[0] != VERSION:
        raise InvalidEncoding(f"a private input begins with {VERSION} and has more than {HEAD_BYTES} bytes")
    return PrivateInput(EpochDigest(data[1:33]), FunctionId(data[33:65]), Address(data[65:85]), data[HEAD_BYTES:])
