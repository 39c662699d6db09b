"""A transaction to be signed, as the chain adapter makes it and the signer reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from executor.model.codec import Hex, Natural
from executor.model.ids import Address


def _quantity(value: object) -> object:
    return int(value, 16) if isinstance(value, str) else value


Quantity = Annotated[
    int,
    BeforeValidator(_quantity),
    Field(ge=0, lt=2**256, strict=True),
    PlainSerializer(hex, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^0x(0|[1-9a-f][0-9a-f]*)$"}),
]
"""A uint256; JSON form 0x-prefixed minimal hex, as in Ethereum's JSON-RPC."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """The fields of an EIP-1559 transaction without an access list; `to` None creates a contract. Wei and gas."""

    chain_id: Natural
    nonce: Natural
    to: Address | None
    value: Quantity
    data: Hex
    gas: Natural
    max_fee_per_gas: Quantity
    max_priority_fee_per_gas: Quantity
