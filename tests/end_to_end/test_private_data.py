"""Secrets and private inputs on real nodes: IdentityGate works with them, and nobody else ever sees them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from vm.guests import data, module, observing

from executor.chain.accounts import dev_accounts
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.chain.subscriptions import add_consumer
from executor.cli._compile import compile_c
from executor.crypto.digests import keccak256
from executor.keys.private_inputs import seal_private_input
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.manifest import Terms
from executor.projects import load_project
from executor.receipts import all_passed, verify_receipt
from executor.testing.devnet import Devnet
from executor.testing.identity_provider import API_KEY, PEOPLE
from tests.end_to_end.journey import Journey, follow
from tests.end_to_end.solidity import Deployed
from tests.end_to_end.test_crashes import children_of

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share
EXAMPLE = Path(__file__).parents[2] / "examples" / "identity_gate"
POLICY = bytes(keccak256(b"of-age"))
NULLIFIER_KEY = "marker-of-the-nullifiers-key-8a61"
OWNER, ALICE, BOB, MALLORY = (dev_account(dev_accounts()[number]) for number in (0, 6, 7, 8))
ALL = [0, 1, 2, 3]
DAY_S = 86_400
MARKERS = (API_KEY, NULLIFIER_KEY, *PEOPLE, *(str(person["number"]) for person in PEOPLE.values()))
ECHO = "(i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.extend_i32_u (local.get $i)))"
FORMS = {
    marker: [
        marker.encode(),
        marker.encode().hex().encode(),
        *(base64.b64encode(b"x" * shift + marker.encode())[4:-4] for shift in range(3) if len(marker) > 12),
    ]
    for marker in MARKERS
}
# Proposes what an operation answers, an error as one: the function of whoever wants to see it.
PRINTS = """
  (local.set $n (call $call (i32.const 256) (i32.const {operation}) {argument}))
  (call $read (i32.const 4096))
  (call $propose (i32.wrap_i64 (i64.shr_u (local.get $n) (i64.const 32))) (i32.const 4096)
    (i32.wrap_i64 (local.get $n)))"""


async def executor(devnet: Devnet, *arguments: object, env: Mapping[str, str] | None = None) -> str:
    """What `executor ARGUMENTS` prints about this network; the owner's key is in its environment."""
    if arguments[0] == "secrets":
        deployment = devnet.deployment
        place = ("--rpc", devnet.chain.url, "--chain-id", deployment.chain_id, "--router", deployment.router)
        arguments = (*arguments, *place)
    key = {"EXECUTOR_SECRETS_KEY": dev_accounts()[0].private_key.hex()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from executor.cli import main; main()"),
        *map(str, arguments),
        env={**os.environ, **key, **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    assert found(out + error) == []
    return out.decode()


def found(data: bytes) -> list[str]:
    """The markers in these bytes: as they are, in hex, or in base64 at any place."""
    return [marker for marker, forms in FORMS.items() if any(form in data for form in forms)]


def written(devnet: Devnet) -> Iterator[tuple[str, bytes]]:
    """Everything that the network's processes wrote: logs, journals, events, receipts, blobs, records."""
    for path in sorted(devnet.directory.rglob("*")):
        if path.is_file() and "compiled" not in path.parts:
            yield str(path.relative_to(devnet.directory)), path.read_bytes()


def answered(devnet: Devnet, journeys: list[Journey]) -> Iterator[tuple[str, bytes]]:
    """Everything that the nodes tell over HTTP."""
    paths = ["health", "ready", "events", "requests", "functions", "evidence"]
    paths += [f"{kind}/{journey.request_id}" for journey in journeys for kind in ("receipts", "requests")]
    for node in devnet.nodes:
        urls = [f"{node.url}/v1/{path}" for path in paths] + [f"http://127.0.0.1:{node.metrics_port}/metrics"]
        for url in urls:
            yield url, read(url)


def read(url: str) -> bytes:
    """A body, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        return bytes(error.read())


def core_limit(process: int) -> str:
    """Soft and hard limit of a process's core file."""
    limits = Path(f"/proc/{process}/limits").read_text()
    return " ".join(re.findall(r"^Max core file size +(\S+) +(\S+) ", limits, re.M)[0])


class Gate:
    """IdentityGate on a network, with its function and who asks it."""

    def __init__(self, devnet: Devnet, contract: Deployed, function_id: FunctionId, folder: Path) -> None:
        self.devnet, self.contract, self.function_id, self.folder = devnet, contract, function_id, folder
        self.journeys: list[Journey] = []

    @classmethod
    async def open(cls, devnet: Devnet, folder: Path) -> Gate:
        """Deploy, fund and open the policy; the function is registered and uploaded."""
        project = load_project(EXAMPLE)
        compile_c(project.source_path, folder / "gate.wasm")
        function = Function((folder / "gate.wasm").read_bytes(), project.manifest.terms)
        function_id = await devnet.register(function)
        owner = TransactionSender(devnet.client, OWNER)
        arguments = (devnet.deployment.router, OWNER.address, function_id, 3_600)
        contract = await Deployed.create(owner, "IdentityGate", *arguments)
        await add_consumer(devnet.client, owner, devnet.deployment.subscription, contract.address)
        await contract.send(owner, "setSubscription", devnet.deployment.subscription)
        await contract.send(owner, "openPolicy", POLICY, 30 * DAY_S)
        return cls(devnet, contract, function_id, folder)

    def text(self, account: Any, document: str) -> bytes:
        """What an account's owner seals."""
        about = {"account": str(account.address), "document": document, "gate": str(self.contract.address)}
        return json.dumps(about | {"policy": "0x" + POLICY.hex()}).encode()

    async def seal(self, account: Any, document: str) -> bytes:
        """The same, sealed by the command."""
        (self.folder / "text").write_bytes(self.text(account, document))
        sealing = ("secrets", "seal", self.function_id, "--consumer", self.contract.address)
        told = await executor(self.devnet, *sealing, "--text", self.folder / "text")
        return bytes.fromhex(told.strip()[2:])

    async def ask(self, account: Any, envelope: bytes) -> Journey:
        """The whole way of one account's question."""
        positions = await self.devnet.network.positions()
        sender = TransactionSender(self.devnet.client, account)
        seen = await self.contract.request(self.devnet.client, sender, POLICY, envelope)
        self.journeys.append(await follow(self.devnet, seen.request_id, positions, ALL))
        return self.journeys[-1]

    async def is_verified(self, account: Any) -> bool:
        """What the gate says to other contracts."""
        return bool(await self.contract.view(self.devnet.client, "isVerified", account.address, POLICY))


def printer(operation: bytes, argument: bytes | None) -> Function:
    """A function with the example's grants and owner, which lets out what the operation gives for this or its input."""
    where = "(local.get $ptr) (local.get $len)" if argument is None else f"(i32.const 512) (i32.const {len(argument)})"
    run, before = observing(b'{"aggregate":"identical"}', PRINTS.format(operation=len(operation), argument=where), ECHO)
    code = module(run, before=before + data(256, operation) + data(512, argument or b""), pages="2")
    terms = load_project(EXAMPLE).manifest.terms
    return Function(code, Terms(capabilities=terms.capabilities))


async def printed(devnet: Devnet, function: Function, input: bytes = b"") -> Journey:
    """What becomes of a stranger's request for it."""
    identity = await devnet.register(function)
    positions = await devnet.network.positions()
    seen = await devnet.request(identity, input)
    return await follow(devnet, seen.request_id, positions, ALL)


async def test_the_identity_gate_and_those_who_want_to_look_behind_it(devnet: Devnet, tmp_path: Path) -> None:
    gate = await Gate.open(devnet, tmp_path)
    # Nothing was put yet: the run says so, and the gate changes nothing.
    alices = await gate.seal(ALICE, "X1234567")
    early = await gate.ask(ALICE, alices)
    assert {event["value"] for _, event in early.of("observed")} == {"secret-missing"}
    assert not await gate.is_verified(ALICE)

    # The owner puts its secrets, and every member has them.
    values = {"PROVIDER_KEY": API_KEY, "NULLIFIER_KEY": NULLIFIER_KEY}
    names = [word for name in values for word in ("--secret", name)]
    told = await executor(
        devnet, "secrets", "put", gate.function_id, *names, "--subscription", devnet.deployment.subscription, env=values
    )
    assert told.count("by 4 of 4 members of epoch 1") == 2
    assert (await executor(devnet, "secrets", "list")).count("by all members") == 2

    # Alice is of age and passes; only the verdict is attested, and anybody can replay it.
    passed = await gate.ask(ALICE, alices)
    assert all_passed(verify_receipt(passed.receipt))
    assert await gate.is_verified(ALICE)
    person = str(PEOPLE["X1234567"]["number"]).encode()
    nullifier = keccak256(NULLIFIER_KEY.encode() + POLICY + person)
    assert {bytes(entry.value) for entry in passed.receipt.transcript} == {b"0x" + nullifier.hex().encode()}
    assert passed.receipt.payload == bytes(12) + ALICE.address + POLICY + passed.receipt.payload[64:128] + nullifier

    # Mallory has a copy of Alice's envelope, and functions with the same grants and the same owner, which print what
    # they are given: nothing.
    copied, thief, peeper = await asyncio.gather(
        gate.ask(MALLORY, alices),
        printed(devnet, printer(b"secrets.get", b"PROVIDER_KEY")),
        printed(devnet, printer(b"input.private", None), alices),
    )
    assert {event["value"] for _, event in copied.of("observed")} == {"other-request"}
    assert {event["value"] for _, event in thief.of("observed")} == {"secret-missing"}
    assert {event["value"] for _, event in peeper.of("observed")} == {"input-other-function"}
    assert not await gate.is_verified(MALLORY)

    # Workers die in the middle of a look, with all of it in their memory.
    slow = seal_private_input(devnet.epoch, gate.function_id, gate.contract.address, gate.text(BOB, "SLOW1234"))
    asking = asyncio.create_task(gate.ask(BOB, slow))
    await asyncio.sleep(0.7)
    node, signer = devnet.nodes[0].node, devnet.nodes[0].signer
    assert node is not None
    assert signer is not None
    for process in (node.pid, signer.pid, *children_of(node.pid)):
        assert core_limit(process) == "0 0", "no core files"
    for worker in children_of(node.pid):
        os.kill(worker, 6)  # SIGABRT: what would leave a core file, were there any
    await asking
    assert await gate.is_verified(BOB)

    # The owner deletes; the next look finds nothing.
    await executor(
        devnet, *("secrets", "delete", gate.function_id, "--name", "PROVIDER_KEY"),
        *("--subscription", devnet.deployment.subscription),
    )  # fmt: skip
    late = await gate.ask(ALICE, alices)
    assert {event["value"] for _, event in late.of("observed")} == {"secret-missing"}
    assert "deleted, by all members" in await executor(devnet, "secrets", "list")

    # And nowhere is any of it written or told.
    journeys = [*gate.journeys, thief, peeper]
    looked_at = {name: found(data) for name, data in (*written(devnet), *answered(devnet, journeys))}
    assert {name: markers for name, markers in looked_at.items() if markers} == {}
    searched = " ".join(looked_at)
    for part in (
        "journal.sqlite3",
        "events.jsonl",
        "receipts/",
        "logs/node-0",
        "logs/signer-0",
        "/metrics",
        "v1/events",
    ):
        assert part in searched
    assert found(b"x" + base64.b64encode(f"a {API_KEY} b".encode())) == [API_KEY]  # the search finds what is there
