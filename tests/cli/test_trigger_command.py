"""`executor trigger`: what it signs and shows, and what it refuses before anybody is asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cli_types import Run

from executor.chain.accounts import dev_accounts
from executor.model.ids import Address, RegistrationId
from executor.model.trigger_config import HttpConfig
from executor.node.triggers.posting import HEADER, check_post, parse_post

ACCOUNT = dev_accounts()[3]
ROUTER = Address(b"\x02" * 20)
KEY = RegistrationId(bytes([7]) * 32)
LINE = {
    "registration": str(KEY), "trigger": "http", "function_id": "0x01", "subscription": 3, "config": {"signers": []},
    "paused": False, "open": 1, "started_this_hour": 2, "dropped_this_hour": 5, "unfunded": 4,
}  # fmt: skip


class Node(ThreadingHTTPServer):
    """Answers what a node answers; `refusal` refuses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.refusal = ""
        self.line: dict[str, object] = LINE
        self.posts: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Node

    def do_GET(self) -> None:
        """Health, list, one trigger."""
        told: dict[str, object] = {"chain_id": 31337, "router": str(ROUTER)}
        if self.path.startswith("/v1/triggers"):
            told = {"finalized_block": 41, "count": 1, "triggers": [self.server.line]}
        self._reply(200, told)

    def do_POST(self) -> None:
        """A firing."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.posts.append((self.headers[HEADER], body))
        refused = (402, {"error": self.server.refusal})
        self._reply(*(refused if self.server.refusal else (202, {"request_id": "0xab", "status": "started"})))

    def _reply(self, status: int, plain: object) -> None:
        body = json.dumps(plain).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


@pytest.fixture
def node() -> Iterator[Node]:
    """One node."""
    with Node() as node:
        thread = threading.Thread(target=node.serve_forever)
        thread.start()
        yield node
        node.shutdown()
        thread.join()


def test_fire_signs_what_members_check(executor: Run, node: Node) -> None:
    """Body, block, nonce, expiry, for this chain, router and registration; it shows the request's id."""
    env = {"EXECUTOR_TRIGGER_KEY": ACCOUNT.private_key.hex()}
    done = executor("trigger", "fire", KEY, "--node", node.url, "--body", "hello", "--nonce", 5, env=env)
    assert (done.returncode, "0xab" in done.stdout, "started" in done.stdout) == (0, True, True)
    ((header, body),) = node.posts
    config = HttpConfig(signers=[str(ACCOUNT.address)])
    place = {"chain_id": 31337, "router": ROUTER, "registration": KEY, "now_s": time.time()}
    posted = check_post(claim := parse_post(header), config, body, **place)  # type: ignore[arg-type]
    assert (posted.body, posted.signer, posted.nonce) == (b"hello", ACCOUNT.address, 5)
    assert (claim.block_number, 500 < claim.expires - time.time() <= 600) == (41, True)
    same = ("--body", "hello", "--nonce", 5, "--block", 41, "--expires", claim.expires)
    executor("trigger", "fire", KEY, "--node", node.url, *same, env=env)
    assert node.posts[1] == (header, body)


def test_a_refusal_is_told(executor: Run, node: Node) -> None:
    """With the node's own reason."""
    node.refusal = "its subscription cannot pay for one more"
    env = {"EXECUTOR_TRIGGER_KEY": ACCOUNT.private_key.hex()}
    done = executor("trigger", "fire", KEY, "--node", node.url, env=env)
    assert (done.returncode, node.refusal in done.stderr) == (2, True)


def test_a_nodes_words_move_no_cursor(executor: Run, node: Node) -> None:
    """Neither in an error nor in a table: escapes, reversals and lines that look like ours stay text."""
    words = "no\x1b[2J\u202e\x07\nkept by        https://good.example"
    node.refusal = words
    env = {"EXECUTOR_TRIGGER_KEY": ACCOUNT.private_key.hex()}
    done = executor("trigger", "fire", KEY, "--node", node.url, env=env)
    assert "no\\x1b[2J\\x202e\\x07 kept by" in done.stderr
    node.line = LINE | {"function_id": words, "trigger": words}
    listed = executor("trigger", "list", "--node", node.url).stdout
    assert "\\x1b[2J" in listed
    assert not any(line.startswith("kept by") for line in listed.splitlines())
    assert all(letter.isprintable() for letter in (listed + done.stderr).replace("\n", ""))


def test_list_shows_how_each_stands(executor: Run, node: Node) -> None:
    """For people and for programs."""
    done = executor("trigger", "list", "--node", node.url)
    assert done.returncode == 0
    for shown in ("block 41", f"{KEY} active", "1 open, 2 started and 5 dropped", "4 not paid for"):
        assert shown in done.stdout
    assert json.loads(executor("trigger", "list", "--node", node.url, "--json").stdout)["triggers"] == [LINE]


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("{", "not JSON"),
        ('{"schedule": "61 * * * *"}', "minute '61'"),
        ("{}", "schedule"),
        ("@none.json", "cannot read"),
    ],
)
def test_a_config_is_checked_before_it_costs_gas(executor: Run, config: str, named: str) -> None:
    """By its key; the endpoint is not asked."""
    done = executor(
        "trigger", "register", "0x" + "00" * 32, "--kind", "cron", "--config", config, "--subscription", 1,
        "--rpc", "http://127.0.0.1:1", "--chain-id", 1, "--router", ROUTER,
    )  # fmt: skip
    assert (done.returncode, named in done.stderr) == (2, True), done.stderr
