"""One demand for execution: input and everything the guest may see of its context."""

from __future__ import annotations

from dataclasses import dataclass

from executor.model.codec import Hex, Natural, Uint32
from executor.model.ids import Address, Digest, FunctionId

ZERO_ADDRESS = Address(bytes(20))


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the router's event gives it; its id (crypto/digests.py) commits to every field.

    `block_timestamp` is seconds since the Unix epoch; `parent_hash` is the hash of the block before the request's.
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

    @classmethod
    def local(cls, function_id: FunctionId, input: bytes = b"", *, block_timestamp: int = 0) -> Request:
        """A request that no chain made, for running and testing functions: chain id, nonce and addresses are zero."""
        return cls(
            chain_id=0,
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
