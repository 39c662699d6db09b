"""`deploy`, `quote`, `request`, `receipt` and `logs` on a real chain with nodes that do as they are told.

With a committee that runs they are in tests/end_to_end/test_tutorial.py.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cli_types import Done, Run

from executor.chain.accounts import dev_accounts
from executor.chain.calls import view
from executor.chain.deploy import Deployment
from executor.chain.embedded import EmbeddedChain
from executor.chain.functions import is_registered
from executor.chain.logs import SeenRequest
from executor.chain.subscriptions import estimate_cost, expire, load_subscription
from executor.chain.watcher import RequestWatcher
from executor.crypto.digests import function_id, make_report, transcript_hash
from executor.model.ids import Address, FunctionId
from executor.model.outcome import Failed, Returned
from executor.model.report import Scheme
from executor.model.view import NO_VIEW
from executor.node.functions import unpack_function
from executor.projects import load_function
from tests.chain.support import FUNCTION, Scene, attest
from tests.evm_guest import evm_guest

OWNER, STRANGER, POOR = dev_accounts()[0], dev_accounts()[9], b"\x07" * 32


class Node(ThreadingHTTPServer):
    """Takes uploads, unless it refuses; has no receipts; tells what it is given to tell."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.router = ""
        self.refusal = ""
        self.held: list[str] = []
        self.events: list[object] = []
        self.asked, self.answers = threading.Event(), threading.Event()  # it holds an upload until it `answers`
        self.answers.set()

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Node

    def do_GET(self) -> None:
        """Health, what is held, events; nothing else."""
        path = self.path.partition("?")[0]
        known: dict[str, object] = {
            "/v1/health": {"chain_id": 31337, "router": self.server.router},
            "/v1/functions": self.server.held,
            "/v1/events": self.server.events,
            "/v1/requests": {"requests": []},
        }
        self._reply(200 if path in known else 404, known.get(path, {"error": "nothing"}))

    def do_PUT(self) -> None:
        """An upload."""
        function = unpack_function(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.set()
        self.server.answers.wait(30)
        if not self.server.refusal:
            self.server.held.append(str(function_id(function)))
        self._reply(*((403, {"error": self.server.refusal}) if self.server.refusal else (200, {"function_id": "0x"})))

    def _reply(self, status: int, plain: object) -> None:
        body = json.dumps(plain).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """No node here ever has a receipt."""
    monkeypatch.setattr("executor.cli.request.RECEIPT_S", 0.5)


@pytest.fixture(scope="module")
def chain() -> Iterator[EmbeddedChain]:
    """One for the file."""
    with EmbeddedChain() as started:
        yield started


@pytest.fixture(scope="module")
def deployments() -> list[Deployment]:
    """What was deployed on it."""
    return []


@pytest.fixture
async def scene(chain: EmbeddedChain, deployments: list[Deployment]) -> AsyncIterator[Scene]:
    """Contracts, a committee whose members sign what a test tells them, and a subscription."""
    opened = await Scene.open(chain, deployments[0] if deployments else None)
    deployments[:] = [opened.deployment]
    yield opened
    await opened.client.close()


@pytest.fixture
def nodes(scene: Scene) -> Iterator[list[Node]]:
    """Two members' nodes: f + 1."""
    started = [Node(), Node()]
    for node in started:
        node.router = str(scene.deployment.router)
        threading.Thread(target=node.serve_forever, args=(0.01,), daemon=True).start()
    yield started
    for node in started:
        node.shutdown()
        node.server_close()


@pytest.fixture
def settings(scene: Scene, nodes: list[Node], tmp_path: Path) -> Path:
    """executor.toml of this network, whose key is the subscription's owner's."""
    (tmp_path / "owner.key").write_text(OWNER.private_key.hex())
    values = {
        "rpc_urls": [scene.chain.url],
        "chain_id": scene.chain.chain_id,
        "router": str(scene.deployment.router),
        "nodes": [node.url for node in nodes],
        "subscription": scene.deployment.subscription,
        "key_file": "owner.key",
    }
    file = tmp_path / "executor.toml"
    file.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items()))
    return file


@pytest.fixture
def fresh(project: Path, request: pytest.FixtureRequest) -> Path:
    """The project as a function that this test alone deploys."""
    (project / "greet.js").write_text(f"export default () => 'hello'; // {request.node.name}\n")
    return project


async def test_deploy_brings_bytes_first_then_facts_and_says_what_is_there(
    executor: Run, scene: Scene, nodes: list[Node], settings: Path, fresh: Path
) -> None:
    """Nobody to ask: nothing is sent anywhere. Asked with --yes: everything, once."""
    identity = function_id(load_function(fresh))
    refused = await ran(executor, "deploy", fresh)
    assert (refused.returncode, "write --yes" in refused.stderr) == (2, True)
    assert "at most" in refused.stderr
    assert not nodes[0].held
    assert not await is_registered(scene.client, identity)

    done = await ran(executor, "deploy", fresh, "--yes", "--publish", "hello", "--json")
    assert done.returncode == 0, done.stderr
    assert [node.held for node in nodes] == [[str(identity)]] * 2
    assert done.stderr.index("bytes held") < done.stderr.index("registered") < done.stderr.index("published")
    assert json.loads(done.stdout)["version"] == 1
    assert await is_registered(scene.client, identity)

    again = await ran(executor, "deploy", fresh, "--publish", "hello")
    assert (again.returncode, again.stderr) == (0, "")
    for told in (f"held by        {nodes[0].url}", "registered already", "version 1 is this function already"):
        assert told in again.stdout


async def test_a_deploy_that_fails_midway_leaves_no_half_and_is_run_again(
    executor: Run, scene: Scene, nodes: list[Node], settings: Path, fresh: Path
) -> None:
    """Refused bytes send nothing to the chain; a registration that cannot be paid leaves bytes, and is repeated."""
    identity = function_id(load_function(fresh))
    nodes[1].refusal = "no room"
    done = await ran(executor, "deploy", fresh, "--yes")
    assert done.returncode == 3
    assert "1 of 2 members that are needed hold the bytes, nothing was sent to the chain" in done.stderr
    assert "no room" in done.stderr
    assert not await is_registered(scene.client, identity)

    nodes[1].refusal = ""
    poor = await ran(executor, "deploy", fresh, "--yes", env={"EXECUTOR_KEY": POOR.hex()})
    assert poor.returncode == 1, poor.stderr
    assert [node.held for node in nodes] == [[str(identity)]] * 2
    assert not await is_registered(scene.client, identity)
    assert POOR.hex() not in poor.stdout + poor.stderr

    done = await ran(executor, "deploy", fresh, "--yes")
    assert (done.returncode, done.stderr) == (0, "registered on chain\n")
    assert await is_registered(scene.client, identity)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
async def test_a_deploy_that_is_stopped_midway_leaves_no_half_and_is_run_again(
    executor: Run, scene: Scene, nodes: list[Node], settings: Path, fresh: Path, by: signal.Signals
) -> None:
    """While the second member still takes the bytes: nothing is on chain, and the same command does the rest."""
    identity = function_id(load_function(fresh))
    nodes[1].answers.clear()
    command = (sys.executable, "-c", "from executor.cli import main; main()", "deploy", str(fresh), "--yes")
    deploying = await asyncio.create_subprocess_exec(*command, cwd=settings.parent, stderr=asyncio.subprocess.PIPE)
    assert await asyncio.to_thread(nodes[1].asked.wait, 30)
    deploying.send_signal(by)
    said = (await deploying.communicate())[1].decode()
    stopped = (130, True) if by is signal.SIGINT else (-signal.SIGKILL, False)
    assert (deploying.returncode, "stopped; what is done stays, and the same command" in said) == stopped, said
    assert "Traceback" not in said
    nodes[1].answers.set()
    assert nodes[0].held == [str(identity)]
    assert not await is_registered(scene.client, identity)
    done = await ran(executor, "deploy", fresh, "--yes")
    assert done.returncode == 0, done.stderr
    assert await is_registered(scene.client, identity)


async def test_deploy_gives_nothing_to_a_node_of_another_network(
    executor: Run, nodes: list[Node], settings: Path, fresh: Path
) -> None:
    """Nor waits for one that does not answer."""
    nodes[0].router = "0x" + "22" * 20
    nodes[1].router = nodes[0].router
    done = await ran(executor, "deploy", fresh, "--yes")
    assert (done.returncode, "serves router 0x2222" in done.stderr) == (3, True)
    assert not nodes[0].held
    done = await ran(executor, "deploy", fresh, "--yes", "--node", "http://127.0.0.1:1")
    assert (done.returncode, "no node answers" in done.stderr) == (3, True)


async def test_a_quote_is_what_the_router_reserves(executor: Run, scene: Scene, settings: Path, project: Path) -> None:
    """At most: to the wei. Likely: less, for each scheme; nothing is sent."""
    (project / "replies.json").write_text(json.dumps({"http://exchange-a.test/price": {"body": '{"price": 12.5}'}}))
    await ran(executor, "deploy", project, "--yes")
    done = await ran(
        executor, "quote", project, "--replies", project / "replies.json", "--callback-gas", 50_000, "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    identity = FunctionId.from_hex(told["function_id"])
    assert told["at_most"] == str(await estimate_cost(scene.client, identity, 50_000))
    assert (told["slots"], bytes.fromhex(told["payload"][2:])) == (1, b"12.5")
    assert [each["scheme"] for each in told["likely"]] == ["ecdsa", "bls"]
    assert all(int(each["charge"]) < int(told["at_most"]) for each in told["likely"])
    shown = await ran(executor, "quote", project, "--replies", project / "replies.json")
    assert "to the signers" in shown.stdout
    assert "for 69,700 gas (ecdsa)" in shown.stdout


async def test_a_quote_of_what_reads_chains_reads_the_settings_chain(
    executor: Run, scene: Scene, settings: Path, project: Path
) -> None:
    """At its last block, as a request made now would."""
    guest = evm_guest("evm.balance", f'{{"address":"{OWNER.address}"}}')
    (project / "reader.wasm").write_bytes(guest.module)
    (project / "function.toml").write_text(
        '[function]\nname = "reader"\nlanguage = "wasm"\nsource = "reader.wasm"\n[capabilities.evm]\nchains = [31337]\n'
    )
    told = json.loads((await ran(executor, "quote", project, "--json")).stdout)
    assert (told["outcome"], told["slots"], int(told["payload"], 16) > 10**18) == ("returned", 1, True)


async def test_a_request_is_told_from_its_making_to_its_end(
    executor: Run, scene: Scene, nodes: list[Node], settings: Path
) -> None:
    """The account becomes a consumer, the chain says how it ends; no receipt at any node is told, and no success."""
    kept = settings.parent / "receipt.json"
    options = ("--input", "7", "--yes", "--json", "--receipt", kept)
    asking = asyncio.create_task(ran(executor, "request", str(FUNCTION), *options))
    seen = await next_request(scene)
    assert (seen.request.consumer, seen.request.input) == (OWNER.address, b"7")
    event = {"number": 3, "time": 1.0, "request_id": str(seen.request_id)}
    nodes[0].events = [
        {**event, "kind": "observed", "slot": 0, "observed": "value", "value": "12.5\x1b[2J"},
        {**event, "number": 4, "kind": "agreed", "slot": 0, "value": "0x31322e35"},
        {"kind": 7},
        "noise",
        {**event, "number": 5, "kind": "agreed", "slot": "\x1b[2J\nrequested", "value": "0x"},
        {**event, "number": 5, "kind": "executed", "outcome": "returned", "fuel_used": 10**4000},
        {**event, "number": "x", "kind": "agreed"},
    ]
    nodes[0].events += [{**event, "kind": "k" * 9_999, "f" * 9_999: 1, "time": time} for time in (2**40 - 1, -1e11, 1)]
    nodes[0].events.append({**event, "kind": "x", **{f"field-{number}": 1 for number in range(5_000)}})
    await asyncio.sleep(1.0)
    await deliver(scene, seen, Returned(b"done", 5))
    done = await asking
    assert done.returncode == 3, done.stderr
    told = json.loads(done.stdout)
    assert (told["ended"], told["status"], told["request_id"]) == ("delivered", "returned", str(seen.request_id))
    assert (told["payload"], told["receipt"], "it has none" in told["no_receipt"]) == (None, None, True)
    assert f"{kept} was not written" in done.stderr
    assert not kept.exists()
    assert "observed    0: 12.5\\x1b[2J by node 0" in done.stderr
    assert "agreed      0: 12.5" in done.stderr
    assert "agreed      \\x1b[2J\\x0arequested: " in done.stderr
    assert "\x1b" not in done.stderr
    assert max(len(line) for line in done.stderr.splitlines() if not line.startswith("executor: ")) < 200
    logs = await ran(executor, "logs", str(seen.request_id))
    assert (logs.returncode, logs.stdout.count("observed ")) == (0, 1)
    assert "\x1b" not in logs.stdout
    assert len(logs.stdout) < 5_000
    gone = await ran(executor, "receipt", str(seen.request_id))
    assert (gone.returncode, "it has none" in gone.stderr) == (3, True)


async def test_a_failure_and_an_expiry_end_a_request_with_code_one(executor: Run, scene: Scene, settings: Path) -> None:
    """And are told apart."""
    asking = asyncio.create_task(ran(executor, "request", str(FUNCTION), "--yes"))
    seen = await next_request(scene)
    await deliver(scene, seen, Failed(b"nothing to see", 5))
    done = await asking
    assert (done.returncode, "status         failed" in done.stdout) == (1, True)

    asking = asyncio.create_task(ran(executor, "request", str(FUNCTION), "--yes"))
    seen = await next_request(scene)
    await scene.client.rpc.call("evm_increaseTime", 400)
    await expire(scene.client, scene.requester, seen.request_id)
    done = await asking
    assert (done.returncode, "expired; all that was reserved came back" in done.stderr) == (1, True)


async def test_a_request_that_takes_too_long_is_open_and_says_what_to_do(
    executor: Run, scene: Scene, settings: Path
) -> None:
    """Exit code 5."""
    done = await ran(executor, "request", str(FUNCTION), "--yes", "--timeout", 1)
    assert done.returncode == 5
    assert "is still open after 1 s" in done.stderr
    assert "executor receipt 0x" in done.stderr
    listed = await ran(executor, "requests")  # the nodes of executor.toml, where there is no node.toml
    assert (listed.returncode, listed.stdout) == (0, "no open requests\n"), listed.stderr


async def test_a_request_that_is_stopped_says_what_becomes_of_it(scene: Scene, settings: Path) -> None:
    """Ctrl-C ends the wait, with the code that shells know; what was sent stays sent."""
    command = (sys.executable, "-c", "from executor.cli import main; main()", "request", str(FUNCTION), "--yes")
    asking = await asyncio.create_subprocess_exec(*command, cwd=settings.parent, stderr=asyncio.subprocess.PIPE)
    assert asking.stderr is not None
    assert b"requested" in await asking.stderr.readline()
    asking.send_signal(signal.SIGINT)
    said = (await asking.stderr.read()).decode()
    assert (await asking.wait(), "stopped; request 0x" in said, "executor receipt 0x" in said) == (130, True, True)
    assert "Traceback" not in said


async def test_what_would_be_refused_on_chain_is_refused_before_it_costs(
    executor: Run, scene: Scene, nodes: list[Node], settings: Path, fresh: Path, tmp_path: Path
) -> None:
    """Not registered, no consumer of it, no contract there, nobody asked, no account."""
    before = (await load_subscription(scene.client, scene.deployment.subscription)).reserved
    stranger = {"EXECUTOR_KEY": STRANGER.private_key.hex()}
    for arguments, env, told in (
        ((fresh, "--yes"), {}, "run `executor deploy` first"),
        ((FUNCTION, "--yes"), stranger, "is no consumer of subscription 1; its owner"),
        ((FUNCTION, "--yes", "--consumer", "0x" + "11" * 20), {}, "there is no contract at this address"),
        ((FUNCTION, "--consumer", "here"), {}, "--consumer here"),
        ((FUNCTION, "--method", "a b"), {}, "--method a b"),
        ((FUNCTION,), {}, "write --yes"),
        ((FUNCTION, "--subscription", 99), {}, "there is no subscription 99"),
        ((FUNCTION, "--key-file", tmp_path / "none"), {}, "cannot read the key file"),
        ((FUNCTION, "--yes", "--receipt", settings / "r.json"), {}, "no file can be written there; nothing was sent"),
        ((FUNCTION, "--yes", "--receipt", tmp_path), {}, "no file can be written there; nothing was sent"),
        (("0x12",), {}, "FUNCTION 0x12"),
    ):
        done = await ran(executor, "request", *arguments, env=env)
        assert done.returncode == 2, (arguments, done)
        assert told in done.stderr
    assert (await load_subscription(scene.client, scene.deployment.subscription)).reserved == before


async def test_a_subscription_is_made_paid_into_shared_and_shown(executor: Run, scene: Scene, settings: Path) -> None:
    """Money goes nowhere unasked; what is somebody else's stays so."""
    consumer, other = scene.deployment.consumer, "0x" + "33" * 20
    unasked = await ran(executor, "subscription", "create", "--fund", "1ether")
    assert (unasked.returncode, "write --yes" in unasked.stderr) == (2, True)
    made = await ran(executor, "subscription", "create", consumer, "--fund", "0.5ether", "--yes", "--json")
    said = json.loads(made.stdout)
    assert said == said | {"funded_wei": str(5 * 10**17), "consumers": [str(consumer)]}
    place = ("--subscription", said["subscription"])
    paid = await ran(executor, "subscription", "fund", "7wei", *place, "--yes", "--json")
    assert json.loads(paid.stdout) == {"subscription": said["subscription"], "funded_wei": "7"}
    allowed = await ran(executor, "subscription", "allow", other, *place)
    assert allowed.stdout == f"subscription   {said['subscription']}\nconsumer       {other}\n"
    shown = json.loads((await ran(executor, "subscription", "show", *place, "--json")).stdout)
    assert (shown["balance"], shown["reserved"], shown["consumers"]) == (str(5 * 10**17 + 7), "0", 2)
    assert shown["owner"] == str(OWNER.address)
    plain = await ran(executor, "subscription", "show", *place)
    assert "balance        0.5 ether\n" in plain.stdout
    theirs = await ran(
        executor, "subscription", "allow", other, *place, env={"EXECUTOR_KEY": STRANGER.private_key.hex()}
    )
    assert (theirs.returncode, "NotSubscriptionOwner" in theirs.stderr) == (1, True), theirs.stderr
    for arguments, told in ((("fund", "7", "--yes"), "'7' is no amount"), (("allow", "0x12"), "ADDRESS 0x12")):
        refused = await ran(executor, "subscription", *arguments)
        assert refused.returncode == 2
        assert told in refused.stderr


async def test_what_is_in_a_subscription_comes_out_again(executor: Run, scene: Scene, settings: Path) -> None:
    """Nothing moves that nobody agreed to; who may spend no more is no consumer; too much is the router's refusal."""
    made = await ran(executor, "subscription", "create", STRANGER.address, "--fund", "1ether", "--yes", "--json")
    number = json.loads(made.stdout)["subscription"]
    out = ("subscription", "withdraw", "--to", STRANGER.address, "--subscription", number)
    for arguments, code, words in (
        ((*out, "1ether"), 2, "write --yes"),
        ((*out, "9ether", "--yes"), 1, "fund it"),
        ((*out, "1", "--yes"), 2, "write a number and its unit"),
        ((*out, "0.75ether", "--yes"), 0, ""),
        (("subscription", "forbid", STRANGER.address, "--subscription", number), 0, ""),
    ):
        done = await ran(executor, *arguments)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    left = await load_subscription(scene.client, number)
    assert (left.balance, left.consumers) == (10**18 // 4, 0)


async def test_a_function_gets_a_router_for_clients_of_chainlink(executor: Run, scene: Scene, settings: Path) -> None:
    """Of its own and for ever; a function that is not registered gets none."""
    made = await ran(executor, "chainlink", "router", FUNCTION, "--json")
    assert made.returncode == 0, made.stderr
    said = json.loads(made.stdout)
    assert (said["function_id"], said["callback_gas"]) == (str(FUNCTION), 370_361)
    address = Address.from_hex(said["functions_router"])
    assert FunctionId(await view(scene.client, "ChainlinkFunctionsRouter", address, "functionId")) == FUNCTION
    unknown = await ran(executor, "chainlink", "router", "0x" + "44" * 32)
    assert (unknown.returncode, "is not registered: run `executor deploy`" in unknown.stderr) == (2, True), (
        unknown.stderr
    )


async def test_every_verb_that_needs_a_network_takes_it_from_the_settings(
    executor: Run, scene: Scene, nodes: list[Node], settings: Path, fresh: Path
) -> None:
    """upload, trigger, secrets, requests: no option names chain, router, node, subscription or key."""
    kept = json.loads((await ran(executor, "upload", fresh, "--json")).stdout)
    assert kept["node"] == nodes[0].url
    assert nodes[0].held == [kept["function_id"]]
    schedule = ("--kind", "cron", "--config", '{"schedule": "*/5 * * * *"}')
    made = await ran(executor, "trigger", "register", str(FUNCTION), *schedule, "--json")
    assert made.returncode == 0, made.stderr
    registration = json.loads(made.stdout)["registration"]
    for verb, state in (("pause", "paused"), ("resume", "resumed"), ("remove", "removed")):
        done = await ran(executor, "trigger", verb, registration, "--json")
        assert json.loads(done.stdout) == {"registration": registration, "state": state}, done.stderr
    listed = await ran(executor, "trigger", "list")
    assert (listed.returncode, f"{nodes[0].url}: " in listed.stderr) == (2, True)  # this node follows none
    secrets = json.loads((await ran(executor, "secrets", "list", "--json")).stdout)
    assert (secrets["epoch"], len(secrets["members"])) == (1, 4)
    moved = renamed_without(settings, "nodes", "other.toml")
    asked = json.loads((await ran(executor, "requests", "--settings", moved, "--json")).stdout)
    assert [each["node"] for each in asked["nodes"]] == [f"http://127.0.0.1:{8000 + member}" for member in range(4)]
    assert (await ran(executor, "requests")).returncode == 2


async def test_a_node_of_another_network_is_given_no_upload(
    executor: Run, nodes: list[Node], settings: Path, fresh: Path
) -> None:
    """Where the settings say which network is meant; the next node takes it."""
    nodes[0].router = "0x" + "22" * 20
    kept = await ran(executor, "upload", fresh, "--json")
    assert json.loads(kept.stdout)["node"] == nodes[1].url
    refused = await ran(executor, "upload", fresh, "--node", nodes[0].url)
    assert (refused.returncode, "serves router 0x2222" in refused.stderr, nodes[0].held) == (2, True, [])


def renamed_without(settings: Path, key: str, name: str) -> Path:
    """The settings, but for a key, under another name."""
    kept = [line for line in settings.read_text().splitlines() if not line.startswith(key)]
    settings.write_text("\n".join(kept))
    return settings.rename(settings.parent / name)


async def ran(executor: Run, *arguments: object, env: dict[str, str] | None = None) -> Done:
    """The command, in a thread: it has an event loop of its own."""
    return await asyncio.to_thread(executor, *arguments, env=env)


async def next_request(scene: Scene) -> SeenRequest:
    """The next request that is mined."""
    watcher = RequestWatcher(scene.client, (await scene.client.head()).number + 1, confirmations=0)
    async with asyncio.timeout(30):
        while True:
            for event in await watcher.poll():
                if isinstance(event, SeenRequest):
                    return event
            await asyncio.sleep(0.05)


async def deliver(scene: Scene, seen: SeenRequest, outcome: Returned | Failed) -> None:
    """What three members say of it, brought on chain."""
    report = make_report(seen.request_id, seen.request.function_id, transcript_hash(()), outcome, NO_VIEW)
    payload = outcome.output if isinstance(outcome, Returned) else outcome.error
    attestation = attest(scene.epoch, [report], Scheme.ECDSA)
    await scene.transmitter.deliver(scene.epoch, attestation, [payload])
