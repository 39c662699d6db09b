"""Events and errors of contracts without bindings, by their committed ABI."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hexbytes import HexBytes

from executor.chain.contract_events import happened
from executor.chain.contracts import contract, revert_reason
from executor.crypto.digests import keccak256
from executor.errors import ChainUnavailable
from executor.model.ids import Address

TOKEN, OTHER = Address(b"\x01" * 20), Address(b"\x02" * 20)
TRANSFER = keccak256(b"Transfer(address,address,uint256)")


def log(address: Address, data: bytes) -> dict[str, object]:
    """A transfer from 0x03… to 0x04…, as web3 gives it."""
    topics = [HexBytes(each) for each in (TRANSFER, b"\x03".rjust(32, b"\0"), b"\x04".rjust(32, b"\0"))]
    hashes = {"transactionHash": HexBytes(bytes(32)), "blockHash": HexBytes(bytes(32))}
    places = {"logIndex": 0, "transactionIndex": 0, "blockNumber": 1}
    return {"address": str(address), "topics": topics, "data": HexBytes(data), **hashes, **places}


def test_a_contracts_own_events_are_read_by_name() -> None:
    logs = [log(OTHER, encode(["uint256"], [1])), log(TOKEN, encode(["uint256"], [7]))]
    (transfer,) = happened("DemoToken", TOKEN, logs)  # type: ignore[arg-type]
    assert transfer.name == "Transfer"
    assert transfer["value"] == 7
    assert int(transfer["to"], 16) == 4


def test_a_malformed_event_is_the_endpoints_fault() -> None:
    with pytest.raises(ChainUnavailable):
        happened("DemoToken", TOKEN, [log(TOKEN, b"")])  # type: ignore[list-item]


def test_errors_of_a_contract_that_was_used_are_told_by_name() -> None:
    contract("DynamicNft")
    raw = keccak256(b"RefreshedRecently(uint64,uint256)")[:4] + encode(["uint64", "uint256"], [5, 60])
    assert revert_reason(raw) == "RefreshedRecently(5, 60)"
