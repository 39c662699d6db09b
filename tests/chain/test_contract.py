"""Encoding and decoding by the committed ABI."""

import pytest
from eth_abi.abi import encode as abi_encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from executor.chain.bindings import committee, router
from executor.chain.contract import interface
from executor.errors import InvalidEncoding

ROUTER = interface("Router")


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


def test_selectors_are_the_contracts() -> None:
    """Calldata begins with the selector of the Solidity signature, tuples and text spelled out."""
    assert selector("fulfill(uint64,uint256,bytes,bytes)") == ROUTER.calldata("fulfill", 1, 0, b"", b"")[:4]
    arguments = (b"\x01" * 20, b"\x02" * 32, b"", b"", b"text")
    expected = selector("register(address,bytes32,bytes,bytes,string)")
    assert expected == interface("Committee").calldata("register", *arguments)[:4]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"", "no reason given"),
        (b"\x01\x02\x03\x04", "0x01020304"),
        (selector("Error(string)") + abi_encode(["string"], ["too late"]), "too late"),
        (selector("Panic(uint256)") + abi_encode(["uint256"], [0x11]), "Panic(0x11)"),
        (selector("NoReports()"), "NoReports()"),
        (
            selector("UnknownVerifier(uint64,uint256)") + abi_encode(["uint64", "uint256"], [1, 9]),
            "UnknownVerifier(1, 9)",
        ),
        (selector("QuorumNotReached(uint256,uint256)") + abi_encode(["uint256"] * 2, [2, 3]), "QuorumNotReached(2, 3)"),
        (selector("UnknownVerifier(uint64,uint256)"), "0x" + selector("UnknownVerifier(uint64,uint256)").hex()),
    ],
)
def test_reverts_are_named(raw: bytes, shown: str) -> None:
    """Errors of the router, of its verifiers, and Solidity's own; anything else as hex."""
    assert shown == ROUTER.reason(raw)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=4), st.binary(max_size=600))
def test_any_bytes_are_an_event_or_an_encoding_error(topics: list[bytes], raw: bytes) -> None:
    """Decoding a hostile log raises InvalidEncoding and nothing else."""
    with pytest.raises(InvalidEncoding):
        ROUTER.event(router.Requested, topics, raw)
    with pytest.raises(InvalidEncoding):
        ROUTER.event(router.Requested, [router.Requested.TOPIC, *topics[:2]], raw)


@given(st.binary(max_size=600))
def test_any_bytes_are_a_result_or_an_encoding_error(raw: bytes) -> None:
    """So does decoding a hostile call's result, nested arrays of structs included."""
    try:
        rows = interface("Committee").result("epochMembers", raw)
    except InvalidEncoding:
        return
    assert all(len(committee.Member.from_abi(row).encryption_key) == 32 for row in rows)
