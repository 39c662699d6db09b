"""A local identity provider for the devnet: who holds a document, told to whoever has its API key.

GET /v1/person with `authorization: Bearer KEY` and `x-document: NUMBER`. A document that begins with SLOW is looked up
for a second.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import Final

from aiohttp import web

HOST: Final = "identity.test"
API_KEY: Final = "devnet-provider-key-5d1c0f9e"  # of a service that knows nobody who lives
SLOW_S: Final = 1.0
PEOPLE: Final = {
    "X1234567": {"number": "19900131-1234", "of_age": True},
    "X7654321": {"number": "20200131-4321", "of_age": False},
    "SLOW1234": {"number": "19850505-5555", "of_age": True},
}
SPECIMENS: Final = {"SPECIMEN": {"number": "00000000-0000", "of_age": True}}
"""Documents that anybody may show: a search for what must stand nowhere does not look for them."""


async def _person(request: web.Request) -> web.Response:
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {API_KEY}".encode()):
        return web.json_response({"error": "unknown key"}, status=401)
    document = request.headers.get("x-document", "")
    if document.startswith("SLOW"):
        await asyncio.sleep(SLOW_S)
    if (person := PEOPLE.get(document) or SPECIMENS.get(document)) is None:
        return web.json_response({"error": "unknown document"}, status=404)
    return web.json_response(person)


def application() -> web.Application:
    """The provider's routes."""
    app = web.Application()
    app.router.add_get("/v1/person", _person)
    return app
