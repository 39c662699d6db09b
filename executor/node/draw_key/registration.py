"""Brings an epoch's draw key to the Beacon, once, whoever of the members does it.

Rule 1. Members take turns of TURN_ROUNDS rounds, by the clock; whose turn it is looks, and registers what is not there.
        So a transaction has time to be mined before the next member sends one, and a member that is down costs a turn.
Rule 2. What somebody else registered is as good. Another key than this one is told, and nothing is done about it.
Rule 3. It is looked at again until a finalized block has it: a reorganisation may take it back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final as Constant
from typing import Literal, Protocol, TypeAlias

from executor.chain.client import Receipt
from executor.errors import ExecutorError
from executor.model.committee import Epoch, EpochIdentity
from executor.model.draw_key import CertifiedDrawKey
from executor.store.events import EventLog

TURN_ROUNDS: Constant = 8  # 32 s of rounds of 4 s: two blocks of Ethereum and some
FINAL_LOOK_ROUNDS: Constant = 8  # between two looks at a key that is there, until it is final

Registered: TypeAlias = Literal["no", "yes", "final", "another"]


class Keys(Protocol):
    """The Beacon (executor/chain/beacon.py)."""

    async def key_of(self, epoch: EpochIdentity, *, finalized: bool = False) -> bytes | None:
        """The epoch's key there."""

    async def register(self, epoch: Epoch, certified: CertifiedDrawKey) -> Receipt:
        """Bring a key there."""


class Registration:
    """One epoch's key on its way."""

    def __init__(
        self, epoch: Epoch, index: int, keys: Keys, events: EventLog, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._epoch = epoch
        self._index = index
        self._keys = keys
        self._events = events
        self._clock = clock
        self._failure = ""
        self.standing: Registered = "no"

    async def run(self, certified: CertifiedDrawKey) -> None:
        """Until a finalized block has the key, or another one."""
        while True:
            try:
                await self._step(certified)
                self._failure = ""
            except ExecutorError as error:  # the chain's, or the signer's
                self._tell_failure(str(error))
            if self.standing in ("final", "another"):
                return
            rounds = 1 if self.standing == "no" else FINAL_LOOK_ROUNDS
            await asyncio.sleep(rounds * self._epoch.round_length_s)

    async def _step(self, certified: CertifiedDrawKey) -> None:
        identity, key = self._epoch.identity, certified.key.public_key
        found = await self._keys.key_of(identity)
        if found is None and self._is_turn():
            try:
                receipt = await self._keys.register(self._epoch, certified)
                place = {"transaction": str(receipt.location.transaction), "gas_used": receipt.gas_used}
                self._events.add("draw-key-registered", "", epoch=identity.number, **place)
            except ExecutorError:
                if await self._keys.key_of(identity) is None:
                    raise  # else somebody was quicker (Rule 2)
            found = await self._keys.key_of(identity)
        if found is None:
            self.standing = "no"
        elif found != key:  # Rule 2
            self.standing = "another"
            reason = f"the beacon has another draw key of epoch {identity.number}: 0x{found.hex()}"
            self._events.add("draw-key-differs", "", epoch=identity.number, reason=reason)
        else:
            self.standing = "final" if await self._keys.key_of(identity, finalized=True) == key else "yes"

    def _is_turn(self) -> bool:
        """Rule 1."""
        turn = int(self._clock() // (TURN_ROUNDS * self._epoch.round_length_s))
        return self._epoch.leader(turn) == self._index

    def _tell_failure(self, reason: str) -> None:
        if reason != self._failure:
            self._failure = reason
            self._events.add("draw-key-unregistered", "", epoch=self._epoch.number, reason=reason)
