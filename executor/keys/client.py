"""The node's side of the signer's socket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final as Constant
from typing import assert_never

from executor.errors import InvalidEncoding, InvalidValue, SignerUnavailable, SigningRefused
from executor.keys.calls import SignerCalls
from executor.keys.frames import frame, read_frame
from executor.keys.messages import (
    MAX_FRAME_BYTES,
    Answer,
    AnswerOnWire,
    Ask,
    AskOnWire,
    Broken,
    Bytes,
    Invalid,
    Keys,
    Proved,
    Refused,
    Signed,
)
from executor.model.codec import decode, encode

TIMEOUT_S: Constant = 10.0  # a signature takes about a millisecond and a disk sync

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class SignerClient(SignerCalls):
    """Asks the signer process, one ask at a time; reconnects when the process was restarted.

    Every ask may be repeated: signatures are deterministic, and the record admits the same thing again.
    """

    def __init__(self, socket_path: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self._path = socket_path
        self._timeout_s = timeout_s
        self._connection: _Connection | None = None
        self._turn = asyncio.Lock()

    async def ask(self, ask: Ask) -> Answer:
        """Raises SigningRefused, InvalidValue as the signer says, SignerUnavailable when it says nothing."""
        request = frame(encode(ask, AskOnWire))
        async with self._turn:
            reused = self._connection is not None
            try:
                data = await self._exchange(request)
            except (OSError, InvalidEncoding, TimeoutError) as error:
                if not reused or isinstance(error, TimeoutError):
                    raise SignerUnavailable(f"the signer at {self._path} does not answer: {error!r}") from error
                data = await self._exchange_again(request)
        return _judge(data)

    async def close(self) -> None:
        """Close the connection; a later ask opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection[1].close()

    async def _exchange_again(self, request: bytes) -> bytes:
        """Once more on a new connection: the old one may have ended with the signer's previous life."""
        try:
            return await self._exchange(request)
        except (OSError, InvalidEncoding, TimeoutError) as error:
            raise SignerUnavailable(f"the signer at {self._path} does not answer: {error!r}") from error

    async def _exchange(self, request: bytes) -> bytes:
        """One ask, one answer; the connection is dropped unless both went through whole."""
        answered = False
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._connection is None:
                    self._connection = await asyncio.open_unix_connection(self._path)
                reader, writer = self._connection
                writer.write(request)
                await writer.drain()
                data = await read_frame(reader)
            if data is None:
                raise ConnectionResetError("the signer closed the connection")
            answered = True
            return data
        finally:
            if not answered:
                await self.close()


def _judge(data: bytes) -> Answer:
    try:
        answer: Answer | Refused | Invalid | Broken = decode(AnswerOnWire, data, limit=MAX_FRAME_BYTES)
    except InvalidEncoding as error:
        raise SignerUnavailable(f"the signer's answer is malformed: {error}") from error
    match answer:
        case Refused(reason):
            raise SigningRefused(reason)
        case Invalid(reason):
            raise InvalidValue(reason)
        case Broken(reason):
            raise SignerUnavailable(reason)
        case Keys() | Bytes() | Signed() | Proved():
            return answer
        case _:
            assert_never(answer)
