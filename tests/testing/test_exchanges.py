"""The local exchanges: one market behind three shapes, which a demonstration may move."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from executor.testing.exchanges import SHAPES, serve


@pytest.fixture
async def exchanges() -> AsyncIterator[dict[str, str]]:
    """Addresses by name."""
    addresses, runners = await serve(seed=3)
    yield addresses
    for runner in runners:
        await runner.cleanup()


async def price(session: aiohttp.ClientSession, address: str) -> float:
    """What the first exchange says."""
    async with session.get(f"http://{address}/price") as answer:
        return float((await answer.json())["price"])


async def test_a_price_that_is_put_is_every_exchanges(exchanges: dict[str, str]) -> None:
    """Through any of them; readers see it a little differently."""
    async with aiohttp.ClientSession() as session:
        assert await price(session, exchanges["exchange-a.test"]) == pytest.approx(1842, abs=5)
        for number, name in enumerate(sorted(SHAPES)):
            async with session.put(f"http://{exchanges[name]}/price", data=f"{900 + number}.50") as answer:
                assert answer.status == 200
            assert await price(session, exchanges["exchange-a.test"]) == pytest.approx(900.5 + number, abs=5)


@pytest.mark.parametrize("body", [b"", b"-1.00", b"0.00", b"900", b"1e9.00", b"900.5", b"\xff.00", b"9" * 11 + b".00"])
async def test_what_is_no_price_moves_nothing(exchanges: dict[str, str], body: bytes) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.put(f"http://{exchanges['exchange-b.test']}/price", data=body) as answer:
            assert answer.status == 400
        async with session.put(f"http://{exchanges['exchange-b.test']}/price", data=b"9" * 65) as answer:
            assert answer.status == 413
        assert await price(session, exchanges["exchange-a.test"]) == pytest.approx(1842, abs=5)
