"""The signer behind a Unix socket: one ask after another, whatever comes in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import stat
from pathlib import Path
from typing import Final as Constant

from executor.errors import InvalidEncoding, InvalidValue, KeyStoreError, SigningRefused, StoreError
from executor.keys.frames import frame, read_frame
from executor.keys.messages import MAX_FRAME_BYTES, Answer, AnswerOnWire, AskOnWire, Broken, Invalid, Refused
from executor.keys.signer import Signer
from executor.model.codec import decode, encode

MAX_CONNECTIONS: Constant = 32  # a node holds one
MAX_SOCKET_PATH_BYTES: Constant = 103  # sockaddr_un holds 104 bytes on macOS, 108 on Linux, with the final zero

log = logging.getLogger(__name__)


class SignerServer:
    """Serves one signer until `close`. Whoever holds the signer's record holds its socket, too."""

    def __init__(self, signer: Signer, socket_path: Path) -> None:
        self._signer = signer
        self._path = socket_path
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen, socket mode 0600; raises KeyStoreError when its directory is open to others or the path too long."""
        _check_place(self._path)
        self._path.unlink(missing_ok=True)  # of a signer that was killed: the record's lock says that it is gone
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening, close every connection, remove the socket."""
        if self._server is not None:
            self._server.close()
            for writer in self._connections.values():
                writer.close()  # its task sees the end of the stream
            await asyncio.gather(*self._connections, return_exceptions=True)
            await self._server.wait_closed()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MAX_CONNECTIONS:
            log.warning("refused a connection: %d are open", len(self._connections))
            writer.close()
            return
        self._connections[task] = writer
        try:
            with contextlib.suppress(ConnectionError):
                await self._answer_all(reader, writer)
        finally:
            del self._connections[task]
            writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                data = await read_frame(reader)
            except InvalidEncoding as error:  # where the next frame would begin is unknown: say so and hang up
                log.warning("broken frame: %s", error)
                await _send(writer, Invalid(str(error)))
                return
            if data is None:
                return
            await _send(writer, self._answer(data))

    def _answer(self, data: bytes) -> Answer | Refused | Invalid | Broken:
        try:
            return self._signer.answer(decode(AskOnWire, data, limit=MAX_FRAME_BYTES))
        except SigningRefused as error:
            log.error("refused to sign: %s", error)
            return Refused(str(error))
        except InvalidValue as error:
            log.warning("invalid ask: %s", error)
            return Invalid(str(error))
        except StoreError as error:
            log.error("%s", error)
            return Broken(str(error))


async def _send(writer: asyncio.StreamWriter, answer: Answer | Refused | Invalid | Broken) -> None:
    writer.write(frame(encode(answer, AnswerOnWire)))
    await writer.drain()


def _check_place(path: Path) -> None:
    if len(bytes(path)) > MAX_SOCKET_PATH_BYTES:
        raise KeyStoreError(f"the socket path {path} is longer than {MAX_SOCKET_PATH_BYTES} bytes")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.parent.stat().st_mode
    except OSError as error:
        raise KeyStoreError(f"cannot use the socket's directory: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise KeyStoreError(f"{path.parent} is open to other users (mode {stat.S_IMODE(mode):o}); make it 0700")
    if path.exists() and not path.is_socket():
        raise KeyStoreError(f"{path} exists and is no socket")
