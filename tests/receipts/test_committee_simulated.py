"""From the protocol to the file: what a committee in memory drew by its members' parts verifies as a receipt."""

from __future__ import annotations

from dataclasses import replace

from committee_receipts import drawing_function

from executor.crypto.digests import function_id, profile_id
from executor.crypto.draw_keys import signed_digest
from executor.crypto.proofs import build_proof
from executor.model.codec import encode
from executor.model.draw_key import CertifiedDrawKey
from executor.model.profile import PROFILE
from executor.model.report import Scheme, Vote
from executor.receipts import build_receipt, verify_receipt
from executor.receipts.files import parse_receipt
from executor.testing.fast_signatures import CURVES
from executor.testing.simulated_committee import bls_key, make_epoch, make_request, private_key
from executor.testing.simulation import Simulation
from executor.vm import execute, load


def test_what_members_drew_by_their_parts_verifies() -> None:
    """Three of four give their parts, one gives wrong ones; every check passes on the receipt's bytes."""
    function = drawing_function()
    epoch = replace(make_epoch(schemes=(Scheme.BLS,)), profile_id=profile_id(PROFILE))
    request = replace(make_request(), function_id=function_id(function))
    program = load(function)
    simulation = Simulation(
        lambda transcript: execute(program, request, transcript),
        lambda *_: None,
        epoch=epoch,
        suite=CURVES,
        wrong_parts=[2],
    )
    key = simulation.request(request)
    assert simulation.finish()
    attested = simulation.nodes[0].attested[key]
    made = simulation.draw_key
    digest = signed_digest(epoch, made.public_key, made.hash)
    votes = [Vote(i, CURVES.sign(private_key(i), digest), CURVES.bls_sign(bls_key(i), digest)) for i in (0, 1, 3)]
    certified = CertifiedDrawKey(made, Scheme.BLS, build_proof(Scheme.BLS, epoch, votes))
    receipt = build_receipt(
        function=function,
        epoch=epoch,
        request=request,
        transcript=attested.transcript,
        certificate=attested.certificate,
        payload=attested.payload,
        votes=attested.votes,
        attestation=attested.attestation,
        draw_key=certified.shown,
    )
    checks = verify_receipt(parse_receipt(encode(receipt)))
    assert [check for check in checks if not check.passed] == []
    assert [check.name for check in checks].count("draws") == 2
