"""Receipts of a function that observes nothing and draws twice, by a committee in memory with real signatures."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from executor.crypto.digests import function_id, profile_id
from executor.model.function import Function
from executor.model.ids import Digest
from executor.model.manifest import parse_terms
from executor.model.profile import PROFILE
from executor.model.receipt import Receipt
from executor.receipts import build_receipt
from executor.testing.fast_signatures import CURVES, ROUNDS_KEY
from executor.testing.simulated_committee import make_epoch, make_request
from executor.testing.simulation import Simulation
from executor.vm import execute, load
from tests.drawing_guest import drawing_guest

CHAIN = {"hash": "0x" + "11" * 32, "key": "0x" + ROUNDS_KEY.hex(), "genesis": 1_600_000_000, "period_s": 3}
TERMS = {
    "limits": {"observations": 0},
    "capabilities": {"random": {"source": "drand", "delay_s": 5, "draws": 2, "chain": CHAIN}},
}


def drawing(**random: object) -> Function:
    """The guest above, its grant changed."""
    granted = TERMS["capabilities"]["random"] | random
    return Function(drawing_guest(2), parse_terms({**TERMS, "capabilities": {"random": granted}}))


@lru_cache(maxsize=1)
def drawn_receipt() -> Receipt:
    """A receipt without observations and with two draws."""
    function = drawing()
    epoch = replace(make_epoch(), profile_id=profile_id(PROFILE))
    request = replace(make_request(), function_id=function_id(function), parent_hash=Digest(bytes([9]) * 32))
    program = load(function)
    simulation = Simulation(
        lambda transcript: execute(program, request, transcript), lambda *_: None, epoch=epoch, suite=CURVES
    )
    key = simulation.request(request)
    assert simulation.finish()
    attested = simulation.nodes[0].attested[key]
    return build_receipt(
        function=function,
        epoch=epoch,
        request=request,
        transcript=attested.transcript,
        certificate=attested.certificate,
        payload=attested.payload,
        votes=attested.votes,
        attestation=attested.attestation,
    )
