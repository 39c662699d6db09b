"""drand rounds, tickets and draws of fixtures/vectors/randomness.json, which forge reads too, against crypto/."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from vector_files import content, unhex

from executor.crypto import bls, digests
from executor.crypto.draws import committee_digest, value_of, verify_draw, verify_round
from executor.errors import InvalidValue
from executor.model.committee import EpochIdentity
from executor.model.draw import QUICKNET as QUICKNET_CHAIN
from executor.model.draw import CommitteeDraw, parse_draw
from executor.model.ids import Address, Digest, RequestId
from executor.model.observation import Kind
from executor.model.transcript import Entry
from executor.testing.simulated_committee import make_request

VECTORS = content("randomness")
QUICKNET, DRAW_KEY = VECTORS["quicknet"], VECTORS["drawKey"]
SECTIONS = ("rounds", "times", "tickets", "drawKeys", "draws", "streams", "samples", "roundDraws", "committeeDraws")


def rows(name: str) -> list[Any]:
    """A section's tests."""
    return [pytest.param(row, id=f"{row['tcId']} {row['comment']}") for row in VECTORS[name]]


def signs(key: str, digest: Digest, signature_evm: str, dst: bytes) -> bool:
    """Whether the EIP-2537 point is the key's signature."""
    try:
        return bls.verify(unhex(key), digest, bls.from_evm_g1(unhex(signature_evm)), dst)
    except InvalidValue:
        return False


def test_tests_are_numbered_and_every_flag_is_used() -> None:
    """From 1, without gaps, through all sections; a flag stands on invalid rows only."""
    every = [row for name in SECTIONS for row in VECTORS[name]]
    assert [row["tcId"] for row in every] == list(range(1, len(every) + 1))
    assert all((row["result"] == "invalid") == bool(row["flags"]) for row in every if "result" in row)
    assert [row["comment"] for row in VECTORS["rounds"] if row["round"] == "20905307"] == ["a round of quicknet"]


def test_the_constants_are_the_vectors() -> None:
    """Both domain separation tags, and quicknet's key in both forms."""
    assert QUICKNET["dst"].encode() == bls.DST_DRAND
    assert DRAW_KEY["dst"].encode() == bls.DST_DRAW
    assert unhex(QUICKNET["publicKeyEvm"]) == bls.to_evm_g2(unhex(QUICKNET["publicKey"]))
    assert unhex(DRAW_KEY["publicKey"]) == bls.public_key(unhex(DRAW_KEY["secret"]))


@pytest.mark.parametrize("row", rows("rounds"))
def test_rounds(row: dict[str, Any]) -> None:
    """A signature is quicknet's over its round or refused; its hash is drand's randomness."""
    message = Digest(hashlib.sha256(int(row["round"]).to_bytes(8)).digest())
    assert unhex(row["message"]) == message
    valid = signs(QUICKNET["publicKey"], message, row["signatureEvm"], bls.DST_DRAND)
    assert (row["result"] == "valid") == valid
    if valid:
        signature = bls.from_evm_g1(unhex(row["signatureEvm"]))
        assert unhex(row["signature"]) == signature
        assert unhex(row["randomness"]) == hashlib.sha256(signature).digest()


@pytest.mark.parametrize("row", rows("tickets"))
def test_tickets(row: dict[str, Any]) -> None:
    """A ticket's digest and what it is worth."""
    beacon, consumer = Address.from_hex(row["beacon"]), Address.from_hex(row["consumer"])
    ticket = digests.ticket_digest(int(row["chainId"]), beacon, consumer, int(row["nonce"]))
    assert unhex(row["ticket"]) == ticket
    assert unhex(row["randomness"]) == digests.ticket_randomness(Digest(unhex(row["drandRandomness"])), ticket)


@pytest.mark.parametrize("row", rows("drawKeys"))
def test_draw_keys(row: dict[str, Any]) -> None:
    """What a quorum signs to register a draw key, bound to chain, router, committee and epoch."""
    places = Address.from_hex(row["router"]), Address.from_hex(row["committee"])
    epoch = EpochIdentity(int(row["chainId"]), *places, int(row["epoch"]))
    digest = digests.draw_key_digest(epoch, unhex(row["publicKeyEvm"]), Digest(unhex(row["dkgHash"])))
    assert unhex(row["digest"]) == digest


@pytest.mark.parametrize("row", rows("draws"))
def test_draws(row: dict[str, Any]) -> None:
    """A draw is the key's signature over (chain, router, request, ordinal) under its own DST, or refused."""
    router, request = Address.from_hex(DRAW_KEY["router"]), RequestId(unhex(row["requestId"]))
    digest = digests.draw_digest(int(DRAW_KEY["chainId"]), router, request, int(row["ordinal"]))
    assert unhex(row["digest"]) == digest
    valid = signs(DRAW_KEY["publicKey"], digest, row["signatureEvm"], bls.DST_DRAW)
    assert (row["result"] == "valid") == valid
    if valid:
        assert unhex(row["signature"]) == bls.sign(unhex(DRAW_KEY["secret"]), digest, bls.DST_DRAW)
        assert unhex(row["randomness"]) == digests.keccak256(unhex(row["signature"]))


@pytest.mark.parametrize("row", rows("roundDraws"))
def test_round_draws(row: dict[str, Any]) -> None:
    """A request's draw from a round: its spec in one spelling, its entry of kind 3, its value."""
    draw, proof = parse_draw(unhex(row["spec"])), unhex(row["signature"])
    assert (draw.round, draw.ordinal) == (int(row["round"]), int(row["ordinal"]))
    assert draw.published_at == QUICKNET_CHAIN.time_of(draw.round)
    assert verify_round(QUICKNET_CHAIN.key, draw.round, proof)
    entry = Entry(unhex(row["spec"]), Kind.DRAW, proof)
    assert unhex(row["entryHash"]) == digests.entry_hash(int(row["slot"]), entry)
    router, request = Address.from_hex(DRAW_KEY["router"]), RequestId(unhex(row["requestId"]))
    ticket = digests.draw_digest(int(DRAW_KEY["chainId"]), router, request, draw.ordinal)
    assert unhex(row["value"]) == digests.ticket_randomness(Digest(hashlib.sha256(proof).digest()), ticket)


@pytest.mark.parametrize("row", rows("committeeDraws"))
def test_committee_draws(row: dict[str, Any]) -> None:
    """A request's draw by its epoch's key: its spec in one spelling, its entry of kind 3, its value."""
    spec, proof = unhex(row["spec"]), unhex(row["signature"])
    draw = parse_draw(spec)
    request, router = RequestId(unhex(row["requestId"])), Address.from_hex(DRAW_KEY["router"])
    assert draw == CommitteeDraw(int(DRAW_KEY["chainId"]), router, request, int(row["ordinal"]))
    assert verify_draw(unhex(DRAW_KEY["publicKey"]), committee_digest(draw), proof)
    assert bls.from_evm_g1(unhex(row["signatureEvm"])) == proof
    assert unhex(row["entryHash"]) == digests.entry_hash(int(row["slot"]), Entry(spec, Kind.DRAW, proof))
    assert unhex(row["value"]) == value_of(draw, make_request(), proof)
