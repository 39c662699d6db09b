"""The operations behind `call`: which are pure, and which manifest grant the others need."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from executor.crypto.digests import keccak256, request_id
from executor.model.codec import encode_json
from executor.model.manifest import Capabilities as Grants
from executor.model.request import Request
from executor.model.trigger import kind_of


def input_context(request: Request, _data: bytes) -> bytes:
    """Everything a guest may know about its request, as canonical JSON; the input itself is `run`'s argument."""
    return _context(request)


@lru_cache(maxsize=16)  # made once for the many calls one run may make: 50 microseconds
def _context(request: Request) -> bytes:
    origin = request.origin
    registered = {} if origin is None else {"registration": str(origin.registration)}
    return encode_json(
        {
            **registered,
            "request_id": str(request_id(request)),
            "chain_id": request.chain_id,
            "router": str(request.router),
            "nonce": request.nonce,
            "block_number": request.block_number,
            "block_timestamp": request.block_timestamp,
            "parent_hash": str(request.parent_hash),
            "sender": str(request.sender),
            "subscription": request.subscription,
            "function_id": str(request.function_id),
            "epoch": request.epoch,
            "callback_gas_limit": request.callback_gas_limit,
            "consumer": str(request.consumer),
            "trigger": "request" if origin is None else kind_of(origin.event).name.lower(),
        }
    )


def crypto_keccak256(_request: Request, data: bytes) -> bytes:
    """keccak256 of the data, 32 bytes."""
    return bytes(keccak256(data))


PURE: Final = MappingProxyType[str, Callable[[Request, bytes], bytes]](
    {"input.context": input_context, "crypto.keccak256": crypto_keccak256}
)
"""Functions of request and argument: answered in agreed and observe mode alike."""

DRAW: Final = "random.draw"
"""Agreed, and not pure: answered from the transcript's draws, in agreed mode only; granted by `random`."""

GRANTED_BY: Final = MappingProxyType(
    {
        "http.fetch": "http",
        "http.fetch_many": "http",
        "evm.call": "evm",
        "evm.call_many": "evm",
        "evm.balance": "evm",
        "evm.block": "evm",
        "evm.logs": "evm",
        "secrets.get": "secrets",
        "input.private": "private_input",
        "time.now": "time",
    }
)
"""Operations that look at the world, each with the manifest's capability that grants it."""


def is_granted(operation: str, grants: Grants) -> bool:
    """Whether the manifest grants a known operation; hosts, methods and names are checked where it is answered."""
    return getattr(grants, GRANTED_BY[operation]) is not None
