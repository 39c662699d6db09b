"""What the collateral guard looks at: a market's views from given holdings or from contracts, and three exchanges."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Outcome
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.projects import load_function
from executor.vm import Answer, Diagnostics, Program, Refusal, Response, execute, load, observe

FOLDER = Path(__file__).parents[2] / "examples" / "collateral_guard"
TIMESTAMP = 1_750_000_000
MARKET, COLLATERAL, DEBT = (bytes([number]) * 20 for number in (0x11, 0x22, 0x33))
TERMS = (1_585_489_599, 7_500, 8_000, 500, 5_000, 9_500, 100)  # as CollateralGuard's `terms` has them
BODIES: tuple[Callable[[str], object], ...] = (
    lambda price: {"price": price},
    lambda price: {"data": {"amount": price}},
    lambda price: {"result": {"XETHZUSD": {"c": [price]}}},
)
OUTPUT = ["uint256", "uint64", "address[]"]
Holding = tuple[bytes, int, int]  # account, collateral, debt


@cache
def guard() -> Program:
    """The example, loaded once."""
    return load(load_function(FOLDER))


def request(input: bytes = bytes(12) + MARKET) -> Request:
    """A request for the market."""
    return Request.local(guard().function_id, input, block_timestamp=TIMESTAMP)


def selector(name: str) -> bytes:
    """Of a function's signature."""
    return keccak(name.encode())[:4]


def http(answers: Sequence[str | int]) -> Response:
    """Three exchanges' answers: a price, or a status."""
    parts = [struct.pack("<I", len(answers))]
    for body, answer in zip(BODIES, answers, strict=True):
        status, text = (200, json.dumps(body(answer)).encode()) if isinstance(answer, str) else (answer, b"")
        head = json.dumps({"status": status, "headers": {}}).encode()
        parts.append(struct.pack("<BII", 0, 4 + len(head) + len(text), len(head)) + head + text)
    return Answer(b"".join(parts))


@dataclass
class Look:
    """Answers one observe run."""

    views: Callable[[bytes, bytes], bytes | None]  # (to, data) -> return data, None for a revert
    answers: Sequence[str | int] = ("1842.17", "1842.20", "1842.10")
    asked: list[int] = field(default_factory=list)  # calls of each evm.call_many

    def call(self, operation: str, message: bytes) -> Response:
        """Reads of the chain, and the exchanges."""
        if operation == "http.fetch_many":
            return http(self.answers)
        if operation != "evm.call_many":
            return Refusal("not-granted")
        calls = json.loads(message)["calls"]
        self.asked.append(len(calls))
        found = [self.views(*(bytes.fromhex(each[name][2:]) for name in ("to", "data"))) for each in calls]
        return Answer(encode(["(bool,bytes)[]"], [[(each is not None, each or b"") for each in found]]))


@dataclass(frozen=True)
class Holdings:
    """A market of these holdings."""

    holdings: Sequence[Holding]
    decimals: tuple[int, int] = (18, 6)
    terms: tuple[int, ...] = TERMS
    count: int | None = None  # what borrowerCount says, where it is not their number

    def __call__(self, to: bytes, data: bytes) -> bytes | None:
        """One view."""
        head, rest = data[:4], data[4:]
        if head == selector("decimals()"):
            return encode(["uint8"], [self.decimals[0] if to == COLLATERAL else self.decimals[1]])
        if to != MARKET:
            return None
        if head == selector("borrowerCount()"):
            return encode(["uint256"], [len(self.holdings) if self.count is None else self.count])
        if head == selector("terms()"):
            return encode(["(uint64,uint16,uint16,uint16,uint16,uint16,uint96)"], [self.terms])
        if head in (selector("collateralToken()"), selector("debtToken()")):
            return encode(["address"], [COLLATERAL if head == selector("collateralToken()") else DEBT])
        start, size = decode(["uint256", "uint256"], rest)
        return encode(["(address,uint256,uint256)[]"], [list(self.holdings[start : start + size])])


def seen(look: Look, given: Request | None = None, transcript: Transcript = ()) -> Observation:
    """What a node observes next."""
    return observe(guard(), given or request(), transcript, look)


def journey(look: Look, given: Request | None = None, price: str | None = None) -> tuple[Outcome, list[Entry]]:
    """A run from its start to its end; `price` is agreed in the place of what the exchanges say."""
    given, entries = given or request(), list[Entry]()
    while isinstance(outcome := execute(guard(), given, tuple(entries)), Awaiting):
        observed = seen(look, given, tuple(entries))
        value = price.encode() if price is not None and b'"price"' in outcome.spec else observed.value
        entries.append(Entry(outcome.spec, Kind.VALUE if observed.kind is Kind.VALUE else Kind.ERROR, value))
    return outcome, entries


def logged(entries: Sequence[Entry], price: str) -> str:
    """What the run says to people at another price."""
    diagnostics = Diagnostics()
    changed = (*entries[:-1], Entry(entries[-1].spec, Kind.VALUE, price.encode()))
    execute(guard(), request(), changed, diagnostics=diagnostics)
    return "\n".join(line.text for line in diagnostics.logs)
