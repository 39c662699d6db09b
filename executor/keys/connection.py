"""One connection to the signer: calls go out as they come, replies find them by their ids."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from executor.errors import InvalidEncoding, SignerUnavailable
from executor.keys.frames import frame, read_frame
from executor.keys.messages import (
    MAX_FRAME_BYTES,
    VERSION,
    Answer,
    Ask,
    Call,
    Failure,
    Hello,
    Invalid,
    Reply,
    Welcome,
)
from executor.model.codec import decode, encode
from executor.model.ids import Address

CLIENT = "executor node"


class Connection:
    """An open connection that was welcomed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Answer | Failure]] = {}
        self._last_id = 0
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Connect and say hello; raises OSError, InvalidEncoding, or SignerUnavailable for another version."""
        connection = cls(*await asyncio.open_unix_connection(path))
        try:
            answer = await connection.exchange(None, Hello(VERSION, CLIENT))
        except BaseException:
            await connection.close()
            raise
        if not isinstance(answer, Welcome):
            await connection.close()
            reason = answer.reason if isinstance(answer, Invalid) else f"it answered {answer.kind} to a hello"
            raise SignerUnavailable(f"the signer at {path} does not welcome this program: {reason}")
        return connection

    @property
    def ended(self) -> bool:
        """Whether nothing more comes from it."""
        return self._reading.done()

    async def exchange(self, key: Address | None, ask: Ask) -> Answer | Failure:
        """One call; raises ConnectionError or InvalidEncoding when the connection ends before its reply."""
        if self.ended:
            raise ConnectionResetError("the signer closed the connection")
        self._last_id += 1
        call = Call(self._last_id, key, ask)
        data = frame(encode(call))
        reply: asyncio.Future[Answer | Failure] = asyncio.get_running_loop().create_future()
        self._waiting[call.id] = reply
        try:
            self._writer.write(data)
            await self._writer.drain()
            return await reply
        finally:
            self._waiting.pop(call.id, None)

    async def close(self) -> None:
        """Close it; what still waits ends with ConnectionError."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()

    async def _read(self) -> None:
        ending: Exception = ConnectionResetError("the signer closed the connection")
        try:
            while (data := await read_frame(self._reader)) is not None:
                reply: Reply = decode(Reply, data, limit=MAX_FRAME_BYTES)
                waiting = self._waiting.get(reply.id)
                if waiting is None and reply.id == 0 and isinstance(reply.answer, Invalid):
                    ending = InvalidEncoding(reply.answer.reason)  # of a call that the signer could not read
                elif waiting is not None and not waiting.done():
                    waiting.set_result(reply.answer)
        except (OSError, InvalidEncoding) as error:
            ending = error
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ending)
            self._writer.close()
