"""`executor upload` against a node's own judgement of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cli_types import Run

from executor.chain.accounts import dev_accounts
from executor.crypto.digests import function_id, upload_digest
from executor.crypto.secp256k1 import recover
from executor.model.ids import Address
from executor.node.functions import unpack_function
from executor.node.uploads import HEADER, UploadClaim, parse_claim
from executor.projects import load_function

ACCOUNT = dev_accounts()[3]
ROUTER = Address(b"\x02" * 20)


class Node(ThreadingHTTPServer):
    """Says what it is and keeps what it is given; `refusal` refuses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.refusal = ""
        self.health: object = {"chain_id": 31337, "router": str(ROUTER)}
        self.taken: list[tuple[UploadClaim, bytes]] = []

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Node

    def do_GET(self) -> None:
        """The health."""
        self._reply(200, self.server.health)

    def do_PUT(self) -> None:
        """An upload."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.taken.append((parse_claim(self.headers[HEADER]), body))
        self._reply(*((403, {"error": self.server.refusal}) if self.server.refusal else (200, {"function_id": "0x"})))

    def _reply(self, status: int, plain: object) -> None:
        body = json.dumps(plain).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def node() -> Iterator[Node]:
    """A node."""
    with Node() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_function_is_signed_for_and_sent(executor: Run, project: Path, node: Node) -> None:
    """The signature is the account's over this node's chain and router; the body is the function."""
    function = load_function(project)
    (project / "key").write_text("0x" + ACCOUNT.private_key.hex() + "\n")
    done = executor(
        "upload", project, "--node", node.url + "/", "--subscription", 7, "--key-file", project / "key", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["function_id"] == str(function_id(function))
    ((claim, body),) = node.taken
    assert unpack_function(body) == function
    assert (claim.account, claim.subscription, claim.function_id) == (ACCOUNT.address, 7, function_id(function))
    assert 0 < claim.expires - time.time() <= 600
    digest = upload_digest(31337, ROUTER, claim.function_id, claim.expires)
    assert recover(digest, claim.signature) == ACCOUNT.address


def test_a_refusal_is_told_in_the_nodes_words(executor: Run, project: Path, node: Node) -> None:
    """And the key is in none of what is printed."""
    node.refusal = "subscription 7 is not account 0x00's"
    done = executor("upload", project, "--node", node.url, env={"EXECUTOR_UPLOAD_KEY": ACCOUNT.private_key.hex()})
    assert done.returncode == 2
    assert f"{node.url} refused the function: {node.refusal}" in done.stderr
    assert ACCOUNT.private_key.hex() not in done.stdout + done.stderr


def test_what_is_no_node_or_no_key_is_named(executor: Run, project: Path, node: Node) -> None:
    """Before anything is sent."""
    key = {"EXECUTOR_UPLOAD_KEY": ACCOUNT.private_key.hex()}
    for health in ([], {"chain_id": "x", "router": 1}, "text"):
        node.health = health
        done = executor("upload", project, "--node", node.url, env=key)
        assert (done.returncode, "does not answer as a node does" in done.stderr) == (3, True), done.stderr
    assert executor("upload", project, "--node", "http://127.0.0.1:1", env=key).returncode == 3
    without = executor("upload", project, "--node", node.url)
    assert (without.returncode, "EXECUTOR_UPLOAD_KEY" in without.stderr) == (2, True)
    wrong = executor("upload", project, "--node", node.url, env={"EXECUTOR_UPLOAD_KEY": "zz"})
    assert (wrong.returncode, "$EXECUTOR_UPLOAD_KEY: the key is not 32 bytes in hex" in wrong.stderr) == (2, True)
    (project / "key").write_text("00" * 32)
    wrong = executor("upload", project, "--node", node.url, "--key-file", project / "key")
    assert (wrong.returncode, f"the key file {project / 'key'}: a secp256k1 private key" in wrong.stderr) == (2, True)
    assert node.taken == []
