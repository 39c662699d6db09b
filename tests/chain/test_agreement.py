"""Several endpoints, one chain: liars are outvoted and named, the dead passed over, and a minority decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from executor.chain.agreement import Panel, majority
from executor.chain.endpoint import endpoints
from executor.chain.news import Outvoted, Resumed, Stopped
from executor.chain.polling import MAX_LATE
from executor.errors import (
    ChainDisagreement,
    ChainUnavailable,
    InvalidConfig,
    ReplyTooLarge,
    RpcRefused,
    WrongChain,
)

from .endpoints import Json
from .made_up_chain import (
    ROUTER,
    WORD,
    Twist,
    World,
    forked,
    hanging,
    head,
    honest,
    html,
    lagging,
    log,
    network,
    refusing,
    saying,
)


def test_a_majority_of_the_configured_must_agree() -> None:
    """Not of those that answer: two answers can never both be agreed on."""
    assert [majority(endpoints) for endpoints in range(1, 7)] == [1, 2, 2, 3, 3, 4]
    for needed in (0, 1, 4):
        with pytest.raises(InvalidConfig, match="2 to 3 can"):
            Panel(endpoints(("http://a", "http://b", "http://c")), 1, needed)


@pytest.mark.parametrize(
    "liar",
    [
        saying("eth_call", "0x" + "cd" * 32),
        refusing(3, "execution reverted", "0x08c379a0", of="eth_call"),
        saying("eth_call", "0x"),
    ],
)
async def test_a_liar_is_outvoted_and_reported(liar: Twist) -> None:
    """Two of three tell the truth: it is what is answered, and the third is named with what it said."""
    async with network(honest, liar, honest) as net:
        for _ in range(3):
            assert await net.rpc.call("eth_call", {"to": ROUTER}, "latest") == WORD
        await net.late()
        assert net.outvoted() == [0, 3, 0]
        name = net.rpc.panel.endpoints[1].name
        assert [(name, "eth_call", WORD, times) for times in (1, 2)] == [
            (each.endpoint, each.method, each.agreed, each.times) for each in net.news if isinstance(each, Outvoted)
        ], "of three times, the first and the second"


async def test_nobody_acts_on_a_minority() -> None:
    """Two of two must agree; and one truth, one lie and one dead endpoint are no answer, but a wait that says why."""
    lie = saying("eth_call", "0x" + "cd" * 32)
    async with network(honest, lie) as net:
        with pytest.raises(ChainDisagreement, match=rf"2 equal answers of 2 .*{WORD}.*cdcd"):
            await net.rpc.call("eth_call", {"to": ROUTER}, "0x5")
    async with network(honest, lie, html) as net:
        with pytest.raises(ChainDisagreement, match="2 equal answers of 3"):
            await net.rpc.call("eth_call", {"to": ROUTER}, "0x5")
        assert (net.rpc.panel.agreed, net.rpc.panel.disagreed) == (0, 1)


async def test_two_of_five_that_lie_together_are_outvoted() -> None:
    """About a head far ahead, its hash, logs that are not there, and a count."""

    def collude(world: World, method: str, params: Json, answer: Json) -> Any:
        match method:
            case "eth_getBlockByNumber":
                number = 900 if params[0] == "latest" else int(params[0], 16)
                return {**world.block(5), "number": hex(number), "hash": "0x" + "ee" * 32}
            case "eth_getLogs":
                return [log(1)]
            case "eth_getTransactionCount":
                return "0xff"
        return answer

    async with network(collude, honest, collude, honest, honest) as net:
        for _ in range(5):
            assert net.world.block(5)["hash"] == (await net.rpc.call("eth_getBlockByNumber", "latest", False))["hash"]
            assert await net.rpc.call("eth_getLogs", {"toBlock": "0x5"}) == []
            assert await net.rpc.call("eth_getTransactionCount", ROUTER, "latest") == "0x4"
        await net.late()
        assert net.outvoted() == [5, 0, 5, 0, 0]


async def test_who_stops_waiting_leaves_nothing_running() -> None:
    """A cancelled question gives up on everybody it asked."""
    async with network(hanging, hanging, honest, timeout_s=60) as net:
        for method, params in (("eth_call", [{}, "0x5"]), ("eth_getBlockByNumber", ["latest", False])):
            asking = asyncio.create_task(net.rpc.call(method, *params))
            await asyncio.sleep(0.1)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [endpoint.pending for endpoint in net.rpc.panel.endpoints] == [0, 0, 0]


@pytest.mark.parametrize("dead", [html, refusing(-32005, "limit exceeded"), saying("eth_chainId", "0x1")])
async def test_a_dead_endpoint_is_passed_over(dead: Twist) -> None:
    """Errors, limits and other chains are no voice; the other two agree."""
    async with network(dead, honest, honest) as net:
        assert await head(net) == 5
        await net.late()
        assert await net.rpc.call("eth_call", {"to": ROUTER}, "latest") == WORD
        await net.late()
        assert net.outvoted() == [0, 0, 0]
        assert [net.rpc.panel.endpoints[0].name] == [each.endpoint for each in net.news if isinstance(each, Stopped)]


async def test_with_two_endpoints_a_dead_one_stops_the_chain() -> None:
    """It says which."""
    async with network(honest, html) as net:
        with pytest.raises(ChainUnavailable, match=r"2 answers of 2 are needed.*HTTP 429"):
            await head(net)


async def test_the_only_endpoint_is_believed() -> None:
    """As it answers, and with its height for the metrics; there is nobody to compare with."""
    async with network(honest) as net:
        block = await net.rpc.call("eth_getBlockByNumber", "latest", False)
        assert (block["number"], block["totalDifficulty"]) == ("0x5", "0x1")
        assert net.rpc.panel.endpoints[0].height == 5


async def test_all_on_another_chain_is_a_wrong_chain() -> None:
    """A configuration error is not taken for an outage."""
    other = saying("eth_chainId", "0x1")
    async with network(other, other, other) as net:
        with pytest.raises(WrongChain, match="serves chain 1"):
            await head(net)


async def test_who_comes_back_is_told_of() -> None:
    """Stopped once, resumed once, however often it failed between."""
    broken = True

    def flaky(_world: World, method: str, _params: Json, answer: Json) -> Any:
        return web.Response(status=502) if broken else answer

    async with network(flaky, honest, honest) as net:
        for _ in range(2):
            await head(net)
            await net.rpc.call("eth_getTransactionCount", ROUTER, "latest")
        broken = False
        await head(net)
        await net.rpc.call("eth_getTransactionCount", ROUTER, "latest")
        name = net.rpc.panel.endpoints[0].name
        assert [(Stopped, name), (Resumed, name)] == [(type(each), each.endpoint) for each in net.news]


async def test_an_endpoint_that_comes_and_goes_is_told_of_less_and_less() -> None:
    """Ten times stopped and resumed: the first time, the second, the fourth and the eighth."""
    turns = iter(range(1_000))

    def flapping(_world: World, method: str, _params: Json, answer: Json) -> Any:
        return web.Response(status=502) if method != "eth_chainId" and next(turns) % 2 == 0 else answer

    async with network(flapping, honest, honest) as net:
        for _ in range(20):
            await head(net)
            await net.late()
        assert net.rpc.panel.endpoints[0].stops == 10
        assert [each.times for each in net.news if isinstance(each, Stopped)] == [1, 2, 4, 8]
        assert sum(isinstance(each, Resumed) for each in net.news) == 4


async def test_a_head_is_what_a_majority_has_reached() -> None:
    """One endpoint lags by two blocks and one by one, or is far ahead: the height that two have reached."""
    async with network(lagging(2), honest, lagging(1)) as net:
        assert await head(net) == 4
        await net.late()
        assert [endpoint.height for endpoint in net.rpc.panel.endpoints] == [3, 5, 4]
    ahead = saying("eth_getBlockByNumber", {**World().block(5), "number": hex(10**9)})
    async with network(ahead, honest, honest) as net:
        assert await head(net) == 5


async def test_a_stuck_endpoint_that_is_quick_does_not_hold_the_head() -> None:
    """The first answers are not taken where a later one can still lift what a majority has reached."""

    async def slow(_world: World, _method: str, _params: Json, answer: Json) -> Any:
        await asyncio.sleep(0.05)
        return answer

    async with network(lagging(4), honest, slow) as net:
        assert [await head(net), await head(net)] == [5, 5]


async def test_a_head_on_a_fork_of_its_own_is_outvoted() -> None:
    """Equal heights, another hash."""
    async with network(forked, honest, honest) as net:
        block = await net.rpc.call("eth_getBlockByNumber", "latest", False)
        assert net.world.block(5)["hash"] == block["hash"]
        assert "totalDifficulty" not in block, "what was not compared is not passed on"
        await net.late()
        assert net.outvoted()[1:] == [0, 0]
    async with network(forked, honest) as net:
        with pytest.raises(ChainDisagreement):
            await head(net)


async def test_a_block_that_one_lacks_yet_is_no_lie() -> None:
    """It is behind, and counted as such."""
    async with network(lagging(3), honest, honest) as net:
        assert net.world.block(5)["hash"] == (await net.rpc.call("eth_getBlockByNumber", "0x5", False))["hash"]
        await net.late()
        assert (net.rpc.panel.endpoints[0].behind, net.outvoted()) == (1, [0, 0, 0])


async def test_an_endpoint_that_omits_a_log_is_outvoted() -> None:
    """Sets are compared whole; spelling and order are no difference."""
    async with network(honest, saying("eth_getLogs", [log(1)]), saying("eth_getLogs", [log(2), log(1)])) as net:
        net.world.answers["eth_getLogs"] = [log(1), log(2)]
        found = await net.rpc.call("eth_getLogs", {"address": ROUTER, "toBlock": "0x5"})
        assert [each["logIndex"] for each in found] == ["0x1", "0x2"]
        await net.late()
        assert net.outvoted() == [0, 1, 0]
        (told,) = net.news
        assert (told.answer, told.agreed) == ("1 logs", "2 logs")


async def test_logs_beyond_its_head_are_not_asked_of_an_endpoint() -> None:
    """Its empty list would say nothing: it is behind, not lying."""
    async with network(lagging(1), honest, honest) as net:
        await head(net)
        asked = net.served[0].calls
        assert await net.rpc.call("eth_getLogs", {"address": ROUTER, "toBlock": "0x5"}) == []
        await net.late()
        assert asked == net.served[0].calls
        assert net.rpc.panel.endpoints[0].behind == 1


async def test_a_range_that_only_some_take_is_agreed_on_by_the_others_or_refused() -> None:
    """With enough others it does not matter; else the refusal comes out, so that less is asked for."""
    limited = refusing(-32602, "block range too large", of="eth_getLogs")
    wanted = {"address": ROUTER, "fromBlock": "0x0", "toBlock": "0x5"}
    async with network(limited, honest, honest) as net:
        assert await net.rpc.call("eth_getLogs", wanted) == []
    async with network(limited, honest) as net:
        with pytest.raises(RpcRefused, match="range too large"):
            await net.rpc.call("eth_getLogs", wanted)
    huge = saying("eth_getLogs", [log(1)] * 400)
    async with network(huge, honest, max_reply_bytes=50_000) as net:
        with pytest.raises(ReplyTooLarge):
            await net.rpc.call("eth_getLogs", wanted)


async def test_a_revert_is_agreed_on_by_its_data() -> None:
    """Nodes word it differently and number it differently."""
    geth = refusing(3, "execution reverted: no", "0x08c379a0", of="eth_call")
    other = refusing(-32015, "VM execution error.", "0x08c379a0", of="eth_call")
    async with network(geth, other, honest) as net:
        with pytest.raises(RpcRefused) as caught:
            await net.rpc.call("eth_call", {"to": ROUTER}, "latest")
        assert bytes.fromhex("08c379a0") == caught.value.data
        await net.late()
        assert net.outvoted() == [0, 0, 1]


async def test_a_number_is_what_a_majority_reaches() -> None:
    """Counts and estimates differ by nature; neither the highest nor the lowest of three decides."""
    async with network(
        saying("eth_getTransactionCount", hex(2**60)), saying("eth_getTransactionCount", "0x1"), honest
    ) as net:
        assert await net.rpc.call("eth_getTransactionCount", ROUTER, "latest") == "0x4"


async def test_a_call_at_the_head_is_pinned_when_heads_differ() -> None:
    """Asked again at the height a majority has, endpoints a block apart agree."""

    def by_height(world: World, method: str, params: Json, answer: Json) -> Any:
        return "0x" + "cd" * 32 if method == "eth_call" and params[1] == "latest" else answer

    async with network(by_height, honest, attempts=2) as net:
        assert await net.rpc.call("eth_call", {"to": ROUTER}, "latest") == WORD


ACCEPTS = saying("eth_sendRawTransaction", WORD)
KNOWS = refusing(-32000, "already known", of="eth_send")
LOW = refusing(-32000, "nonce too low", of="eth_send")


@pytest.mark.parametrize(
    ("twists", "refusal"),
    [
        ((ACCEPTS, ACCEPTS, ACCEPTS), None),
        ((ACCEPTS, KNOWS, html), None),
        ((html, html, ACCEPTS), None),
        ((LOW, html, KNOWS), None),
        ((ACCEPTS, LOW, LOW), "nonce too low"),
        ((LOW, html, html), "nonce too low"),
    ],
)
async def test_a_transaction_goes_to_everybody(twists: tuple[Twist, ...], refusal: str | None) -> None:
    """Taken by most, or by anyone where most say nothing; refused as most refuse it."""
    async with network(*twists) as net:
        net.world.answers["eth_sendRawTransaction"] = WORD
        if refusal is None:
            await net.rpc.call("eth_sendRawTransaction", "0x00")
        else:
            with pytest.raises(RpcRefused, match=refusal):
                await net.rpc.call("eth_sendRawTransaction", "0x00")
        await net.late()
        assert all(endpoint.calls == 1 for endpoint in net.rpc.panel.endpoints)


async def test_a_hanging_endpoint_costs_no_time_and_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """While two agree nobody waits for the third, and what is waited for behind them is bounded."""
    monkeypatch.setattr("executor.chain.polling.LATE_S", 0.05)
    async with network(hanging, honest, honest, timeout_s=60) as net:
        async with asyncio.timeout(30):  # below the endpoint's own limit
            await asyncio.gather(
                *(net.rpc.call("eth_call", {"to": ROUTER}, "latest") for _ in range(MAX_LATE + 10)),
                *(head(net) for _ in range(5)),
            )
            assert net.rpc.panel.endpoints[0].waited_for <= MAX_LATE
            await net.late()
        slow = net.rpc.panel.endpoints[0]
        assert (slow.late, slow.pending, slow.waited_for) == (MAX_LATE + 15, 0, 0)


async def endless(_world: World, _method: str, _params: Json, _answer: Json) -> Any:
    async def stream() -> AsyncIterator[bytes]:
        while True:
            yield b"[" * 65_536

    return web.Response(body=stream())


def redirecting(_world: World, _method: str, _params: Json, _answer: Json) -> Any:
    return web.Response(status=307, headers={"Location": "/"})


ABUSE = {
    "endless": endless,
    "redirects for ever": redirecting,
    "html": html,
    "nested": lambda *_: b"[" * 200_000,
    "another id": lambda *_: b'{"jsonrpc":"2.0","id":987654321,"result":"0x7a69"}',
    "no block": saying("eth_getBlockByNumber", {"number": "0x5"}),
    "a list": saying("eth_getBlockByNumber", [1]),
    "text": saying("eth_getBlockByNumber", "0x5"),
    "another block": lambda world, method, _params, answer: world.block(1) if "Block" in method else answer,
    "huge number": saying("eth_getBlockByNumber", {**World().block(5), "number": "0x" + "f" * 65}),
}


@pytest.mark.parametrize("abuse", ABUSE)
async def test_abuse_by_one_of_three_changes_nothing(abuse: str) -> None:
    """Whatever it sends, in whatever amount, the other two are heard."""
    async with network(ABUSE[abuse], honest, honest, max_reply_bytes=200_000) as net:
        assert net.world.block(5)["hash"] == (await net.rpc.call("eth_getBlockByNumber", "0x5", False))["hash"]
        assert await head(net) == 5
        await net.late()
        assert (net.rpc.panel.endpoints[1].outvoted, net.rpc.panel.endpoints[2].outvoted) == (0, 0)


@pytest.mark.parametrize("abuse", ["endless", "redirects for ever", "html", "nested", "another id"])
async def test_abuse_by_two_of_three_is_an_outage(abuse: str) -> None:
    """Never an answer by the one that is left."""
    async with network(ABUSE[abuse], ABUSE[abuse], honest, max_reply_bytes=200_000) as net:
        with pytest.raises(ChainUnavailable):
            await head(net)
