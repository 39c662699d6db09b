"""The proof vectors that Solidity and other languages read, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from executor.crypto import bls, secp256k1
from executor.crypto.digests import attestation_digest
from executor.crypto.proofs import check_proof
from executor.errors import VerificationFailed
from executor.model.committee import Epoch, Member, Verifier
from executor.model.ids import Address, ProfileId, Root
from executor.model.report import Scheme

VECTORS = Path(__file__).parents[2] / "fixtures" / "vectors"
PROOFS = json.loads((VECTORS / "proofs.json").read_text())


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def make_epoch() -> Epoch:
    members = tuple(
        Member(m["index"], Address.from_hex(m["operator"]), Address.from_hex(m["signer"]), unhex(m["blsKey"]), b"", "")
        for m in PROOFS["members"]
    )
    verifiers = tuple(Verifier(scheme, Address(bytes(20))) for scheme in Scheme)
    places = (Address.from_hex(PROOFS["router"]), Address.from_hex(PROOFS["committee"]))
    return Epoch(PROOFS["chainId"], *places, PROOFS["epoch"], ProfileId(bytes(32)), 4, members, verifiers)


def test_vectors_fit_their_schema() -> None:
    """The file is what its schema says, with distinct ids, and its members' keys are those of their secrets."""
    jsonschema.validate(PROOFS, json.loads((VECTORS / "proofs.schema.json").read_text()))
    assert list(range(1, len(PROOFS["tests"]) + 1)) == [test["tcId"] for test in PROOFS["tests"]]
    assert PROOFS["quorum"] == make_epoch().quorum
    for member in PROOFS["members"]:
        assert member["signer"] == str(secp256k1.address_of(unhex(member["signerSecret"])))
        assert unhex(member["blsKey"]) == bls.public_key(unhex(member["blsSecret"]))
        assert unhex(member["blsKeyEvm"]) == bls.to_evm_g2(unhex(member["blsKey"]))


@pytest.mark.parametrize("test", PROOFS["tests"], ids=lambda test: test["tcId"])
def test_proof_vectors(test: dict[str, Any]) -> None:
    """Valid ones name their signers, the others are refused."""
    epoch, root = make_epoch(), Root.from_hex(test["root"])
    assert test["digest"] == str(attestation_digest(epoch.identity, root))
    if test["result"] == "valid":
        assert set(test["signers"]) == check_proof(Scheme(test["scheme"]), epoch, root, unhex(test["proof"]))
    else:
        with pytest.raises(VerificationFailed):
            check_proof(Scheme(test["scheme"]), epoch, root, unhex(test["proof"]))
