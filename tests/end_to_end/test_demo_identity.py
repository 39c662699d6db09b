"""executor demo identity, on the shared network, and those who want to look behind the gate."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from pathlib import Path

import pytest
from vm.guests import data, module, observing

from executor.chain.client import checksum
from executor.crypto.digests import keccak256
from executor.demos.examples import example
from executor.demos.identity import (
    ALICE,
    BOB,
    CONTRACT,
    MARKERS,
    NULLIFIER_KEY,
    POLICY,
    Gate,
    address_of,
    command,
    play,
)
from executor.demos.stage import Stage
from executor.model.function import Function
from executor.model.ids import Address
from executor.model.manifest import Terms
from executor.receipts.files import read_receipt
from executor.testing.devnet import Devnet
from executor.testing.identity_provider import API_KEY, PEOPLE
from tests.end_to_end.journey import Journey, follow
from tests.end_to_end.test_crashes import children_of

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share
ALL = [0, 1, 2, 3]
ECHO = "(i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.extend_i32_u (local.get $i)))"
# Proposes what an operation answers, an error as one: the function of whoever wants to see it.
PRINTS = """
  (local.set $n (call $call (i32.const 256) (i32.const {operation}) {argument}))
  (call $read (i32.const 4096))
  (call $propose (i32.wrap_i64 (i64.shr_u (local.get $n) (i64.const 32))) (i32.const 4096)
    (i32.wrap_i64 (local.get $n)))"""


def printer(operation: bytes, argument: bytes | None) -> Function:
    """A function with the example's grants and owner, which lets out what the operation gives for this or its input."""
    where = "(local.get $ptr) (local.get $len)" if argument is None else f"(i32.const 512) (i32.const {len(argument)})"
    run, before = observing(b'{"aggregate":"identical"}', PRINTS.format(operation=len(operation), argument=where), ECHO)
    code = module(run, before=before + data(256, operation) + data(512, argument or b""), pages="2")
    return Function(code, Terms(capabilities=example("identity_gate").terms.capabilities))


async def printed(devnet: Devnet, function: Function, input: bytes = b"") -> Journey:
    """What becomes of a stranger's request for it."""
    identity = await devnet.register(function)
    positions = await devnet.network.positions()
    seen = await devnet.request(identity, input)
    return await follow(devnet, seen.request_id, positions, ALL)


async def asked(gate: Gate, account: int, envelope: bytes) -> Journey:
    """The whole way of one account's question."""
    positions = await gate.stage.devnet.network.positions()
    seen = await gate.ask(account, envelope)
    return await follow(gate.stage.devnet, seen.request_id, positions, ALL)


def values(journey: Journey) -> set[str]:
    """What nodes saw."""
    return {event["value"] for _, event in journey.of("observed")}


def core_limit(process: int) -> str:
    """Soft and hard limit of a process's core file."""
    limits = Path(f"/proc/{process}/limits").read_text()
    return " ".join(re.findall(r"^Max core file size +(\S+) +(\S+) ", limits, re.M)[0])


def nullifier_of(document: str) -> bytes:
    """The person's, under the policy."""
    return bytes(keccak256(NULLIFIER_KEY.encode() + POLICY + str(PEOPLE[document]["number"]).encode()))


async def test_the_identity_gate_is_played(stage: Stage) -> None:
    """And strangers with the same grants, who crashes workers, and whoever searches afterwards see nothing."""
    devnet = stage.devnet
    assert await play(stage), stage.story.console.file.getvalue()
    receipts = [read_receipt(path) for path in sorted(stage.receipts.glob("receipt-*.json"))]
    (consumer,) = {receipt.request.consumer for receipt in receipts}
    assert isinstance(consumer, Address)
    gate = Gate(stage, receipts[0].request.function_id, consumer, consumer)

    # The attested bytes are the input's account and policy, a verdict, an expiry and the keyed hash; the pass is gone.
    nullifier = nullifier_of("X1234567")
    (first,) = [receipt for receipt in receipts if receipt.payload[12:32] == address_of(ALICE)]
    assert first.payload == bytes(12) + address_of(ALICE) + POLICY + first.payload[64:128] + nullifier
    assert {bytes(entry.value) for entry in first.transcript} == {b"0x" + nullifier.hex().encode()}
    assert await stage.view(CONTRACT, consumer, "passOf", address_of(ALICE), POLICY) == (0, bytes(32))
    assert await stage.view(CONTRACT, consumer, "accountOf", POLICY, nullifier) == checksum(address_of(ALICE))

    # Functions with the same grants and the same owner print what they are given, nothing; and a node's workers die in
    # the middle of a look, with all of it in their memory.
    text = stage.receipts / "text"
    text.write_bytes(gate.text(BOB, "SLOW1234"))
    sealing = await command(stage, "seal", gate.function, "--consumer", consumer, "--text", text)
    text.unlink()
    asking = asyncio.create_task(asked(gate, BOB, bytes.fromhex(sealing.strip()[2:])))
    await asyncio.sleep(0.7)  # the provider takes a second over this document
    node, signer = devnet.nodes[0].node, devnet.nodes[0].signer
    assert node is not None
    assert signer is not None
    for process in (node.pid, signer.pid, *children_of(node.pid)):
        assert core_limit(process) == "0 0", "no core files"
    for worker in children_of(node.pid):
        os.kill(worker, 6)  # SIGABRT: what would leave a core file, were there any
    await asking
    assert await gate.is_verified(BOB)
    thief, peeper = await asyncio.gather(
        printed(devnet, printer(b"secrets.get", b"PROVIDER_KEY")),
        printed(devnet, printer(b"input.private", None), gate.seal(ALICE, "X1234567")),
    )
    assert (values(thief), values(peeper)) == ({"secret-missing"}, {"input-other-function"})

    # The owner deletes; the next look finds nothing.
    payer = ("--subscription", devnet.deployment.subscription)
    await command(stage, "delete", gate.function, "--name", "PROVIDER_KEY", *payer)
    assert values(await asked(gate, ALICE, gate.seal(ALICE, "X1234567"))) == {"secret-missing"}
    assert "deleted, by all members" in await command(stage, "list")

    # And nowhere is any of it written or told.
    requests = [*gate.asked, thief.request_id, peeper.request_id]
    requests += [receipt.attestation.reports[0].request_id for receipt in receipts]
    places = await MARKERS.searched(devnet, requests)
    assert {place: texts for place, texts in places.items() if texts} == {}
    searched = " ".join(places)
    for part in (
        *("journal.sqlite3", "events.jsonl", "receipts/", "logs/node-0", "logs/signer-0"),
        *("/metrics", "v1/events"),
    ):
        assert part in searched
    hidden = b"x" + base64.b64encode(f"a {API_KEY} b".encode())
    assert MARKERS.found(hidden) == [API_KEY]  # the search finds what is there
    assert MARKERS.found(NULLIFIER_KEY.encode().hex().encode()) == [NULLIFIER_KEY]
