"""One question to several endpoints at once, and what they say to it.

Rule 1. Each endpoint has one voice: a value, a refusal (the node's own error) or silence (everything else).
Rule 2. Who is late when the others have agreed is listened to for a little longer, to be compared, and then given up
        on; what is given up on is bounded.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from typing import Final as Constant

from executor.chain.endpoint import Endpoint
from executor.chain.readings import read
from executor.errors import ChainError, ChainUnavailable, RpcRefused

Json = Any

LATE_S: Constant = 2.0  # how long a late answer is still wanted, for comparing only
MAX_LATE: Constant = 32  # late answers waited for, of one endpoint
SHOWN: Constant = 120  # characters of an answer that people are shown


@dataclass(frozen=True, slots=True)
class Value:
    """A reading; equal keys are equal readings."""

    reading: Json
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The node's own error. Two reverts are equal by their data, other refusals whatever their words."""

    error: RpcRefused

    @property
    def reverted(self) -> bool:
        """Whether the call ran and was reverted: an answer about the chain, not about the endpoint."""
        return bool(self.error.data) or self.error.code == 3 or "revert" in self.error.message.lower()

    @property
    def key(self) -> str:
        """What other refusals are compared by."""
        return f"reverted 0x{self.error.data.hex()}" if self.reverted else "refused"


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer, or none that counts."""

    error: ChainError


Voice: TypeAlias = Value | Refusal | Silence


def value_of(reading: Json) -> Value:
    """The voice of a reading."""
    return Value(reading, json.dumps(reading, sort_keys=True, separators=(",", ":")))


def shown(voice: Voice) -> str:
    """A voice for people, in a few words."""
    match voice:
        case Value(None):
            return "nothing"
        case Value(list() as logs):
            return f"{len(logs)} logs"
        case Value({"hash": hash, "number": number}):
            return f"block {int(number, 16)} {hash}"
        case Value({"transactionHash": hash, "blockHash": block, "status": status}):
            return f"receipt of {hash} in {block}, status {status}"
        case Value(reading):
            return str(reading)[:SHOWN]
        case Refusal(error):
            return str(error)[:SHOWN]
        case Silence(error):
            return f"no answer: {error}"[:SHOWN]


class Poll:
    """The voices of some endpoints, as they come in. `close` it, unless it is `moved`."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        chain_id: int,
        method: str,
        params: Json,
        *,
        read_as: str | None = None,
        least_height: int = 0,
    ) -> None:
        self.method = method
        self.voices: dict[Endpoint, Voice] = {}
        self._tasks = {
            asyncio.ensure_future(_voice(each, chain_id, method, params, read_as, least_height)): each
            for each in endpoints
        }

    @property
    def missing(self) -> int:
        """How many have not spoken."""
        return len(self._tasks)

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for one more voice, or several; False when the time is over or none is missing."""
        if not self._tasks:
            return False
        done, _ = await asyncio.wait(self._tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self.voices[self._tasks.pop(task)] = task.result()
        return bool(done)

    def most(self) -> tuple[str, int]:
        """The key most often said, and how often."""
        said = Counter(voice.key for voice in self.voices.values() if not isinstance(voice, Silence))
        return said.most_common(1)[0] if said else ("", 0)

    async def finish(self) -> None:
        """Listen to the late for a while (Rule 2), then give them up."""
        for task, endpoint in list(self._tasks.items()):
            if endpoint.waited_for >= MAX_LATE:
                self._give_up(task)
            else:
                endpoint.waited_for += 1
        waited_for = list(self._tasks.values())
        loop = asyncio.get_running_loop()
        end = loop.time() + LATE_S
        try:
            while await self.wait(max(0.0, end - loop.time())):
                pass
        finally:
            for endpoint in waited_for:
                endpoint.waited_for -= 1
            self.close()

    def moved(self) -> Poll:
        """A poll of those who have not spoken yet, so that closing this one does not give them up."""
        other = Poll([], 0, self.method, [])
        other._tasks, self._tasks = self._tasks, {}
        return other

    def close(self) -> None:
        """Give up on everybody who has not spoken."""
        for task in list(self._tasks):
            self._give_up(task)

    def _give_up(self, task: asyncio.Task[Voice]) -> None:
        self._tasks.pop(task).late += 1
        task.cancel()


async def _voice(
    endpoint: Endpoint, chain_id: int, method: str, params: Json, read_as: str | None, least_height: int
) -> Voice:
    if 0 < endpoint.height < least_height:
        endpoint.behind += 1
        return Silence(ChainUnavailable(f"its head is {endpoint.height}, below {least_height}"))
    try:
        raw = await endpoint.ask(chain_id, method, params)
    except RpcRefused as error:
        return Refusal(error)
    except ChainError as error:
        return Silence(error)
    if read_as is None:
        return value_of("accepted")
    try:
        return value_of(read(read_as, params, raw))
    except ChainUnavailable as error:
        endpoint.fail(str(error))
        return Silence(error)
