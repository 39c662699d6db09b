"""`executor receipt`: whom it asks, and what it does with what it is given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from executor.chain.client import ChainClient
from executor.cli import _receipts
from executor.cli._config import Settings
from executor.cli._network import Network
from executor.crypto.digests import request_id
from executor.errors import HostFault
from executor.model.codec import encode_json, to_plain
from executor.model.ids import Address, RequestId
from tests.receipts.make_receipts import make_receipt

RECEIPT = make_receipt()
REQUEST = request_id(RECEIPT.request)


class Node(ThreadingHTTPServer):
    """Gives a receipt once `ready` says so, whatever is asked."""

    def __init__(self, ready: Callable[[], object]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ready = ready


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Node

    def do_GET(self) -> None:
        """The receipt."""
        try:
            self.server.ready()
        except threading.BrokenBarrierError:
            return
        body = encode_json(to_plain(RECEIPT))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


def serving(ready: Callable[[], object]) -> Iterator[list[str]]:
    """Two nodes."""
    started = [Node(ready), Node(ready)]
    for node in started:
        threading.Thread(target=node.serve_forever, args=(0.01,), daemon=True).start()
    yield [f"http://127.0.0.1:{node.server_port}" for node in started]
    for node in started:
        node.shutdown()
        node.server_close()


@pytest.fixture
def nodes() -> Iterator[list[str]]:
    """They answer at once."""
    yield from serving(lambda: None)


@pytest.fixture
def waiting() -> Iterator[list[str]]:
    """Each answers only while the other is being asked, too; else neither ever does."""
    yield from serving(threading.Barrier(2, timeout=10).wait)


def network(nodes: list[str]) -> Network:
    """Of these nodes, without a chain to ask."""
    return Network(Settings(nodes=nodes), ChainClient(["http://127.0.0.1:9"], 1, Address(bytes(20))))


async def test_members_are_asked_side_by_side(waiting: list[str]) -> None:
    """One that does not answer yet keeps nobody from being asked."""
    fetched = await _receipts.fetch_receipt(network(waiting), REQUEST)
    assert fetched.receipt == RECEIPT
    assert fetched.passed


async def test_silent_members_end_with_one_limit(waiting: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Together, and with a reason for each."""
    monkeypatch.setattr(_receipts, "FETCH_S", 0.2)
    with pytest.raises(HostFault, match="no answer in time"):
        await _receipts.fetch_receipt(network(waiting[:1]), REQUEST)


async def test_a_receipt_of_another_request_is_not_replayed(nodes: list[str]) -> None:
    """Its id alone refuses it: no further check is made."""
    fetched = await _receipts.fetch_receipt(network(nodes), RequestId(bytes(32)))
    assert [(check.name, check.passed) for check in fetched.checks] == [("asked for", False)]
