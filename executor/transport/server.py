"""The listening side over HTTP, shared by every epoch a node serves: `POST /v1/messages` with one envelope as the body.

Rule 1. The head of a body says which epoch it is for; a body for no epoch of ours is not read to its end.
Rule 2. Connections, bodies under way and the time for each are bounded, in all and for one site (connections.py).
Rule 3. A server that stops refuses what is new with 503, which peers try again later, somewhere or with its successor.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final as Constant
from typing import assert_never

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler as RequestHandler

from executor.errors import InvalidConfig, InvalidValue, PeerFault
from executor.model.committee import Epoch
from executor.model.ids import EpochDigest
from executor.transport.connections import MAX_CONNECTIONS, Connections
from executor.transport.door import Door, address_of
from executor.transport.envelope import HEAD_BYTES
from executor.transport.inbox import BAD_REQUEST, TOO_LARGE, TOO_MANY, Duplicate, Inbox, Limits, Opened, Refusal
from executor.transport.interface import Handler, MessageSigner
from executor.transport.outbox import Budget, Patience
from executor.transport.places import Places
from executor.transport.sources import UNKNOWN, site_of, source_of

PATH: Constant = "/v1/messages"
READ_TIMEOUT_S: Constant = 10.0  # for one body: a peer that trickles its bytes is cut off
SHUTDOWN_S: Constant = 1.0  # for answers under way when a node stops; long polls would hold it up for a minute
MAX_PEER_CONNECTIONS: Constant = 256  # to others; peers that do not answer must not hold up those that do
SILENT_S: Constant = 20.0  # a connection that asked for nothing by then is closed
SLOW_LOOK_S: Constant = 10.0  # between two looks for connections that do not read
LINGER_S: Constant = 0.5  # a body that was refused unread is dropped for so long, so that the answer is not lost
UNAVAILABLE: Constant = 503

log = logging.getLogger(__name__)


class HttpServer:
    """One listening address. `app` takes more routes until `start`."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits = Limits(),  # noqa: B008 # frozen
        patience: Patience = Patience(),  # noqa: B008 # frozen
        connector: Callable[..., aiohttp.BaseConnector] = aiohttp.TCPConnector,
    ) -> None:
        self._connector = connector
        self.app = web.Application(client_max_size=limits.body_bytes, middlewares=[self._hear])
        self.app.router.add_post(PATH, self._receive)
        self.inbox = Inbox(time.monotonic, limits)
        self.places = Places()
        self.held = Connections()
        self.patience = patience
        self.budget = Budget()
        self._host = host
        self._port = port
        self._limits = limits
        self._handlers: dict[EpochDigest, Handler] = {}
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._silent: dict[asyncio.Protocol, asyncio.TimerHandle] = {}  # connections that asked for nothing yet
        self._looking: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def port(self) -> int:
        """Where the server listens; after `start` never 0."""
        return self._port

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections to other members; there are some once started."""
        assert self._session is not None, "start comes first"
        return self._session

    @property
    def connections(self) -> int:
        """Open connections of others to us."""
        server = None if self._runner is None else self._runner.server
        return 0 if server is None else len(server.connections)

    async def start(self) -> None:
        """Listen; raises InvalidConfig when the address cannot be had."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=SHUTDOWN_S, lingering_time=LINGER_S)
        await self._runner.setup()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Door(self.admit), self._host, self._port
            )
        except OSError as error:
            await self._runner.cleanup()
            raise InvalidConfig(f"cannot listen on {self._host}:{self._port}: {error}") from error
        self._port = self._server.sockets[0].getsockname()[1]
        timeout = aiohttp.ClientTimeout(total=self.patience.attempt_s)
        connector = self._connector(limit=MAX_PEER_CONNECTIONS, limit_per_host=2)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        self._looking = asyncio.create_task(self._end_slow(), name="look for slow connections")

    def refuse_messages(self) -> None:
        """Rule 3."""
        self._stopping = True

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._looking is not None:
            self._looking.cancel()
        if self._session is not None:
            await self._session.close()
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def serve(self, epoch: Epoch, index: int, signer: MessageSigner, handler: Handler) -> EpochDigest:
        """Judge and hand over the epoch's messages from now on; raises InvalidValue as `Inbox.take_seat` does."""
        digest = self.inbox.take_seat(epoch, index, signer)
        self._handlers[digest] = handler
        return digest

    def abandon(self, digest: EpochDigest) -> None:
        """Take no more of the epoch's messages."""
        self.inbox.leave_seat(digest)
        self._handlers.pop(digest, None)

    def admit(self, transport: asyncio.Transport) -> asyncio.Protocol | None:
        """Rule 2: aiohttp bounds neither connections nor the time until the first request. None: it is closed."""
        site = site_of(address_of(transport) or UNKNOWN)
        if self._runner is None or self._runner.server is None:
            transport.abort()
            return None
        if not self.held.enter(transport, site, time.monotonic()):
            return None
        protocol = self._runner.server()

        def close_silent() -> None:
            self._silent.pop(protocol, None)
            if protocol.transport is not None:
                protocol.transport.close()

        self._silent[protocol] = asyncio.get_running_loop().call_later(SILENT_S, close_silent)
        if len(self._silent) > 2 * MAX_CONNECTIONS:  # the oldest is long closed: so many are not open at a time
            self._silent.pop(next(iter(self._silent))).cancel()
        return protocol

    async def _end_slow(self) -> None:
        while True:
            await asyncio.sleep(SLOW_LOOK_S)
            if ended := self.held.end_slow(time.monotonic()):
                log.info("%s connections were ended: what they asked for was not read", ended)

    @web.middleware
    async def _hear(self, request: web.Request, handler: RequestHandler) -> web.StreamResponse:
        timer = self._silent.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()
        return await handler(request)

    async def _receive(self, request: web.Request) -> web.Response:
        source = source_of(request)
        if self._stopping:
            return _refuse(Refusal("stopping", UNAVAILABLE, "this node is stopping"), unread=True)
        if (size := request.content_length) is None:
            return _refuse(Refusal("length-required", 411, "announce the body's length"), unread=True)
        if (refusal := self.inbox.refuse_unread(source, size)) is not None:
            return _refuse(refusal, unread=True)
        try:
            with self.places.place(source, size):
                return await self._read(request, source, size)  # its place is held: a busy node reads no further
        except InvalidValue as error:
            return _refuse(Refusal("busy", UNAVAILABLE, str(error)), unread=True)

    async def _read(self, request: web.Request, source: str, size: int) -> web.Response:
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                head = await request.content.readexactly(min(size, HEAD_BYTES + 1))
                if isinstance(seat := self.inbox.find_seat(source, head), Refusal):
                    return _refuse(seat, unread=size > len(head))
                body = head + await request.content.readexactly(size - len(head))
        except TimeoutError:
            self.inbox.blame(source)
            return _refuse(Refusal("too-slow", 408, f"the body took longer than {READ_TIMEOUT_S} s"), unread=True)
        except asyncio.IncompleteReadError:
            return _refuse(Refusal("malformed", BAD_REQUEST, "the body ended early"), unread=True)
        verdict = await self.inbox.judge(source, body)
        match verdict:
            case Refusal():
                log.debug("refused a message from %s: %s", source, verdict)
                return _refuse(verdict)
            case Duplicate():
                return web.json_response({"status": "duplicate"})
            case Opened(epoch, sender, payload):
                self.held.vouch(request.transport, source, time.monotonic())
                return await self._hand_over(epoch, sender, payload)
            case _:
                assert_never(verdict)

    async def _hand_over(self, epoch: EpochDigest, sender: int, payload: bytes) -> web.Response:
        handler = self._handlers.get(epoch)
        if handler is None:  # abandoned while this was being judged
            return _refuse(Refusal("wrong-epoch", 409, "this node serves the epoch no more"))
        try:
            await handler(sender, payload)
        except PeerFault as fault:
            log.warning("%s", fault)
            return _refuse(Refusal("rule-broken", BAD_REQUEST, str(fault)))
        return web.json_response({"status": "accepted"}, status=202)


def _refuse(refusal: Refusal, *, unread: bool = False) -> web.Response:
    """A refusal as JSON; the connection ends when the body was not read."""
    response = web.json_response({"error": refusal.code, "message": refusal.message}, status=refusal.status)
    if unread or refusal.status in (TOO_LARGE, TOO_MANY):
        response.force_close()
    return response
