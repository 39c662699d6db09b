"""Answers to calls, whoever carries them: the ring's keys, the queue to the record, lock and unlock (server.py)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final as Constant
from typing import assert_never

from executor.errors import (
    InvalidValue,
    KeyStoreError,
    SignerLocked,
    SigningBarred,
    SigningRefused,
    StoreError,
)
from executor.keys.access import Peer
from executor.keys.messages import (
    Answer,
    Begin,
    Broken,
    Call,
    Ended,
    Failure,
    Hello,
    Invalid,
    ListKeys,
    Lock,
    Locked,
    OfHouse,
    OfRecord,
    Refused,
    ShowCounter,
    SignStatement,
    Unlock,
    Up,
    Upcheck,
)
from executor.keys.ring import Keyring
from executor.keys.signer import Judged
from executor.model.ids import Address

MAX_GROUP: Constant = 64  # calls recorded together: with BLS signatures their signing takes a tenth of a second
UNLOCK_PAUSE_S: Constant = 1.0  # after a wrong password: guesses through the socket are no cheaper than at the file

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    key: Address | None
    ask: OfRecord
    answer: asyncio.Future[Answer]


class House:
    """One ring of keys, asked by any number of callers."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()  # bounded by what connections may have under way
        self._unlocking = asyncio.Lock()

    async def answer(self, call: Call, peer: Peer) -> Answer | Failure:
        """The answer to one call; never raises."""
        try:
            match call.ask:
                case Hello() | Upcheck() | ListKeys() | Lock() | Unlock():
                    return await self._of_house(call.ask, peer)
                case Begin() | SignStatement() | ShowCounter():
                    waiting = _Waiting(call.key, call.ask, asyncio.get_running_loop().create_future())
                    self._queue.put_nowait(waiting)
                    return await waiting.answer
                case _:
                    return self._ring.find(call.key).answer(call.ask)
        except SigningBarred as error:
            log.error("refused to sign: %s", error)
            return Ended(str(error))
        except SigningRefused as error:
            log.error("refused to sign: %s", error)
            return Refused(str(error))
        except SignerLocked as error:
            return Locked(str(error))
        except (InvalidValue, KeyStoreError) as error:
            log.warning("invalid ask: %s", error)
            return Invalid(str(error))
        except StoreError as error:
            log.error("%s", error)
            return Broken(str(error))

    async def record(self) -> None:
        """Answer what is to be recorded, in order, until cancelled; what waits together is recorded together."""
        while True:
            group = [await self._queue.get()]
            await asyncio.sleep(0)  # whoever arrived in this turn of the loop comes along
            while not self._queue.empty() and len(group) < MAX_GROUP:
                group.append(self._queue.get_nowait())
            while group:
                size = _same(group)
                self._carry_out(group[:size])
                del group[:size]

    def _carry_out(self, group: list[_Waiting]) -> None:
        asks = [waiting.ask for waiting in group]
        judged: list[Judged | Exception]
        try:
            signer = self._ring.find(group[0].key)
            statements = [ask for ask in asks if isinstance(ask, SignStatement)]
            judged = [*(signer.sign_all(statements) if statements else [signer.answer(asks[0])])]
        except Exception as error:  # a refusal or a bug: either way it is told to who asked, and the queue goes on
            judged = [error] * len(group)
        for waiting, result in zip(group, judged, strict=True):
            if waiting.answer.done():  # its caller hung up
                continue
            if isinstance(result, Exception):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)

    async def _of_house(self, ask: OfHouse, peer: Peer) -> Answer:
        match ask:
            case Hello():
                raise InvalidValue("a hello comes first, and once")
            case Upcheck():
                pass
            case ListKeys():
                return self._ring.list()
            case Lock():
                _check_administrator(peer)
                self._ring.lock()
                log.warning("locked by user %s", peer.uid)
            case Unlock(password):
                _check_administrator(peer)
                await self._unlock(password)
                log.warning("unlocked by user %s", peer.uid)
            case _:
                assert_never(ask)
        return Up(self._ring.locked)

    async def _unlock(self, password: str) -> None:
        async with self._unlocking:
            try:
                keys = await asyncio.to_thread(self._ring.decrypt, password)
            except KeyStoreError:
                await asyncio.sleep(UNLOCK_PAUSE_S)
                raise
            self._ring.unlock(keys)


def _same(group: list[_Waiting]) -> int:
    """How many at the head of the group go together: statements of one key, or one ask of another kind."""
    first = group[0]
    if not isinstance(first.ask, SignStatement):
        return 1
    together = 0
    for waiting in group:
        if not isinstance(waiting.ask, SignStatement) or waiting.key != first.key:
            break
        together += 1
    return together


def _check_administrator(peer: Peer) -> None:
    if not peer.administers:
        raise InvalidValue(f"user {peer.uid} may ask for signatures; only the signer's own user locks and unlocks")
