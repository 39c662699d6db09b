"""Three local exchanges: real HTTP servers whose JSON differs in shape, from caller to caller and from time to time.
`PUT /price` of any of them moves the market: demonstrations need a fall.

Beside them two relays of a drand chain of our own (relays.py), one of which lies, an identity provider
(identity_provider.py), a shop that takes each order once (orders.py), and score feeds of matches (match_feeds.py).

`python -m executor.testing.exchanges` serves until its standard input closes and prints one JSON line:
{"exchange-a.test": "127.0.0.1:PORT", ...}, ready to be a node's `[resolve]`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import time
from collections.abc import Callable
from decimal import Decimal

from aiohttp import web

from executor.testing.identity_provider import HOST
from executor.testing.identity_provider import application as identity_provider
from executor.testing.match_feeds import applications as match_feeds
from executor.testing.orders import SHOP
from executor.testing.orders import application as orders
from executor.testing.relays import Relay, development_chain

Shape = Callable[[Decimal], dict[str, object]]

SHAPES: dict[str, Shape] = {
    "exchange-a.test": lambda price: {"symbol": "ETHUSD", "price": str(price)},
    "exchange-b.test": lambda price: {"data": {"amount": str(price), "currency": "USD"}},
    "exchange-c.test": lambda price: {"result": {"XETHZUSD": {"c": [str(price), "0.5"]}}},
}
UNRELIABLE = "exchange-c.test"
FAILURE_RATE = 0.25  # of the unreliable one's answers
PRICE = re.compile(rb"[1-9][0-9]{0,9}\.[0-9]{2}")
PRICE_BYTES = 64  # the longest body a caller may put
RELAYS = {"relay.test": "", "lying-relay.test": "lying"}  # of drand, by their fault


class Market:
    """A price that walks with time; every reader sees it a little differently."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - prices for a demonstration, not secrets
        self._price = Decimal("1842.17")
        self._moved_at = time.monotonic()

    def read(self) -> Decimal:
        """The price now, with this reader's noise, in cents."""
        now = time.monotonic()
        drift = self._random.gauss(0, 0.4) * min(now - self._moved_at, 5.0)
        self._moved_at = now
        self._price += Decimal(str(round(drift, 2)))
        return self._price + Decimal(self._random.randint(-12, 12)) / 100

    def move(self, price: Decimal) -> None:
        """The price is this from now on, and walks on from here."""
        self._price = price

    def fails(self) -> bool:
        """Whether the unreliable exchange fails this time."""
        return self._random.random() < FAILURE_RATE


def application(name: str, market: Market) -> web.Application:
    """One exchange."""

    async def price(_request: web.Request) -> web.Response:
        if name == UNRELIABLE and market.fails():
            return web.json_response({"error": "temporarily unavailable"}, status=503)
        return web.json_response(SHAPES[name](market.read()))

    async def move(request: web.Request) -> web.Response:
        body = await request.read()
        if PRICE.fullmatch(body) is None:
            return web.json_response({"error": "a price has digits, and cents after a point"}, status=400)
        market.move(Decimal(body.decode("ascii")))
        return web.Response()

    app = web.Application(client_max_size=PRICE_BYTES)
    app.router.add_get("/price", price)
    app.router.add_put("/price", move)
    return app


async def serve(seed: int = 1) -> tuple[dict[str, str], list[web.AppRunner]]:
    """Start all of them on free loopback ports; returns the overrides and what to clean up."""
    market = Market(seed)
    apps = {name: application(name, market) for name in SHAPES} | {HOST: identity_provider(), SHOP: orders()}
    apps |= match_feeds(seed)
    overrides: dict[str, str] = {}
    runners = []
    for name, app in apps.items():
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        overrides[name] = f"127.0.0.1:{runner.addresses[0][1]}"
        runners.append(runner)
    return overrides, runners


async def _main() -> None:
    parser = argparse.ArgumentParser(description="Three local exchanges for the devnet.")
    parser.add_argument("--seed", type=int, default=1, help="seed of the prices and failures")
    overrides, runners = await serve(parser.parse_args().seed)
    for name, fault in RELAYS.items():
        runner, port = await Relay(development_chain(), fault).serve()
        overrides[name] = f"127.0.0.1:{port}"
        runners.append(runner)
    sys.stdout.write(json.dumps(overrides) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for runner in runners:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_main())
