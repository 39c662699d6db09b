"""Simulated committees' known keys, their epoch, and a request of the simulated chain."""

from __future__ import annotations

from typing import Final

from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.model.committee import Epoch, Member, Verifier
from executor.model.ids import Address, Digest, FunctionId, ProfileId
from executor.model.report import Scheme
from executor.model.request import Request
from executor.testing.fast_signatures import CURVES, SigningSuite

FUNCTION_ID: Final = FunctionId(b"\x0f" * 32)
START_S: Final = 1_700_000_000.0  # a multiple of the round length; member 0 of four leads


def private_key(index: int) -> bytes:
    """The key of a simulated member."""
    return keccak256(b"simulated member %d" % index)


def bls_key(index: int) -> bytes:
    """The BLS secret of a simulated member."""
    return bls.secret_from_seed(private_key(index))


def make_epoch(
    n: int = 4,
    round_length_s: int = 4,
    schemes: tuple[Scheme, ...] = (Scheme.ECDSA,),
    suite: SigningSuite = CURVES,
) -> Epoch:
    """An epoch of n members with known keys and a verifier of each scheme."""
    members = tuple(
        Member(
            index,
            Address(bytes([index + 1]) * 20),
            suite.address_of(private_key(index)),
            suite.bls_public_key(bls_key(index)) if Scheme.BLS in schemes else bytes(96),
            bytes(32),
            f"memory://{index}",
        )
        for index in range(n)
    )
    verifiers = tuple(Verifier(scheme, Address(b"\x01" * 20)) for scheme in schemes)
    router, committee = Address(b"\x02" * 20), Address(b"\x03" * 20)
    return Epoch(31337, router, committee, 1, ProfileId(bytes(32)), round_length_s, members, verifiers)


def make_request(nonce: int = 0) -> Request:
    """A request of the simulated chain."""
    zero = Address(bytes(20))
    return Request(
        31337, Address(b"\x02" * 20), nonce, 7, int(START_S), Digest(bytes(32)), zero, 0, FUNCTION_ID, 1, b"", 0, zero
    )
