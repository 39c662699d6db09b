"""A committee's draw as the cryptography sees it: which it is, what it is worth, and whose signature counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from executor.crypto.digests import keccak256, request_id
from executor.crypto.draws import check_grant, committee_digest, draw_of, value_of, verify_draw
from executor.crypto.suite import REAL
from executor.model.draw import CommitteeDraw
from executor.model.ids import Address, RequestId
from executor.model.manifest import CommitteeRandom, parse_terms
from executor.protocol.draws import verified
from executor.testing.development_draws import development_proof
from executor.testing.fast_signatures import FastSignatures
from executor.testing.simulated_committee import make_request

VECTORS = json.loads((Path(__file__).parents[2] / "fixtures/vectors/randomness.json").read_text())
OWN, ROW = VECTORS["drawKey"], next(row for row in VECTORS["draws"] if row["result"] == "valid")
KEY, PROOF = bytes.fromhex(OWN["publicKey"][2:]), bytes.fromhex(ROW["signature"][2:])
DRAW = CommitteeDraw(
    int(OWN["chainId"]), Address.from_hex(OWN["router"]), RequestId.from_hex(ROW["requestId"]), int(ROW["ordinal"])
)


def test_the_draw_is_the_requests() -> None:
    """Chain, router, request id and ordinal; the request's block and time are in its id alone."""
    grant, request = CommitteeRandom(source="committee", draws=2), make_request()
    assert draw_of(grant, request, 1) == CommitteeDraw(31337, request.router, request_id(request), 1)
    assert draw_of(grant, replace(request, block_timestamp=9), 1) != draw_of(grant, request, 1)
    check_grant(parse_terms({"capabilities": {"random": {"source": "committee"}}}))


def test_the_vectors_signature_is_the_draws_and_nobody_elses() -> None:
    """Under the group's key, for this draw only, with the key at hand."""
    assert "0x" + committee_digest(DRAW).hex() == ROW["digest"]
    assert verified(REAL, DRAW, PROOF, KEY)
    for draw, proof, key in (
        (replace(DRAW, ordinal=1), PROOF, KEY),
        (replace(DRAW, chain_id=1), PROOF, KEY),
        (replace(DRAW, router=Address(bytes(20))), PROOF, KEY),
        (replace(DRAW, request=RequestId(bytes(32))), PROOF, KEY),
        (DRAW, PROOF[:-1] + bytes([PROOF[-1] ^ 1]), KEY),
        (DRAW, PROOF[:-1], KEY),
        (DRAW, b"", KEY),
        (DRAW, PROOF, KEY[:-1]),
        (DRAW, PROOF, None),
        (DRAW, development_proof(DRAW), KEY),
    ):
        assert not verified(REAL, draw, proof, key)


def test_the_value_is_what_the_contract_computes() -> None:
    """keccak256 of the compressed signature, as Beacon.verifyDraw returns it."""
    assert "0x" + value_of(DRAW, make_request(), PROOF).hex() == ROW["randomness"]
    assert value_of(DRAW, make_request(), PROOF) == keccak256(PROOF)


def test_the_stand_in_judges_draws_alike() -> None:
    """One signature a key and digest; no round of drand is one."""
    suite, digest = FastSignatures(), committee_digest(DRAW)
    assert suite.is_draw(KEY, digest, suite.draw_signature(KEY, digest))
    assert not suite.is_draw(KEY, committee_digest(replace(DRAW, ordinal=1)), suite.draw_signature(KEY, digest))
    assert not suite.is_draw(KEY, digest, suite.round_signature(KEY, 1))
    assert not verify_draw(KEY, digest, suite.draw_signature(KEY, digest))
