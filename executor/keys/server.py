"""The signer behind a Unix socket.

Rule 1. A connection is from a user on the list (`SO_PEERCRED`), and says first which version it speaks.
Rule 2. Each connection has MAX_PIPELINE calls under way at most, and FRAME_S for a frame it has begun; more connections
        than MAX_CONNECTIONS are hung up on.
Rule 3. What is to be recorded waits for the one before to be on disk, and what waits is recorded together: one sync for
        up to MAX_GROUP calls. None of them is signed before it (executor/keys/record.py, Rule 1).
Rule 4. Only the signer's own user and root lock, unlock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Final as Constant

from executor.errors import InvalidEncoding, InvalidValue
from executor.keys.access import Access, Peer, check_place, peer_of
from executor.keys.frames import frame, read_frame
from executor.keys.house import House
from executor.keys.messages import MAX_FRAME_BYTES, MAX_PIPELINE, VERSION, Call, Failure, Hello, Invalid, Reply, Welcome
from executor.keys.ring import Keyring
from executor.model.codec import decode, encode

MAX_CONNECTIONS: Constant = 32  # a node holds one
HELLO_S: Constant = 5.0  # a caller says hello at once
FRAME_S: Constant = 10.0  # 20 MiB over a local socket take a tenth of a second

log = logging.getLogger(__name__)


class SignerServer:
    """Serves one ring of keys until `close`. Whoever holds the signer's records holds its socket, too."""

    def __init__(self, ring: Keyring, socket_path: Path, access: Access | None = None) -> None:
        self._house = House(ring)
        self._path = socket_path
        self._access = access or Access()
        self._server: asyncio.Server | None = None
        self._recording: asyncio.Task[None] | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen; raises KeyStoreError when the socket's directory is open to others or the path is too long."""
        check_place(self._path, self._access)
        self._path.unlink(missing_ok=True)  # of a signer that was killed: the record's lock says that it is gone
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        self._access.give(self._path)
        self._recording = asyncio.create_task(self._house.record())

    async def close(self) -> None:
        """Stop listening, close every connection, remove the socket."""
        if self._server is None or self._recording is None:
            return
        self._server.close()
        for writer in self._connections.values():
            writer.close()  # its task sees the end of the stream
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._recording.cancel()
        await asyncio.gather(self._recording, return_exceptions=True)
        await self._server.wait_closed()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, peer = asyncio.current_task(), peer_of(writer)
        if task is None or len(self._connections) >= MAX_CONNECTIONS:
            log.warning("refused a connection: %d are open", len(self._connections))
            writer.close()
            return
        if not self._access.admits(peer):
            log.error("refused a connection of user %s, who is not on the list", peer.uid)
            writer.close()
            return
        self._connections[task] = writer
        try:
            with contextlib.suppress(ConnectionError):
                await _Conversation(self._house, peer, reader, writer).hold()
        finally:
            del self._connections[task]
            writer.close()


class _Conversation:
    """One connection."""

    def __init__(self, house: House, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._house = house
        self._peer = peer
        self._reader = reader
        self._writer = writer
        self._places = asyncio.Semaphore(MAX_PIPELINE)

    async def hold(self) -> None:
        """Read calls until the caller hangs up or breaks a rule."""
        async with asyncio.TaskGroup() as answering:
            try:
                async with asyncio.timeout(HELLO_S):
                    greeted = await self._greet()
                while greeted and (data := await read_frame(self._reader, timeout_s=FRAME_S)) is not None:
                    await self._places.acquire()
                    answering.create_task(self._answer(data))
                    # Answers that nobody reads end here, with the reading of more calls.
                    await self._writer.drain()
            except InvalidEncoding as error:  # where the next frame would begin is unknown: say so and hang up
                log.warning("broken frame: %s", error)
                self._send(Reply(0, Invalid(str(error))))
            except TimeoutError:
                log.warning("a caller was too slow")
            except ConnectionError:
                pass  # it hung up, or its process died

    async def _greet(self) -> bool:
        """Rule 1."""
        data = await read_frame(self._reader, timeout_s=FRAME_S)
        if data is None:
            return False
        call = _call(data)
        if isinstance(call, Call) and isinstance(call.ask, Hello) and call.ask.version == VERSION:
            self._send(Reply(call.id, Welcome(VERSION, "executor signer")))
            return True
        if not isinstance(call, Call):
            answer = call
        elif isinstance(call.ask, Hello):
            answer = Invalid(f"this signer speaks version {VERSION}, not {call.ask.version}: use matching releases")
        else:
            answer = Invalid("the first call of a connection is a hello")
        self._send(Reply(call.id if isinstance(call, Call) else 0, answer))
        return False

    async def _answer(self, data: bytes) -> None:
        try:
            call = _call(data)
            if isinstance(call, Call):
                self._send(Reply(call.id, await self._house.answer(call, self._peer)))
            else:
                self._send(Reply(0, call))
        finally:
            self._places.release()

    def _send(self, reply: Reply) -> None:
        self._writer.write(frame(encode(reply)))


def _call(data: bytes) -> Call | Failure:
    try:
        call: Call = decode(Call, data, limit=MAX_FRAME_BYTES)
    except InvalidValue as error:
        log.warning("invalid call: %s", error)
        return Invalid(str(error))
    return call
