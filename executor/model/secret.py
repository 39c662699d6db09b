"""A secret as its owner puts it: one name's value, sealed to every member of one epoch, for one function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from typing import Final as Constant

from pydantic import Field

from executor.model.codec import Hex, Natural
from executor.model.ids import Address, EpochDigest, FunctionId

MAX_VALUE_BYTES: Constant = 4_096  # the private key of RSA-4096 has 3.3 kB in PEM
MAX_LIFE_S: Constant = 366 * 86_400
NAME: Constant = r"^[A-Z][A-Z0-9_]{0,63}$"


@dataclass(frozen=True, slots=True)
class Secret:
    """What members keep and hand to each other.

    `sealed` is a sealed text (docs/wire.md §11) bound to every field but `subscription` and `signature`; nothing sealed
    deletes the secret. `version` says which of two is newer. `signature` is the owner's over the `secret` digest.
    """

    epoch: EpochDigest
    expires: Natural
    function_id: FunctionId
    name: Annotated[str, Field(pattern=NAME)]
    owner: Address
    sealed: Hex
    signature: Hex
    subscription: Natural
    version: Natural
