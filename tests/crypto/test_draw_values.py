"""What a draw is worth, and whose signature a round has: against quicknet's own rounds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from eth_abi import encode
from eth_hash.auto import keccak

from executor.crypto.digests import request_id
from executor.crypto.draws import check_grant, draw_of, draw_value, verify_round
from executor.errors import InvalidManifest
from executor.model.draw import QUICKNET
from executor.model.manifest import DrandRandom, parse_terms
from executor.testing.simulated_committee import make_request

VECTORS = json.loads((Path(__file__).parents[2] / "fixtures/vectors/randomness.json").read_text())
ROUNDS = [row for row in VECTORS["rounds"] if row["result"] == "valid"]
REQUEST = make_request()
PROOF = bytes.fromhex(ROUNDS[0]["signature"][2:])


@pytest.mark.parametrize("row", ROUNDS, ids=lambda row: row["round"])
def test_quicknets_rounds_verify(row: dict[str, str]) -> None:
    """Under its key and for their own round only."""
    number, signature = int(row["round"]), bytes.fromhex(row["signature"][2:])
    assert verify_round(QUICKNET.key, number, signature)
    assert not verify_round(QUICKNET.key, number + 1, signature)
    assert not verify_round(QUICKNET.key, number, signature[:-1] + bytes([signature[-1] ^ 1]))


@pytest.mark.parametrize("key", [b"", bytes(96), QUICKNET.key[:-1], b"\xff" * 96])
def test_a_key_that_is_none_verifies_nothing(key: bytes) -> None:
    """A manifest may name any 96 bytes."""
    assert not verify_round(key, int(ROUNDS[0]["round"]), PROOF)


@pytest.mark.parametrize("key", [bytes(96), b"\xff" * 96, b"\xc0" + bytes(95), b"\x80" + bytes(95)])
def test_a_function_with_a_key_that_is_none_does_not_load(key: bytes) -> None:
    """Off the curve, at infinity or spelt otherwise: its requests could only expire."""
    chain = {"hash": "0x" + "11" * 32, "key": "0x" + key.hex(), "genesis": 0, "period_s": 1}
    random = {"source": "drand", "delay_s": 1, "chain": chain}
    terms = parse_terms({"limits": {"observations": 0}, "capabilities": {"random": random}})
    with pytest.raises(InvalidManifest, match=r"capabilities\.random\.chain\.key: "):
        check_grant(terms)
    quicknet = {"source": "drand", "delay_s": 30}
    check_grant(parse_terms({"limits": {"observations": 0}, "capabilities": {"random": quicknet}}))


def test_the_value_is_what_a_contract_computes() -> None:
    """docs/randomness.md written out once more: drand's own randomness, and the request's draw digest."""
    identity = request_id(REQUEST)
    tags = {name: keccak(f"executor/v1/{name}".encode()) for name in ("draw", "randomness")}
    values = [tags["draw"], REQUEST.chain_id, str(REQUEST.router), identity, 5]
    draw = keccak(encode(["bytes32", "uint256", "address", "bytes32", "uint32"], values))
    inner = [tags["randomness"], hashlib.sha256(PROOF).digest(), draw]
    assert draw_value(REQUEST, 5, PROOF) == keccak(encode(["bytes32", "bytes32", "bytes32"], inner))


def test_every_draw_has_a_value_of_its_own() -> None:
    """Ordinal, request and round each change it; 32 bytes always."""
    other = bytes.fromhex(ROUNDS[1]["signature"][2:])
    values = {
        draw_value(REQUEST, 0, PROOF),
        draw_value(REQUEST, 1, PROOF),
        draw_value(REQUEST, 0, other),
        draw_value(make_request(1), 0, PROOF),
    }
    assert len(values) == 4
    assert {len(value) for value in values} == {32}


def test_the_round_is_fixed_by_the_request() -> None:
    """The first published `delay_s` after the block or later, the same for every ordinal."""
    grant = DrandRandom(source="drand", delay_s=31)
    draw = draw_of(grant, REQUEST, 2)
    assert draw.published_at - 3 < REQUEST.block_timestamp + 31 <= draw.published_at
    assert (draw.round, draw.ordinal) == (QUICKNET.round_at(REQUEST.block_timestamp + 31), 2)
    assert draw_of(grant, REQUEST, 3).round == draw.round
