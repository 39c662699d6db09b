"""drand relays: real servers that lie, lag, answer another round, garbage or nothing; the next one is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from executor.capabilities.drand import MAX_ROUNDS, RELAYS, DrandRelays
from executor.capabilities.http import HttpSettings
from executor.errors import DrawUnavailable
from executor.model.draw import QUICKNET, DrandDraw
from executor.testing.fast_signatures import ROUNDS_SECRET, sign_round
from executor.testing.relays import FAULTS, Relay, development_chain

CHAIN = development_chain(genesis_s=1_700_000_000)
ROUND = 1_000
SIGNATURE = sign_round(ROUNDS_SECRET, ROUND)
BODY = b'{"round":1000,"signature":"' + SIGNATURE.hex().encode() + b'"}'

Serve = Callable[..., Awaitable[Relay]]


def draw(round: int = ROUND, ordinal: int = 0, **fields: bytes) -> DrandDraw:
    given = {"chain": CHAIN.hash, "key": CHAIN.key} | fields
    return DrandDraw(ordinal, given["chain"], given["key"], round, CHAIN.time_of(round))


class Served:
    """Relays on loopback, and a client that knows them by name."""

    def __init__(self) -> None:
        self.relays: list[Relay] = []
        self._runners: list[object] = []
        self.places: dict[str, str] = {}

    async def add(self, fault: str = "", clock: Callable[[], float] = time.time) -> Relay:
        relay = Relay(CHAIN, fault, clock)
        runner, port = await relay.serve()
        self._runners.append(runner)
        self.places[f"relay-{len(self.relays)}.test"] = f"127.0.0.1:{port}"
        self.relays.append(relay)
        return relay

    def client(self, *more: str, passes: int = 1, pause_s: float = 0.01) -> DrandRelays:
        urls = [*more, *(f"http://{name}" for name in self.places)]
        return DrandRelays(urls, HttpSettings(overrides=self.places), passes=passes, pause_s=pause_s, timeout_s=0.5)

    async def stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()  # type: ignore[attr-defined]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    servers = Served()
    yield servers
    await servers.stop()


async def test_a_round_is_fetched_and_verified(served: Served) -> None:
    """Once: later draws of the round, of any request, ask nobody."""
    relay = await served.add()
    client = served.client()
    assert await client.obtain(draw()) == SIGNATURE
    assert await client.obtain(draw(ordinal=1)) == SIGNATURE
    assert relay.asked == [ROUND]


async def test_requests_at_once_ask_once(served: Served) -> None:
    """A hundred draws of one round."""
    relay = await served.add()
    client = served.client()
    assert set(await asyncio.gather(*(client.obtain(draw()) for _ in range(100)))) == {SIGNATURE}
    assert relay.asked == [ROUND]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_relay_that_is_wrong_costs_its_own_time(served: Served, fault: str) -> None:
    """Whatever it does the next one is asked, and the next draw begins with that."""
    bad, good = await served.add(fault), await served.add()
    client = served.client()
    assert await client.obtain(draw()) == SIGNATURE
    assert await client.obtain(draw(ROUND + 1)) == sign_round(ROUNDS_SECRET, ROUND + 1)
    assert (bad.asked, good.asked) == ([ROUND], [ROUND, ROUND + 1])


async def test_relays_that_are_down_are_passed_over(served: Served) -> None:
    """Nobody listens; a name that nobody knows; a private address that no override allows."""
    await served.add()
    client = served.client("http://127.0.0.1:9", "https://nobody.invalid", "http://10.0.0.1")
    assert await client.obtain(draw()) == SIGNATURE


async def test_a_round_that_is_not_out_yet_is_waited_for(served: Served) -> None:
    """A relay whose clock is behind: asked again, a few times."""
    asked = 0

    def clock() -> float:
        nonlocal asked
        asked += 1
        return CHAIN.time_of(ROUND) - (1 if asked < 3 else 0)

    relay = await served.add(clock=clock)
    assert await served.client(passes=5).obtain(draw()) == SIGNATURE
    assert relay.asked == [ROUND] * 3


async def test_no_relay_is_said_with_every_reason(served: Served) -> None:
    """The operator reads which relay gave what."""
    await served.add("lying")
    await served.add("another-round")
    with pytest.raises(DrawUnavailable, match=r"round 1000 .*does not verify.*another round"):
        await served.client().obtain(draw())
    with pytest.raises(DrawUnavailable, match="no relays"):
        await DrandRelays([], passes=1).obtain(draw())


async def test_another_chains_round_is_none(served: Served) -> None:
    """A relay knows only its chains; a signature of another group does not verify."""
    await served.add()
    with pytest.raises(DrawUnavailable, match="status 404"):
        await served.client().obtain(draw(chain=bytes(32)))
    with pytest.raises(DrawUnavailable, match="does not verify"):
        await served.client().obtain(draw(key=QUICKNET.key))


async def test_a_chain_that_is_not_served_is_not_asked_for() -> None:
    """Whoever makes up functions with chains of their own costs no relay anything."""

    async def fetch(url: str) -> bytes:
        raise AssertionError(url)

    client = DrandRelays(["https://relay"], chains={QUICKNET.hash}, fetch=fetch)
    with pytest.raises(DrawUnavailable, match=r"does not serve drand chain .*random\.drand_chains"):
        await client.obtain(draw())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"1000",
        b'{"round":1000}',
        b'{"round":"1000","signature":"00"}',
        b'{"round":1000,"signature":null}',
        b'{"round":1000,"signature":"' + b"00" * 48 + b'"}',
        BODY.upper(),
        BODY.replace(SIGNATURE.hex().encode(), SIGNATURE.hex().upper().encode()),
        BODY[:-1],
        BODY.replace(b"1000", b"1000.0").replace(b"1000.0", b"1e3000"),
        b'{"round":' + b"9" * 4_000 + b"}",
    ],
)
async def test_a_reply_of_another_form_is_no_round(body: bytes) -> None:
    """Bytes that hold no round and signature, or hold them in another spelling."""

    async def fetch(url: str) -> bytes:
        return body

    with pytest.raises(DrawUnavailable):
        await DrandRelays(["https://relay"], fetch=fetch, passes=1).obtain(draw())


async def test_what_is_kept_is_bounded() -> None:
    """The oldest round is forgotten."""
    client = DrandRelays(["https://relay"], fetch=_signing, passes=1)
    for round in range(1, MAX_ROUNDS + 1):
        client._known[CHAIN.key, round] = b""
    await client.obtain(draw(MAX_ROUNDS + 1))
    assert len(client._known) == MAX_ROUNDS
    assert (CHAIN.key, 1) not in client._known


async def _signing(url: str) -> bytes:
    round = int(url.rpartition("/")[2])
    return f'{{"round":{round},"signature":"{sign_round(ROUNDS_SECRET, round).hex()}"}}'.encode()


async def test_a_cancelled_asker_stops_nobody_else() -> None:
    """The fetch goes on for the others."""
    going = asyncio.Event()

    async def fetch(url: str) -> bytes:
        await going.wait()
        return BODY

    client = DrandRelays(["https://relay"], fetch=fetch, passes=1)
    first, second = asyncio.create_task(client.obtain(draw())), asyncio.create_task(client.obtain(draw()))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    going.set()
    assert await second == SIGNATURE


def test_the_public_relays_are_of_two_operators() -> None:
    """All https."""
    assert all(url.startswith("https://") for url in RELAYS)
    assert len({url.rsplit(".", 2)[-2] for url in RELAYS}) > 1
