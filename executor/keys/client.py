"""The node's side of the signer's socket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final as Constant
from typing import assert_never

from executor.errors import (
    InvalidEncoding,
    InvalidValue,
    SignerLocked,
    SignerUnavailable,
    SigningBarred,
    SigningRefused,
)
from executor.keys.calls import SignerCalls
from executor.keys.connection import Connection
from executor.keys.draw_messages import Dealt, Found, ShareOpened
from executor.keys.frames import frame
from executor.keys.messages import (
    MAX_PIPELINE,
    Answer,
    Ask,
    Broken,
    Bytes,
    Call,
    Counted,
    CounterStated,
    Ended,
    Failure,
    Invalid,
    KeyList,
    Keys,
    Locked,
    Proved,
    Refused,
    Signed,
    Up,
    Welcome,
)
from executor.model.codec import encode
from executor.model.ids import Address

TIMEOUT_S: Constant = 10.0  # a signature takes about a millisecond and a disk sync


class SignerClient(SignerCalls):
    """Asks the signer process, many asks at a time; reconnects when the process was restarted.

    Every ask may be repeated: signatures are deterministic, and the record admits the same thing again. `key` names
    the key set that is asked; None where the signer holds one only.
    """

    def __init__(self, socket_path: Path, *, key: Address | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._path = socket_path
        self._key = key
        self._timeout_s = timeout_s
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._places = asyncio.Semaphore(MAX_PIPELINE)

    def use(self, key: Address) -> None:
        """Name the key set that is asked from now on."""
        self._key = key

    def of(self, key: Address) -> OfKey:
        """The same signer, over the same connection, asked about another key set."""
        return OfKey(self, key)

    async def ask(self, ask: Ask) -> Answer:
        """Raises SigningRefused, InvalidValue as the signer says, SignerUnavailable when it says nothing."""
        return await self.ask_key(self._key, ask)

    async def ask_key(self, key: Address | None, ask: Ask) -> Answer:
        """As `ask`, of the key set that is named."""
        frame(encode(Call(0, key, ask)))  # too large: InvalidValue, before anything is sent
        async with self._places:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return _judge(await self._exchange(key, ask))
            except TimeoutError as error:
                await self.close()
                raise SignerUnavailable(f"the signer at {self._path} does not answer in time") from error
            except InvalidEncoding as error:
                raise SignerUnavailable(f"the signer's answer at {self._path} is malformed: {error}") from error
            except OSError as error:
                raise SignerUnavailable(
                    f"the signer at {self._path} does not answer: {error.strerror or repr(error)}"
                ) from error

    async def close(self) -> None:
        """Close the connection; a later ask opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _exchange(self, key: Address | None, ask: Ask) -> Answer | Failure:
        """Once more on a new connection when the old one ends: it may have ended with the signer's previous life."""
        known = self._connection
        if known is not None and not known.ended:
            try:
                return await known.exchange(key, ask)
            except OSError:
                pass
        return await (await self._connected(known)).exchange(key, ask)

    async def _connected(self, failed: Connection | None) -> Connection:
        async with self._connecting:
            if self._connection is None or self._connection is failed or self._connection.ended:
                await self.close()
                self._connection = await Connection.open(self._path)
            return self._connection


class OfKey(SignerCalls):
    """One key set of a signer that holds several."""

    def __init__(self, client: SignerClient, key: Address) -> None:
        self._client = client
        self._key = key

    async def ask(self, ask: Ask) -> Answer:
        """As SignerClient says."""
        return await self._client.ask_key(self._key, ask)


def _judge(answer: Answer | Failure) -> Answer:
    match answer:
        case Ended(reason):
            raise SigningBarred(reason)
        case Refused(reason):
            raise SigningRefused(reason)
        case Invalid(reason):
            raise InvalidValue(reason)
        case Locked(reason):
            raise SignerLocked(reason)
        case Broken(reason):
            raise SignerUnavailable(reason)
        case Welcome() | Up() | KeyList() | Keys() | Counted() | CounterStated() | Bytes() | Signed() | Proved():
            return answer
        case Dealt() | Found() | ShareOpened():
            return answer
        case _:
            assert_never(answer)
