"""What several endpoints say, made into one answer.

Rule 1. Of k configured endpoints, k // 2 + 1 must agree: 1 of 1, 2 of 2, 2 of 3, 3 of 4, 3 of 5. A majority of those
        configured, not of those that answer: so two different answers are never both agreed on, and as many as are left
        over may lie, lag or be dead.
Rule 2. What a block, a hash or a range decides is agreed on when that many readings are equal (readings.py). Reverts
        are answers like values.
Rule 3. Numbers that differ by nature (a height, a count, a balance, a gas estimate) are the greatest that so many
        endpoints reach.
Rule 4. A head is the height by Rule 3, and the header there by Rule 2.
Rule 5. A transaction goes to every endpoint; what so many make of it is what became of it, else that anyone took it.
Rule 6. Without agreement nothing is answered: ChainDisagreement, or ChainUnavailable where too few say anything.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any
from typing import Final as Constant

from executor.chain.endpoint import Endpoint
from executor.chain.news import News, Outvoted, Resumed, Stopped
from executor.chain.polling import Poll, Refusal, Silence, Value, Voice, shown, value_of
from executor.chain.quantity import parse_quantity, quantity
from executor.chain.refusals import Refused, refused
from executor.errors import (
    ChainDisagreement,
    ChainError,
    ChainUnavailable,
    InvalidConfig,
    ReplyTooLarge,
    RpcRefused,
    WrongChain,
)

Json = Any

# How long the last voices are waited for when they could still raise a number that enough have reached, or take a
# transaction that one has taken. A dead endpoint costs this much while the others are a block apart.
PATIENCE_S: Constant = 0.3


def majority(endpoints: int) -> int:
    """Rule 1."""
    return endpoints // 2 + 1


class Panel:
    """Endpoints that answer together; `report` is told of those that fall out of line."""

    def __init__(self, endpoints: Sequence[Endpoint], chain_id: int, agreement: int | None = None) -> None:
        self.endpoints = tuple(endpoints)
        self.needed = majority(len(self.endpoints)) if agreement is None else agreement
        if not majority(len(self.endpoints)) <= self.needed <= len(self.endpoints):
            raise InvalidConfig(
                f"{self.needed} of {len(self.endpoints)} RPC endpoints cannot agree for all: "
                f"{majority(len(self.endpoints))} to {len(self.endpoints)} can"
            )
        self.report: Callable[[News], None] = lambda _: None
        self.agreed = 0  # questions answered
        self.disagreed = 0  # questions on which no agreement was found
        self._chain_id = chain_id
        self._stopped: set[Endpoint] = set()
        self._late: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Forget late answers and close the connections."""
        late = list(self._late)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for endpoint in self.endpoints:
            await endpoint.close()

    async def agree(self, method: str, params: Json, *, least_height: int = 0) -> Json:
        """Rule 2; raises RpcRefused when that is what is agreed on."""
        with closing(self._poll(method, params, least_height)) as poll:
            while await poll.wait():
                key, count = poll.most()
                if count >= self.needed:
                    agreed = next(each for each in poll.voices.values() if _key(each) == key)
                    self._hear_rest(poll, partial(self._compare, method, agreed))
                    return self._answer(agreed)
                if count + poll.missing < self.needed:
                    break
        raise self._no_agreement(poll)

    async def reach(self, method: str, params: Json) -> Json:
        """Rule 3."""
        with closing(self._poll(method, params)) as poll:
            reached = await self._reached(poll, parse_quantity)
            self._hear_rest(poll, lambda *_: None)
        return self._answer(value_of(quantity(reached)) if isinstance(reached, int) else reached)

    async def head(self, tag: str) -> Json:
        """Rule 4."""
        with closing(self._poll("eth_getBlockByNumber", [tag, False])) as poll:
            height = await self._reached(poll, _height)
            there = [voice for voice in poll.voices.values() if _is_block(voice, height)]
            key, count = Counter(map(_key, there)).most_common(1)[0] if there else ("", 0)
            agreed = next((voice for voice in there if _key(voice) == key), None)

            def hear(endpoint: Endpoint, voice: Voice) -> None:
                if isinstance(voice, Value) and voice.reading is not None:
                    number = _height(voice.reading)
                    endpoint.height = number if tag == "latest" else max(endpoint.height, number)
                if agreed is not None and count >= self.needed and _is_block(voice, height):
                    self._compare(poll.method, agreed, endpoint, voice)

            self._hear_rest(poll, hear)
        if isinstance(height, Refusal):
            return self._answer(height)
        if agreed is None or count < self.needed:
            return await self.agree("eth_getBlockByNumber", [quantity(height), False])
        return self._answer(agreed)

    async def submit(self, params: Json) -> None:
        """Rule 5; raises RpcRefused."""
        fate: Refused | None = None
        patience: float | None = None
        with closing(Poll(self.endpoints, self._chain_id, "eth_sendRawTransaction", params)) as poll:
            while await poll.wait(patience):
                counts = Counter(_fate(voice) for voice in poll.voices.values() if not isinstance(voice, Silence))
                fate, count = counts.most_common(1)[0] if counts else (None, 0)
                if count >= self.needed:
                    break
                if counts[Refused.KNOWN]:
                    fate, patience = Refused.KNOWN, PATIENCE_S
            self._hear_rest(poll, lambda *_: None)
        if fate is Refused.KNOWN:
            self.agreed += 1
            return
        for voice in poll.voices.values():
            if isinstance(voice, Refusal) and _fate(voice) is fate:
                raise voice.error
        raise self._no_agreement(poll)

    def _poll(self, method: str, params: Json, least_height: int = 0) -> Poll:
        return Poll(self.endpoints, self._chain_id, method, params, read_as=method, least_height=least_height)

    async def _reached(self, poll: Poll, measure: Callable[[Json], int]) -> int | Refusal:
        """The greatest number that enough reach, or what enough refuse with; raises where there is neither."""
        patience: float | None = None
        while await poll.wait(patience):
            numbers = _numbers(poll, measure)
            if len(numbers) >= self.needed:
                # Those still missing can lift it no higher than this.
                best = self.needed - poll.missing
                if best >= 1 and numbers[best - 1] == numbers[self.needed - 1]:
                    break
                patience = PATIENCE_S
        numbers = _numbers(poll, measure)
        if len(numbers) >= self.needed:
            return numbers[self.needed - 1]
        key, count = poll.most()
        for voice in poll.voices.values():
            if count >= self.needed and isinstance(voice, Refusal) and voice.key == key:
                return voice
        raise self._no_agreement(poll)

    def _answer(self, voice: Voice) -> Json:
        self.agreed += 1
        if isinstance(voice, Refusal):
            raise voice.error
        assert isinstance(voice, Value)
        return voice.reading

    def _no_agreement(self, poll: Poll) -> ChainError:
        """Rule 6."""
        self._note(poll)
        in_order = [(endpoint, poll.voices[endpoint]) for endpoint in self.endpoints if endpoint in poll.voices]
        voices = [voice for _, voice in in_order]
        errors = [each.error for each in voices if not isinstance(each, Value)]
        if poll.method == "eth_getLogs":  # asking for less may help, if that is what some refuse
            for error in errors:
                if isinstance(error, ReplyTooLarge | RpcRefused):
                    return error
        said = "; ".join(f"{endpoint.name}: {shown(voice)}" for endpoint, voice in in_order)
        if len(errors) == len(self.endpoints) and all(isinstance(error, WrongChain) for error in errors):
            return WrongChain(said)
        if sum(not isinstance(each, Silence) for each in voices) < self.needed:
            return ChainUnavailable(f"{poll.method}: {self.needed} answers of {len(self.endpoints)} are needed: {said}")
        self.disagreed += 1
        return ChainDisagreement(
            f"{poll.method}: {self.needed} equal answers of {len(self.endpoints)} are needed: {said}"
        )

    def _hear_rest(self, poll: Poll, hear: Callable[[Endpoint, Voice], None]) -> None:
        """Tell `hear` of every voice: of those in the poll now, and of the late when they have spoken."""
        for endpoint, voice in poll.voices.items():
            hear(endpoint, voice)
        self._note(poll)
        if not poll.missing:
            return
        rest = poll.moved()

        async def listen() -> None:
            await rest.finish()
            for endpoint, voice in rest.voices.items():
                hear(endpoint, voice)
            self._note(rest)

        task = asyncio.create_task(listen())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _compare(self, method: str, agreed: Voice, endpoint: Endpoint, voice: Voice) -> None:
        """Count an endpoint that says something else; people hear of the first time, the second, the fourth ..."""
        if method == "eth_getBlockByNumber" and isinstance(voice, Value) and voice.reading is not None:
            endpoint.height = max(endpoint.height, _height(voice.reading))
        if isinstance(voice, Silence) or _key(voice) == _key(agreed) or _refuses(voice) or _refuses(agreed):
            return
        nothing = _key(value_of(None))
        if nothing in (_key(voice), _key(agreed)):
            endpoint.behind += _key(voice) == nothing
            return
        endpoint.outvoted += 1
        if _is_told(endpoint.outvoted):
            self.report(Outvoted(endpoint.name, method, shown(voice), shown(agreed), endpoint.outvoted))

    def _note(self, poll: Poll) -> None:
        """Tell of endpoints that stopped or resumed: the first time, the second, the fourth ..."""
        for endpoint, voice in poll.voices.items():
            if isinstance(voice, Silence) and not endpoint.working and not endpoint.stopped:
                endpoint.stopped = True
                endpoint.stops += 1
                if _is_told(endpoint.stops):
                    self._stopped.add(endpoint)
                    self.report(Stopped(endpoint.name, str(voice.error), endpoint.stops))
            elif endpoint.working:
                endpoint.stopped = False
                if endpoint in self._stopped:
                    self._stopped.discard(endpoint)
                    self.report(Resumed(endpoint.name))


def _is_told(times: int) -> bool:
    """Powers of two: what goes on for long is heard of less and less often."""
    return times & (times - 1) == 0


def _key(voice: Voice) -> str:
    return "" if isinstance(voice, Silence) else voice.key


def _refuses(voice: Voice) -> bool:
    """Whether it is a refusal that says nothing about the chain."""
    return isinstance(voice, Refusal) and not voice.reverted


def _fate(voice: Voice) -> Refused:
    """What an endpoint makes of a transaction; taking it is knowing it."""
    return refused(voice.error) if isinstance(voice, Refusal) else Refused.KNOWN


def _height(block: Json) -> int:
    return parse_quantity(block["number"])


def _is_block(voice: Voice, height: int | Refusal) -> bool:
    return isinstance(voice, Value) and voice.reading is not None and _height(voice.reading) == height


def _numbers(poll: Poll, measure: Callable[[Json], int]) -> list[int]:
    readings = [voice.reading for voice in poll.voices.values() if isinstance(voice, Value)]
    return sorted((measure(reading) for reading in readings if reading is not None), reverse=True)
