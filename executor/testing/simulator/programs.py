"""The functions that simulated requests run, and what a member sees of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, assert_never

from executor.chain.watcher import Depth
from executor.crypto.digests import request_id
from executor.model.codec import encode_json
from executor.model.draw import CommitteeDraw, DrandDraw, encode_draw
from executor.model.ids import Address, Digest, FunctionId, RequestId
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Outcome, Returned, TrapCode, Trapped
from executor.model.request import Request
from executor.model.spec import FORMS, Fields, Form, parse_spec
from executor.model.spec import Strategy as Aggregation
from executor.model.transcript import Transcript
from executor.model.values import YES, encode_items, encode_set
from executor.protocol.strategies import alone_member
from executor.testing.fast_signatures import ROUNDS_KEY
from executor.testing.simulated_committee import START_S, make_request

MEDIAN: Final = b'{"aggregate":"median","label":"price"}'
IDENTICAL: Final = b'{"aggregate":"identical","label":"name"}'
MODE: Final = b'{"aggregate":"mode","default":"none","label":"choice"}'
FIELDS: Final = b'{"aggregate":{"fields":{"name":"mode","price":"median"}},"label":"both"}'
SINGLE: Final = b'{"aggregate":"single","label":"order"}'
UNION: Final = b'{"aggregate":"union","label":"names"}'
BOUNDS: Final = b'{"aggregate":{"fields":{"high":"max","log":"common-prefix","low":"min","mean":"trimmed-mean"}}}'


@dataclass(frozen=True, slots=True)
class Program:
    """Awaits these slots, draws and ends; `short` ends early where the first agreed value is even, or no value.

    Draws are drand's, or the `committee`'s own: then of the request `of`.
    """

    specs: tuple[bytes, ...] = ()
    ending: str = "returned"
    short: bool = False
    draws: int = 0
    committee: bool = False
    of: tuple[int, Address, RequestId] = (0, Address(bytes(20)), RequestId(bytes(32)))

    def run(self, transcript: Transcript) -> Outcome:
        """The pure run."""
        done = len(transcript)
        if self.short and done >= 1 and transcript[0].value[-1:] not in b"13579":
            return self._drawn_short(transcript) if self.committee else Returned(b"short:" + transcript[0].value, 10)
        if done < len(self.specs):
            return Awaiting(done, self.specs[done])
        if done < len(self.specs) + self.draws:
            ordinal = done - len(self.specs)
            return Awaiting(done, encode_draw(CommitteeDraw(*self.of, ordinal)) if self.committee else drawn(ordinal))
        output = b"|".join(bytes([entry.kind]) + entry.value for entry in transcript)
        match self.ending:
            case "failed":
                return Failed(b"no:" + output, 20 + done)
            case "trapped":
                return Trapped(TrapCode.OUT_OF_FUEL, 1_000)
            case _:
                return Returned(output, 30 + done)

    def _drawn_short(self, transcript: Transcript) -> Outcome:
        """Ends early, and draws all the same."""
        done = len(transcript)
        if done <= self.draws:
            return Awaiting(done, encode_draw(CommitteeDraw(*self.of, done - 1)))
        return Returned(b"short|" + b"|".join(entry.value for entry in transcript), 10)

    def about(self, key: RequestId, request: Request) -> Program:
        """The program as it runs for a request."""
        return replace(self, of=(request.chain_id, request.router, key))


def drawn(ordinal: int) -> bytes:
    """The spec of a draw, published some seconds after the simulation's start."""
    return encode_draw(DrandDraw(ordinal, bytes(32), ROUNDS_KEY, 1_000, int(START_S) + 6))


PROGRAMS: Final[Mapping[str, Program]] = MappingProxyType(
    {
        "pure": Program(),
        "price": Program((MEDIAN,)),
        "name": Program((IDENTICAL,)),
        "two": Program((MEDIAN, IDENTICAL)),
        "short": Program((MEDIAN, MEDIAN), short=True),
        "three": Program((MODE, MEDIAN, FIELDS)),
        "failed": Program((MODE,), "failed"),
        "trapped": Program((), "trapped"),
        "alone": Program((SINGLE,)),
        "mixed": Program((UNION, SINGLE, BOUNDS)),
        "drawn": Program((), draws=2),
        "drawn-last": Program((MEDIAN,), draws=1),
        "lottery": Program((), draws=2, committee=True),
        "raffle": Program((MEDIAN,), draws=1, committee=True),
        "sample": Program((MODE, MEDIAN), "failed", draws=3, committee=True),
        "tombola": Program((MEDIAN, MEDIAN), short=True, draws=1, committee=True),
    }
)
"""None to three slots, every kind of strategy and ending, transcripts complete at different lengths, draws."""


def depth_of(program: str, asked: Depth | None) -> Depth | None:
    """How deep the chain must stand before a request is begun: one that draws from its committee is final."""
    return "finalized" if PROGRAMS[program].committee else asked


def function_of(program: str) -> FunctionId:
    """The id of a program's function."""
    return FunctionId(bytes([list(PROGRAMS).index(program) + 1]) * 32)


def request_for(program: str, number: int, branch: int = 0) -> Request:
    """The request that a scenario makes as its number so many; in another branch of the chain it is another."""
    block = Digest(bytes([branch]) * 32)
    return replace(make_request(number), function_id=function_of(program), parent_hash=block)


def looking_alone(program: str, n: int, number: int = 0) -> int:
    """The member that looks under `single` for this request."""
    return alone_member(request_id(request_for(program, number)), n)


def seen(spec: bytes, member: int, request: int, slot: int, spread: int, later: int = 0) -> Observation:
    """What a member sees: numbers `spread` apart, names of one camp (spread 0), two camps, or all different."""
    number = 100 * (request + 1) + 1_000 * slot + spread * member + later
    camp = 0 if spread == 0 else (member + later) % 2 if spread < 3 else member
    return Observation(Kind.VALUE, value_of(spec, number, f"name-{camp}"))


def value_of(spec: bytes, number: int, name: str) -> bytes:
    """The value that fits a spec's strategy."""
    aggregate = parse_spec(spec).aggregate
    if isinstance(aggregate, Fields):
        return encode_json({key: _single(strategy, number, name) for key, strategy in aggregate.strategies})
    return _single(aggregate, number, name).encode()


def _single(strategy: Aggregation, number: int, name: str) -> str:
    match FORMS[strategy]:
        case Form.BYTES:
            return name
        case Form.YES:
            return YES.decode()
        case Form.DECIMAL:
            return str(number)
        case Form.SET:
            return encode_set(("all", name)).decode()
        case Form.LIST:
            return encode_items(("all", "all", name)).decode()
        case form:
            assert_never(form)
