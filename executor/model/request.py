"""One demand for execution: input and everything the guest may see of its context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from executor.errors import InvalidValue
from executor.model.codec import Hex, Natural, Uint32
from executor.model.ids import Address, Digest, FunctionId
from executor.model.trigger import Origin

ZERO_ADDRESS = Address(bytes(20))


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the router's event gives it; its id (crypto/digests.py) commits to every field.

    `block_timestamp` is seconds since the Unix epoch; `parent_hash` is the hash of the block before the request's.
    A request that a trigger made has an `origin`, its home block's number, time and parent, and zeros for what its id
    does not commit to: nonce, sender, subscription, gas limit and consumer. Without one the key is left out.
    """

    chain_id: Natural
    router: Address
    nonce: Natural
    block_number: Natural
    block_timestamp: Natural
    parent_hash: Digest
    sender: Address
    subscription: Natural
    function_id: FunctionId
    epoch: Natural
    input: Hex
    callback_gas_limit: Uint32
    consumer: Address
    origin: Annotated[Origin | None, Field(exclude_if=lambda origin: origin is None)] = None

    def __post_init__(self) -> None:
        uncommitted = (self.nonce, self.subscription, self.callback_gas_limit)
        if self.origin is not None and (any(uncommitted) or {self.sender, self.consumer} != {ZERO_ADDRESS}):
            raise InvalidValue("a triggered request whose id does not commit to all of its context")

    @classmethod
    def local(
        cls, function_id: FunctionId, input: bytes = b"", *, block_timestamp: int = 0, chain_id: int = 0
    ) -> Request:
        """A request that no chain made, for running and testing functions: what is not given is zero."""
        return cls(
            chain_id=chain_id,
            router=ZERO_ADDRESS,
            nonce=0,
            block_number=0,
            block_timestamp=block_timestamp,
            parent_hash=Digest(bytes(32)),
            sender=ZERO_ADDRESS,
            subscription=0,
            function_id=function_id,
            epoch=0,
            input=input,
            callback_gas_limit=0,
            consumer=ZERO_ADDRESS,
        )
