"""A shop that takes each order once, by its `Idempotency-Key`, however many members of a committee post it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from aiohttp import web

SHOP: Final = "shop.test"
MAX_ORDERS: Final = 1_024  # remembered; the oldest goes


def application() -> web.Application:
    """POST /orders answers an order's number, GET /orders how many orders and how many posts there were."""
    numbers: OrderedDict[str, int] = OrderedDict()
    counts = {"orders": 0, "posts": 0}

    async def take(request: web.Request) -> web.Response:
        key = request.headers.get("idempotency-key", "")
        if not key:
            return web.json_response({"error": "an order needs an Idempotency-Key"}, status=400)
        counts["posts"] += 1
        if key not in numbers:
            counts["orders"] += 1
            numbers[key] = counts["orders"]
            if len(numbers) > MAX_ORDERS:
                numbers.popitem(last=False)
        return web.json_response({"order": numbers[key]}, headers={"x-request-id": str(counts["posts"])})

    async def count(_request: web.Request) -> web.Response:
        return web.json_response(counts)

    app = web.Application()
    app.router.add_post("/orders", take)
    app.router.add_get("/orders", count)
    return app
