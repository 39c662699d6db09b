"""Encoding and decoding by the committed ABI."""

import pytest
from eth_abi.abi import encode as abi_encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from executor.chain.bindings import committee, function_registry, router, triggers
from executor.chain.contracts import calldata, creation, revert_reason
from executor.chain.logs import RouterLog
from executor.chain.reverts import WORDS, explain_data
from executor.errors import ChainUnavailable
from executor.model.ids import Digest
from executor.model.receipt import ChainLocation

HERE = ChainLocation(Digest(bytes(32)), 1, Digest(bytes(32)))


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


def test_selectors_are_the_contracts() -> None:
    """Calldata begins with the selector of the Solidity signature, text spelled out."""
    assert selector("fulfill(uint64,uint256,bytes,bytes)") == calldata("Router", "fulfill", 1, 0, b"", b"")[:4]
    arguments = (b"\x01" * 20, b"", b"\x02" * 32, b"", b"", "text")
    expected = selector("register(address,bytes,bytes32,bytes,bytes,string)")
    assert expected == calldata("Committee", "register", *arguments)[:4]


def test_creation_ends_with_the_constructors_arguments() -> None:
    """Addresses given as bytes are encoded as such."""
    assert creation("Committee", b"\x01" * 20, 5, 6).endswith(
        abi_encode(["address", "uint96", "uint256"], [b"\x01" * 20, 5, 6])
    )


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"", "no reason given"),
        (b"\x01\x02\x03\x04", "0x01020304"),
        (selector("Error(string)") + abi_encode(["string"], ["too late"]), "Error(too late)"),
        (selector("Error(string)") + abi_encode(["bytes"], [b"\xff"]), "Error(�)"),
        (selector("Panic(uint256)") + abi_encode(["uint256"], [0x11]), "Panic(17)"),
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
    """Errors of the contracts and Solidity's own; anything else as hex."""
    assert shown == revert_reason(raw)


@given(st.sampled_from([selector("Error(string)"), selector("NotPending(bytes32)")]), st.binary(max_size=200))
def test_any_bytes_have_a_reason(first: bytes, raw: bytes) -> None:
    """A hostile revert is shown, never raised."""
    assert revert_reason(first + raw)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=4), st.binary(max_size=600))
def test_any_bytes_are_an_event_or_the_endpoints_fault(topics: list[bytes], raw: bytes) -> None:
    """Decoding a hostile log raises ChainUnavailable and nothing else."""
    for hostile in (topics, [router.Requested.TOPIC, *topics[:2]]):
        with pytest.raises(ChainUnavailable):
            RouterLog(tuple(map(Digest, hostile)), raw, 0, HERE).event(router.Requested)


def test_every_error_of_the_contracts_has_words_that_take_its_values() -> None:
    """Whoever sends a transaction reads why it was refused; what libraries raise inside is not theirs to mend."""
    libraries = ("SafeCast", "SafeERC20", "Reentrancy", "FailedCall", "CreationFailed", "InsufficientBalance(uint256,")
    errors = {each for binding in (router, committee, function_registry, triggers) for each in binding.ERRORS.values()}
    assert {each for each in errors if not each.startswith(libraries)} == set(WORDS)
    for signature, words in WORDS.items():
        types = [each for each in signature.partition("(")[2].rstrip(")").split(",") if each]
        assert words.format(*types)
    raw = selector("NotPayer(uint64,address)") + abi_encode(["uint64", "address"], [7, "0x" + "11" * 20])
    who = "0x" + "11" * 20
    said = f"{who} neither owns subscription 7 nor is one of its consumers (NotPayer(7, {who}))"
    assert said == explain_data(raw)
    assert explain_data(raw[:20]) == revert_reason(raw[:20])
