"""Peer messages over HTTP: `POST /v1/messages` with one envelope as the body."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final as Constant
from typing import assert_never

import aiohttp
from aiohttp import web

from executor.errors import InvalidConfig, PeerFault
from executor.model.committee import Epoch
from executor.transport.envelope import encode_envelope, make_envelope
from executor.transport.inbox import BAD_REQUEST, TOO_LARGE, Duplicate, Inbox, Limits, Opened, Refusal
from executor.transport.interface import EVERYONE, Handler, MessageSigner
from executor.transport.outbox import Outbox, Patience

PATH: Constant = "/v1/messages"
READ_TIMEOUT_S: Constant = 10.0  # for one body: a peer that trickles its bytes is cut off
SHUTDOWN_S: Constant = 2.0  # for answers under way when a node stops; long polls would hold it up for a minute
MAX_CONCURRENT: Constant = 16  # bodies being read, judged or handed over; with the body limit, this bounds memory

log = logging.getLogger(__name__)


class HttpTransport:
    """One member's server and clients. `app` takes more routes until `start`."""

    def __init__(
        self,
        epoch: Epoch,
        index: int,
        signer: MessageSigner,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits = Limits(),  # noqa: B008 # frozen
        patience: Patience = Patience(),  # noqa: B008 # frozen
    ) -> None:
        self.app = web.Application(client_max_size=limits.body_bytes)
        self.app.router.add_post(PATH, self._receive)
        self._epoch = epoch
        self._index = index
        self._signer = signer
        self._handler = handler
        self._host = host
        self._port = port
        self._limits = limits
        self._patience = patience
        self._inbox = Inbox(epoch, index, signer, time.monotonic, limits)
        self._places = asyncio.Semaphore(MAX_CONCURRENT)
        self._outboxes: dict[int, Outbox] = {}
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    @property
    def index(self) -> int:
        """The member that sends."""
        return self._index

    @property
    def port(self) -> int:
        """Where the server listens; after `start` never 0."""
        return self._port

    def outboxes(self) -> dict[int, tuple[int, int]]:
        """(messages waiting, messages dropped) by the member they are for."""
        return {index: (len(outbox), outbox.dropped) for index, outbox in self._outboxes.items()}

    async def start(self) -> None:
        """Listen and begin to deliver; raises InvalidConfig when the address cannot be had."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise InvalidConfig(f"cannot listen on {self._host}:{self._port}: {error}") from error
        self._port = self._runner.addresses[0][1]
        timeout = aiohttp.ClientTimeout(total=self._patience.attempt_s)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit_per_host=2))
        for member in self._epoch.members:
            if member.index != self._index:
                url = member.endpoint.rstrip("/") + PATH
                self._outboxes[member.index] = Outbox(f"member {member.index}", url, self._session, self._patience)

    async def close(self) -> None:
        """Stop; what is not delivered is dropped."""
        for outbox in self._outboxes.values():
            await outbox.close()
        self._outboxes.clear()
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def send(self, recipient: int, payload: bytes, *, sealed: bool = False) -> None:
        """As Transport says; raises InvalidValue for a recipient that is none, and what the signer raises."""
        if recipient != self._index:
            envelope = await make_envelope(self._epoch, self._signer, self._index, recipient, payload, sealed=sealed)
            body = encode_envelope(envelope)
            for index, outbox in self._outboxes.items():
                if recipient in (index, EVERYONE):
                    outbox.put(body)
        if recipient in (self._index, EVERYONE):
            await self._handler(self._index, payload)

    async def _receive(self, request: web.Request) -> web.Response:
        source = request.remote or "unknown"
        if (refusal := self._inbox.refuse_unread(source, request.content_length)) is not None:
            return _refuse(refusal)
        async with self._places:
            try:
                async with asyncio.timeout(READ_TIMEOUT_S):
                    body = await request.read()
            except web.HTTPRequestEntityTooLarge:
                self._inbox.blame(source)
                limit = self._limits.body_bytes
                return _refuse(Refusal("oversized", TOO_LARGE, f"more than {limit} bytes, the limit"))
            except TimeoutError:
                self._inbox.blame(source)
                return _refuse(Refusal("too-slow", 408, f"the body took longer than {READ_TIMEOUT_S} s"))
            verdict = await self._inbox.judge(source, body)
            match verdict:
                case Refusal():
                    log.debug("refused a message from %s: %s", source, verdict)
                    return _refuse(verdict)
                case Duplicate():
                    return web.json_response({"status": "duplicate"})
                case Opened(sender, payload):
                    return await self._hand_over(sender, payload)  # its place is held: a busy node reads no further
                case _:
                    assert_never(verdict)

    async def _hand_over(self, sender: int, payload: bytes) -> web.Response:
        try:
            await self._handler(sender, payload)
        except PeerFault as fault:
            log.warning("%s", fault)
            return _refuse(Refusal("rule-broken", BAD_REQUEST, str(fault)))
        return web.json_response({"status": "accepted"}, status=202)


def _refuse(refusal: Refusal) -> web.Response:
    """A refusal as JSON; the connection ends when the body was not read."""
    response = web.json_response({"error": refusal.code, "message": refusal.message}, status=refusal.status)
    if refusal.status == TOO_LARGE:
        response.force_close()
    return response
