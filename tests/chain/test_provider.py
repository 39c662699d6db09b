"""The provider, and web3 above it, against endpoints that are down, wrong, hostile, or back again."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from aiohttp import web

from executor.chain.client import ChainClient
from executor.chain.embedded import EmbeddedChain
from executor.chain.epochs import load_epoch
from executor.chain.provider import RpcProvider
from executor.errors import ChainError, ChainUnavailable, InvalidConfig, ReplyTooLarge, RpcRefused, WrongChain
from executor.model.ids import Address

from .endpoints import Endpoint, lying, result
from .support import Scene

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens
CHAIN_ID = 31337


def answering(value: Any) -> Endpoint:
    return Endpoint(lambda call: result(call, "0x7a69" if call["method"] == "eth_chainId" else value))


async def ask(*urls: str, method: str = "eth_blockNumber", attempts: int = 1, **options: Any) -> Any:
    rpc = RpcProvider(urls, CHAIN_ID, attempts=attempts, timeout_s=2, **options)
    try:
        return await rpc.call(method)
    finally:
        await rpc.close()


async def test_another_chain_id_is_refused(embedded_chain: EmbeddedChain) -> None:
    """An endpoint of another chain answers nothing."""
    rpc = RpcProvider([embedded_chain.url], 1)
    with pytest.raises(WrongChain, match="serves chain 31337"):
        await rpc.call("eth_blockNumber")
    await rpc.close()


async def test_an_endpoint_that_is_down_is_passed_over(embedded_chain: EmbeddedChain) -> None:
    """What no rule of agreement names is asked of the next endpoint."""
    assert isinstance(await ask(NOWHERE, embedded_chain.url, method="eth_accounts"), list)


async def test_no_endpoint_is_unavailable_and_named() -> None:
    """The error names each endpoint that failed by its host, and tells nobody the key in its path."""
    with pytest.raises(ChainUnavailable, match=r"127\.0\.0\.1:9") as caught:
        await ask(NOWHERE + "/v2/secret", attempts=2)
    assert "secret" not in str(caught.value)


async def test_an_endpoint_that_comes_back_is_used() -> None:
    """A chain that was down and is up again, on the same port, answers the same client."""
    with EmbeddedChain() as chain:
        url, port = chain.url, int(chain.url.rsplit(":", 1)[1])
        rpc = RpcProvider([url], CHAIN_ID, attempts=2)
        assert await rpc.call("eth_blockNumber") == "0x0"
    with pytest.raises(ChainUnavailable):
        await rpc.call("eth_blockNumber")
    with EmbeddedChain(port=port):
        assert await rpc.call("eth_blockNumber") == "0x0"
    await rpc.close()


async def test_an_endpoint_that_comes_back_as_another_chain_is_refused() -> None:
    """The chain id is asked again after a failure."""
    with EmbeddedChain() as chain:
        port = int(chain.url.rsplit(":", 1)[1])
        rpc = RpcProvider([chain.url], CHAIN_ID, attempts=1)
        await rpc.call("eth_blockNumber")
    with pytest.raises(ChainUnavailable):
        await rpc.call("eth_blockNumber")
    with EmbeddedChain(port=port, chain_id=5), pytest.raises(WrongChain):
        await rpc.call("eth_blockNumber")
    await rpc.close()


async def test_a_reply_beyond_the_bound_is_dropped() -> None:
    """Reading stops at the bound."""
    async with answering("0x" + "00" * 100_000) as endpoint:
        with pytest.raises(ReplyTooLarge):
            await ask(endpoint.url, max_reply_bytes=10_000)


async def test_the_reply_of_a_call_has_a_bound_of_its_own() -> None:
    """Decoding 740 kB of crafted ABI took nine seconds: no view's result is that long."""
    async with answering("0x" + "00" * 200_000) as endpoint:
        assert len(await ask(endpoint.url)) == 400_002
        with pytest.raises(ReplyTooLarge, match="262144"):
            await ask(endpoint.url, method="eth_call")


async def test_an_endless_reply_is_dropped() -> None:
    """A stream that never ends is cut at the bound, not awaited."""

    async def stream(request_call: Any) -> web.StreamResponse:
        return web.Response(body=endless())

    async def endless() -> Any:
        while True:
            yield b"0" * 65_536

    async with Endpoint(stream) as endpoint:
        with pytest.raises(ReplyTooLarge):
            await ask(endpoint.url, max_reply_bytes=1_000_000)


async def test_a_compressed_reply_is_not_inflated() -> None:
    """A small body that would inflate to a large one is read as the bytes it is."""
    bomb = gzip.compress(b"0" * 50_000_000)
    async with Endpoint(lambda _: web.Response(body=bomb, headers={"Content-Encoding": "gzip"})) as endpoint:
        with pytest.raises(ChainUnavailable, match="not JSON"):
            await ask(endpoint.url)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'"0x1"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":999999,"result":"0x7a69"}',
        b'{"jsonrpc":"2.0","id":1,"error":"no"}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":1}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"limit exceeded"}}',
        b'{"jsonrpc":"2.0","id":1,"result":31337}',
        b'{"jsonrpc":"2.0","id":1,"result":"0x' + b"f" * 5000 + b'"}',
        b'{"jsonrpc":"2.0","id":1,"result":' + b"9" * 100_000 + b"}",
    ],
)
async def test_garbage_is_no_answer(body: bytes) -> None:
    """Anything but a well-formed reply counts as an endpoint that does not work."""
    async with Endpoint(lambda _: body) as endpoint:
        with pytest.raises(ChainUnavailable):
            await ask(endpoint.url)


async def test_redirects_are_not_followed(embedded_chain: EmbeddedChain) -> None:
    """A redirect is no answer, even one to a working endpoint."""
    async with Endpoint(lambda _: web.Response(status=307, headers={"Location": embedded_chain.url})) as endpoint:
        with pytest.raises(ChainUnavailable):
            await ask(endpoint.url)


async def test_the_nodes_own_refusal_is_an_answer(embedded_chain: EmbeddedChain) -> None:
    """An error reply is raised as such and not retried."""
    with pytest.raises(RpcRefused, match="does not exist") as caught:
        await ask(embedded_chain.url, method="eth_nonsense", attempts=3)
    assert caught.value.code == -32601


@pytest.mark.parametrize(
    "value",
    [None, 7, [], {}, "0x", "0xzz", {"number": "0x1"}, {"number": "0x1", "hash": "0x00", "parentHash": 1}],
)
async def test_wrong_types_are_chain_unavailable(value: Any) -> None:
    """A block of the wrong shape is the endpoint's fault, never a crash of ours."""
    async with answering(value) as endpoint:
        client = ChainClient([endpoint.url], CHAIN_ID, Address(b"r" * 20), attempts=1)
        with pytest.raises(ChainUnavailable):
            await client.head()
        await client.close()


@pytest.mark.parametrize("lie", ["0x", "0x00", "0x" + "ff" * 64, "0x" + "ff" * 3200, 5, None])
async def test_a_lie_about_the_epoch_is_an_error(scene: Scene, lie: Any) -> None:
    """Contract results that do not decode raise ChainError."""
    async with lying(scene.chain.url, lambda method, value: lie if method == "eth_call" else value) as endpoint:
        client = ChainClient([endpoint.url], CHAIN_ID, scene.client.router, attempts=1)
        with pytest.raises(ChainError):
            await client.connect()
        client._committee = scene.client.committee
        with pytest.raises(ChainError):
            await load_epoch(client, 1)
        await client.close()


async def test_no_router_at_the_address_is_a_configuration_error(embedded_chain: EmbeddedChain) -> None:
    """Connecting to an address without code names it."""
    client = ChainClient([embedded_chain.url], CHAIN_ID, Address(b"r" * 20))
    with pytest.raises(InvalidConfig, match="no contract"):
        async with client:
            pass


def test_an_endpoint_is_a_url() -> None:
    """Other schemes, no endpoint at all, and one named twice are refused at once."""
    for urls in ([], ["ftp://x"], ["/tmp/geth.ipc"], ["http://x", "http://x"]):
        with pytest.raises(InvalidConfig):
            RpcProvider(urls, 1)
