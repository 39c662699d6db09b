"""Real servers on loopback that say exactly the bytes a test wants."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from executor.capabilities.framing import HttpRequest, decode_response, encode_request
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.model.manifest import HttpCapability as HttpTerms

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
CERTIFICATES = Path(__file__).parent / "certificates"


def http_bytes(body: bytes = b"", status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """A whole HTTP/1.1 response."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class Servers:
    """Starts servers; keeps the request heads each of them saw."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self._servers: list[asyncio.Server] = []

    async def start(self, answer: bytes | Handler, *, tls: bool = False) -> int:
        """A server that answers every connection with these bytes, or runs the handler; returns its port."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                self.seen.append(head)
                if callable(answer):
                    await answer(head, writer)
                else:
                    writer.write(answer)
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # the client hung up, which is what most of these tests are about
            finally:
                writer.close()

        context = None
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Close every listening socket."""
        for server in self._servers:
            server.close()


class Client:
    """One run's capability, spoken to in plain values."""

    def __init__(self, *hosts: str, methods: tuple[str, ...] = ("GET",), **settings: object) -> None:
        terms = HttpTerms(hosts=list(hosts), methods=list(methods))  # type: ignore[arg-type]
        self.capability = HttpCapability(terms, HttpSettings(**settings))  # type: ignore[arg-type]

    async def fetch(self, url: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, dict, bytes]:
        """Status, headers, body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        message = encode_request(HttpRequest(url, method, named, body))
        return decode_response(await self.capability.answer("http.fetch", message))
