"""The digests, reports and proofs of fixtures/vectors, which forge reads too, against the Python code."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from executor.crypto import digests
from executor.crypto.bls import from_evm_g2
from executor.crypto.merkle import merkle_root
from executor.crypto.proofs import check_proof
from executor.errors import VerificationFailed
from executor.model.committee import Epoch, EpochIdentity, Member, Verifier
from executor.model.ids import (
    Address,
    Digest,
    EpochDigest,
    EventHash,
    FunctionId,
    ProfileId,
    RegistrationId,
    RequestId,
    Root,
    TranscriptHash,
)
from executor.model.report import Report, Scheme, Status
from executor.model.request import Request
from executor.model.trigger import BlockTick, ClockTick, HomeBlock, HttpCall, LogEvent, TriggerEvent
from executor.model.view import View

VECTORS = Path(__file__).resolve().parents[2] / "fixtures" / "vectors"
DIGESTS = json.loads((VECTORS / "digests.json").read_text())["tests"]
REPORTS = json.loads((VECTORS / "reports.json").read_text())
ATTESTATION = json.loads((VECTORS / "attestation.json").read_text())


def raw(text: str) -> bytes:
    """Hex with 0x as bytes."""
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.mark.parametrize("name", list(DIGESTS))
def test_tags(name: str) -> None:
    """Every row of docs/wire.md §1 has its tag."""
    assert keccak(text=f"executor/v1/{name}") == getattr(digests, f"TAG_{name.upper()}")


@pytest.mark.parametrize("test", DIGESTS["request"], ids=lambda test: test["comment"])
def test_request_ids(test: dict[str, str]) -> None:
    """The router's request id."""
    request = Request(
        chain_id=int(test["chainId"]),
        router=Address(raw(test["router"])),
        nonce=int(test["nonce"]),
        block_number=int(test["blockNumber"]),
        block_timestamp=int(test["blockTimestamp"]),
        parent_hash=Digest(raw(test["parentHash"])),
        sender=Address(raw(test["sender"])),
        subscription=int(test["subscription"]),
        function_id=FunctionId(raw(test["functionId"])),
        epoch=int(test["epoch"]),
        input=raw(test["input"]),
        callback_gas_limit=int(test["callbackGasLimit"]),
        consumer=Address(raw(test["consumer"])),
    )
    assert raw(test["result"]) == digests.request_id(request)


@pytest.mark.parametrize("test", DIGESTS["possession"], ids=lambda test: test["comment"])
def test_possession_digests(test: dict[str, str]) -> None:
    """What a proof of possession signs."""
    committee, operator = Address(raw(test["committee"])), Address(raw(test["operator"]))
    digest = digests.possession_digest(int(test["chainId"]), committee, operator, raw(test["publicKey"]))
    assert raw(test["result"]) == digest


@pytest.mark.parametrize("test", DIGESTS["epoch"], ids=lambda test: test["comment"])
def test_epoch_digests(test: dict[str, str]) -> None:
    """What binds messages to an epoch."""
    router, committee = Address(raw(test["router"])), Address(raw(test["committee"]))
    identity = EpochIdentity(int(test["chainId"]), router, committee, int(test["epoch"]))
    assert raw(test["result"]) == digests.epoch_digest(identity)


@pytest.mark.parametrize("test", DIGESTS["prepare"], ids=lambda test: test["comment"])
def test_prepare_digests(test: dict[str, str]) -> None:
    """What a Prepare signs."""
    digest = digests.prepare_digest(
        EpochDigest(raw(test["epochDigest"])),
        RequestId(raw(test["requestId"])),
        FunctionId(raw(test["functionId"])),
        TranscriptHash(raw(test["transcriptHash"])),
        View(int(test["round"]), int(test["slots"])),
    )
    assert raw(test["result"]) == digest


@pytest.mark.parametrize("test", DIGESTS["message"], ids=lambda test: test["comment"])
def test_message_digests(test: dict[str, str]) -> None:
    """What the envelope of a message signs."""
    epoch = EpochDigest(raw(test["epochDigest"]))
    digest = digests.message_digest(epoch, int(test["sender"]), int(test["recipient"]), raw(test["payload"]))
    assert raw(test["result"]) == digest


@pytest.mark.parametrize("test", DIGESTS["spec"], ids=lambda test: test["comment"])
def test_spec_hashes(test: dict[str, str]) -> None:
    """Identity of an observation spec."""
    assert raw(test["result"]) == digests.spec_hash(raw(test["json"]))


@pytest.mark.parametrize("test", DIGESTS["name"], ids=lambda test: test["comment"])
def test_name_ids(test: dict[str, str]) -> None:
    """A name belongs to who made it."""
    assert raw(test["result"]) == digests.name_id(Address(raw(test["owner"])), raw(test["name"]))


@pytest.mark.parametrize("test", DIGESTS["registration"], ids=lambda test: test["comment"])
def test_registration_ids(test: dict[str, str]) -> None:
    """The trigger registry's ids."""
    triggers, owner = Address(raw(test["triggers"])), Address(raw(test["owner"]))
    assert raw(test["result"]) == digests.registration_id(int(test["chainId"]), triggers, owner, int(test["nonce"]))


@pytest.mark.parametrize("test", DIGESTS["trigger"], ids=lambda test: test["comment"])
def test_triggered_request_ids(test: dict[str, str]) -> None:
    """The router's id of a request that a trigger made."""
    made = digests.triggered_request_id(
        int(test["chainId"]),
        Address(raw(test["router"])),
        RegistrationId(raw(test["registration"])),
        FunctionId(raw(test["functionId"])),
        int(test["epoch"]),
        EventHash(raw(test["eventHash"])),
    )
    assert raw(test["result"]) == made


def event_of(kind: str, test: dict[str, str]) -> TriggerEvent:
    """A vector's event."""
    match kind:
        case "log":
            block, transaction = Digest(raw(test["blockHash"])), Digest(raw(test["transactionHash"]))
            return LogEvent(int(test["sourceChainId"]), block, transaction, int(test["logIndex"]))
        case "cron":
            return ClockTick(int(test["scheduledTime"]))
        case "block":
            return BlockTick(int(test["number"]))
    assert kind == "http"
    return HttpCall(Digest(raw(test["payloadDigest"])))


@pytest.mark.parametrize("kind", ["log", "cron", "block", "http"])
@pytest.mark.parametrize("row", range(3))
def test_event_hashes(kind: str, row: int) -> None:
    """What started a run, its input and its context."""
    test = DIGESTS[kind][row]
    home = HomeBlock(int(test["blockNumber"]), int(test["blockTimestamp"]), Digest(raw(test["parentHash"])))
    assert raw(test["result"]) == digests.event_hash(event_of(kind, test), raw(test["input"]), home)


def report_of(test: dict[str, Any]) -> Report:
    """A vector's report."""
    return Report(
        request_id=RequestId(raw(test["requestId"])),
        function_id=FunctionId(raw(test["functionId"])),
        transcript_hash=TranscriptHash(raw(test["transcriptHash"])),
        status=Status(int(test["status"])),
        round=int(test["round"]),
        slots=int(test["slots"]),
        fuel_used=int(test["fuelUsed"]),
        output_hash=digests.keccak256(raw(test["output"])),
    )


@pytest.mark.parametrize("test", REPORTS["leaves"], ids=lambda test: str(test["tcId"]))
def test_leaves(test: dict[str, Any]) -> None:
    """Leaf of a report."""
    assert raw(test["leaf"]) == digests.report_leaf(report_of(test))


@pytest.mark.parametrize("test", REPORTS["batches"], ids=lambda test: test["comment"])
def test_roots(test: dict[str, Any]) -> None:
    """Root of a batch."""
    assert raw(test["root"]) == merkle_root([Digest(raw(leaf)) for leaf in test["leaves"]])


def epoch() -> Epoch:
    """The attestation vectors' committee."""
    members = [
        Member(
            index=index,
            operator=Address(raw(member["operator"])),
            signer=Address(raw(member["signer"])),
            bls_key=from_evm_g2(raw(member["publicKey"])),
            encryption_key=bytes(32),
            endpoint="http://127.0.0.1",
        )
        for index, member in enumerate(ATTESTATION["members"])
    ]
    verifiers = (Verifier(Scheme.ECDSA, Address(bytes(20))), Verifier(Scheme.BLS, Address(bytes(20))))
    identity = (
        int(ATTESTATION["chainId"]),
        Address(raw(ATTESTATION["router"])),
        Address(raw(ATTESTATION["committee"])),
    )
    return Epoch(*identity, int(ATTESTATION["epoch"]), ProfileId(bytes(32)), 4, tuple(members), verifiers)


def test_the_attestation_digest() -> None:
    """The EIP-712 digest that votes sign, bound to all it names."""
    identity, root = epoch().identity, Root(raw(ATTESTATION["root"]))
    digest = digests.attestation_digest(identity, root)
    assert raw(ATTESTATION["digest"]) == digest
    assert digest != digests.attestation_digest(dataclasses.replace(identity, number=8), root)


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("test", ATTESTATION["proofs"], ids=lambda test: test["comment"])
def test_proofs(test: dict[str, Any], scheme: Scheme) -> None:
    """The Python verifier accepts what the contracts accept, and refuses what they refuse."""
    proof, root = raw(test[scheme.value]), Root(raw(ATTESTATION["root"]))
    if test["result"] == "invalid":
        with pytest.raises(VerificationFailed):
            check_proof(scheme, epoch(), root, proof)
    else:
        signers = check_proof(scheme, epoch(), root, proof)
        assert int(test["bitmap"]) == sum(1 << member for member in signers)
