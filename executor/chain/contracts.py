"""The contracts as web3's contract objects, to encode for and decode from; no chain is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import registry
from hexbytes import HexBytes
from web3 import AsyncWeb3
from web3.contract.async_contract import AsyncContract
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers.async_base import AsyncBaseProvider

from executor.chain.bindings import (
    beacon,
    committee,
    function_registry,
    i_epoch_verifier,
    load,
    price_consumer,
    router,
    triggers,
)
from executor.crypto.digests import keccak256

REASONS: dict[bytes, str] = {
    keccak256(signature.encode())[:4]: signature
    for signature in ("Error(string)", "Panic(uint256)")  # Solidity's own
}
# Text with what is no UTF-8 replaced, so that one operator's malformed endpoint spoils nobody's epoch.
_TYPES = registry.copy()  # type: ignore[no-untyped-call]
_TYPES.unregister_decoder("string")
_TYPES.register_decoder("string", StringDecoder(handle_string_errors="replace"), label="string")  # type: ignore[no-untyped-call]
CODEC = ABICodec(_TYPES)

for _binding in (router, committee, function_registry, triggers, beacon, i_epoch_verifier, price_consumer):
    REASONS.update(_binding.ERRORS)


Provider = TypeVar("Provider", bound=AsyncBaseProvider)


def connect(provider: Provider) -> AsyncWeb3[Provider]:
    """web3 on a provider, without its default middleware: names, gas prices and checks that ask the endpoint for more.

    Blocks of proof-of-authority chains are read like others.
    """
    w3 = AsyncWeb3(provider, middleware=[(ExtraDataToPOAMiddleware, "extra_data")])
    w3.codec = CODEC
    return w3


@cache
def contract(name: str) -> type[AsyncContract]:
    """A committed contract, on no chain; its errors are known by name from here on."""
    artifact = load(name)
    REASONS.update(_errors(artifact.abi))
    return connect(AsyncBaseProvider()).eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)


def creation(name: str, *arguments: object) -> bytes:
    """The data of the transaction that creates a contract."""
    return HexBytes(contract(name).constructor(*arguments).data_in_transaction)


def calldata(name: str, function: str, *arguments: object) -> bytes:
    """The data of a call."""
    return HexBytes(contract(name).encode_abi(function, args=list(arguments)))


def _errors(abi: Sequence[Mapping[str, Any]]) -> dict[bytes, str]:
    """Signature by selector of an ABI's errors; of those with structs the reader makes nothing."""
    errors = [each for each in abi if each["type"] == "error"]
    signatures = [f"{each['name']}({','.join(part['type'] for part in each['inputs'])})" for each in errors]
    return {keccak256(each.encode())[:4]: each for each in signatures if "tuple" not in each}


def revert_reason(raw: bytes) -> str:
    """A revert's return data for people."""
    try:
        name, _, types = REASONS[raw[:4]].rstrip(")").partition("(")
        values = CODEC.decode(types.split(",") if types else [], raw[4:])  # no error of ours holds a struct
    except (KeyError, DecodingError):
        return f"0x{raw[:36].hex()}" if raw else "no reason given"
    return f"{name}({', '.join(_shown(value) for value in values)})"


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
