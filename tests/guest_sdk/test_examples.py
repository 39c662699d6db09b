"""The examples on the machine itself: loaded with their manifests, observed, executed, replayed."""

import json
import struct
import tomllib
from pathlib import Path

import eth_abi
import pytest

from executor.model.function import Function
from executor.model.manifest import Manifest, parse_manifest
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Returned
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.vm import Answer, Diagnostics, Program, Refusal, Response, execute, load, observe

from .harness import QUICKJS, ROOT

TIMESTAMP = 1_750_000_000
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/function.toml"))
ANSWERS = (
    b'{"symbol":"ETHUSD","price":"1842.17"}',
    b'{"data":{"amount":"1842.20","currency":"USD"}}',
    b'{"result":{"XETHZUSD":{"c":["1842.1","0.5"]}}}',
)


def manifest_of(folder: Path) -> Manifest:
    return parse_manifest((folder / "function.toml").read_text(encoding="utf-8"))


def program_of(name: str) -> Program:
    """The example as a node loads it."""
    folder = ROOT / "examples" / name
    manifest = manifest_of(folder)
    source = (folder / manifest.function.source).read_bytes()
    return load(Function(QUICKJS.read_bytes(), manifest.terms, source))


@pytest.fixture(scope="module")
def eth_usd() -> Program:
    return program_of("eth_usd")


class Exchanges:
    """Answers of three exchanges; an answer that is a code is a failure."""

    def __init__(self, *answers: bytes | str | int) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def call(self, operation: str, request: bytes) -> Response:
        assert operation == "http.fetch_many"
        (count,) = struct.unpack_from("<I", request)
        at = 4
        for _ in range(count):
            size, head = struct.unpack_from("<II", request, at)
            self.asked.append(json.loads(request[at + 8 : at + 8 + head])["url"])
            at += 4 + size
        return Answer(struct.pack("<I", count) + b"".join(map(self.part, self.answers)))

    @staticmethod
    def part(answer: bytes | str | int) -> bytes:
        if isinstance(answer, str):
            return struct.pack("<BI", 1, len(answer)) + answer.encode()
        status, body = (200, answer) if isinstance(answer, bytes) else (answer, b"")
        head = json.dumps({"status": status, "headers": {}}).encode()
        return struct.pack("<BII", 0, 4 + len(head) + len(body), len(head)) + head + body


class Unreachable:
    """A node that reaches nothing."""

    def call(self, operation: str, request: bytes) -> Response:
        return Refusal("unreachable")


def request_for(program: Program, data: bytes = b"") -> Request:
    return Request.local(program.function_id, data, block_timestamp=TIMESTAMP)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_manifests_are_valid(folder: Path):
    """Every example's manifest is accepted and names a file that exists."""
    manifest = manifest_of(folder)
    assert (folder / manifest.function.source).is_file()
    assert (
        tomllib.loads((folder / "function.toml").read_text(encoding="utf-8"))["function"]["name"]
        == manifest.function.name
    )


def test_eth_usd_asks_three_exchanges(eth_usd: Program):
    """All at once, and takes the middle of what they answer."""
    exchanges = Exchanges(*ANSWERS)
    assert observe(eth_usd, request_for(eth_usd), (), exchanges) == Observation(Kind.VALUE, b"1842.17")
    assert exchanges.asked == [f"http://exchange-{name}.test/price?pair=ETH-USD" for name in "abc"]


@pytest.mark.parametrize(
    ("answers", "observation"),
    [
        ((ANSWERS[0], ANSWERS[1], 503), Observation(Kind.VALUE, b"1842.17")),
        (("timeout", ANSWERS[1], ANSWERS[2]), Observation(Kind.VALUE, b"1842.1")),
        ((ANSWERS[0], b"not json", ANSWERS[2]), Observation(Kind.VALUE, b"1842.1")),
        ((ANSWERS[0], b'{"data":{"amount":1842.5}}', b'{"result":null}'), Observation(Kind.VALUE, b"1842.17")),
        ((ANSWERS[0], "timeout", 500), Observation.error("too-few-prices")),
        (("timeout", b"{}", b'{"result":{"XETHZUSD":{"c":["1e5"]}}}'), Observation.error("too-few-prices")),
    ],
)
def test_eth_usd_needs_two_exchanges(eth_usd: Program, answers, observation: Observation):
    """One that fails is left out and logged; with fewer than two the node observes an error."""
    diagnostics = Diagnostics()
    assert observe(eth_usd, request_for(eth_usd), (), Exchanges(*answers), diagnostics=diagnostics) == observation
    assert len(diagnostics.logs) >= 1


def test_eth_usd_on_a_node_without_network(eth_usd: Program):
    """A refused call is an error observation with the capability's code."""
    assert observe(eth_usd, request_for(eth_usd), (), Unreachable()) == Observation.error("unreachable")


def test_eth_usd_returns_the_agreed_price(eth_usd: Program):
    """First it awaits the observation; over the agreed entry it returns price times 10^8 and the block's time."""
    request = request_for(eth_usd)
    awaiting = execute(eth_usd, request)
    assert awaiting == Awaiting(0, b'{"aggregate":"median","label":"eth-usd"}')
    outcome = execute(eth_usd, request, (Entry(awaiting.spec, Kind.VALUE, b"1842.175"),))
    assert isinstance(outcome, Returned)
    assert eth_abi.decode(["uint256", "uint64"], outcome.output) == (184_217_500_000, TIMESTAMP)
    assert execute(eth_usd, request, (Entry(awaiting.spec, Kind.VALUE, b"1842.175"),)) == outcome


def test_eth_usd_fails_without_a_price(eth_usd: Program):
    """An agreed error is the function's failure, told with its code."""
    request = request_for(eth_usd)
    entry = Entry(b'{"aggregate":"median","label":"eth-usd"}', Kind.ERROR, b"no-agreement")
    outcome = execute(eth_usd, request, (entry,))
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(b"ObservationError: agreed error for eth-usd: no-agreement (function.js:")


def test_median_json(tmp_path: Path):
    """The median of the first 31 prices, times 100."""
    program = program_of("median_json")
    prices = [f"{1800 + i * 7919 % 400}.{i % 100:02}" for i in range(143)]
    data = json.dumps({"items": [{"price": price} for price in prices]}).encode()
    outcome = execute(program, request_for(program, data))
    assert isinstance(outcome, Returned)
    assert eth_abi.decode(["uint256"], outcome.output) == (int(sorted(prices[:31])[15].replace(".", "")),)
