"""The Rust SDK through its built examples and conformance modules: what the shared cases leave open."""

from __future__ import annotations

import json
import struct

import eth_abi
import pytest
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .harness import CONTEXT, ROOT, Answer, Calls, Guest, Run
from .test_abi import TYPED

EXAMPLES = ROOT / "guest-sdk" / "rust" / "examples" / "built"
MODULES = ROOT / "guest-sdk" / "conformance" / "rust" / "built"
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
KECCAK: Calls = {"crypto.keccak256": lambda data: (0, keccak(data)), "random.draw": lambda _: (0, bytes(32))}


def example(name: str) -> Guest:
    return Guest.load((EXAMPLES / f"{name}.wasm").read_bytes())


@pytest.fixture(scope="module")
def eth_usd() -> Guest:
    return example("eth_usd")


@pytest.fixture(scope="module")
def basics() -> Guest:
    return Guest.load((MODULES / "basics.wasm").read_bytes())


@pytest.fixture(scope="module")
def values() -> Guest:
    return Guest.load((MODULES / "values.wasm").read_bytes())


def answer(status: int, body: bytes) -> bytes:
    head = json.dumps({"headers": {}, "status": status}).encode()
    return struct.pack("<I", len(head)) + head + body


def observe_price(eth_usd: Guest, reply: Answer) -> Run:
    return eth_usd.run(None, calls={"http.fetch": lambda _request: reply}, observing=True)


@pytest.mark.parametrize(
    ("reply", "proposal"),
    [
        ((0, answer(200, b'{"symbol": "ETHUSD", "price": "1842.17"}')), (0, b"1842.17")),
        ((0, answer(200, b'{"price": 1842.50}')), (0, b"1842.5")),
        ((0, answer(200, b'{"price": 18.425e2}')), (0, b"1842.5")),
        ((0, answer(200, b'{"price": 12345678901234567890.1}')), (0, b"12345678901234567890.1")),
        ((0, answer(200, b'{"price": 1e5000}')), (1, b"bad-value")),
        ((0, answer(200, b'{"price": 1e-300}')), (1, b"bad-value")),
        ((0, answer(200, b'{"price": null}')), (1, b"threw")),
        ((0, answer(200, b'{"price": [1]}')), (1, b"threw")),
        ((0, answer(200, b"[]")), (1, b"missing-path")),
        ((0, answer(200, b'{"price": "1e5"}')), (1, b"bad-value")),
        ((0, answer(200, b'{"price": 1')), (1, b"threw")),
        ((1, b"timeout"), (1, b"timeout")),
        ((0, b""), (1, b"threw")),
        ((0, b"\xff\xff\xff\xff{}"), (1, b"threw")),
        ((0, b"\2\0\0\0[]"), (1, b"threw")),
    ],
)
def test_what_a_reply_becomes(eth_usd: Guest, reply: Answer, proposal: Answer):
    """The price with the digits it was sent with, or a code that says why there is none; no length is believed."""
    run = observe_price(eth_usd, reply)
    assert (run.ending, (run.kind, run.output)) == ("proposed", proposal)


def test_why_a_look_failed_is_in_the_log(eth_usd: Guest):
    """With the place in the user's source."""
    (line,) = observe_price(eth_usd, (1, b"timeout")).logs
    assert line == (2, "the observation failed: CapabilityError: http.fetch failed: timeout (eth_usd.rs:8:9)")


def test_eth_usd_returns_price_and_time(eth_usd: Guest):
    """The agreed price times 10^8 and the block's timestamp, as C's; an agreed error ends the run with its place."""
    run = eth_usd.run(None, transcript=[(0, b"1842.175")])
    assert eth_abi.decode(["uint256", "uint64"], run.output) == (184_217_500_000, CONTEXT["block_timestamp"])
    failed = eth_usd.run(None, transcript=[(1, b"no-agreement: too few")])
    text = "ObservationError: agreed error for eth-usd: no-agreement: too few (eth_usd.rs:7:17)"
    assert (failed.ending, failed.text) == ("failed", text)


def test_echo_takes_and_gives_everything():
    """The smallest function."""
    run = example("echo").run(None, b"abc" * 20_000)
    assert (run.output, run.logs) == (b"abc" * 20_000, [(1, "echo")])


def test_a_chain_is_read():
    """The request is docs/wire.md §10's, byte for byte C's."""
    guest, given_input = example("balance_of"), b"\xaa" * 20 + b"\xbb" * 20
    asked = '{"to":"0x' + "aa" * 20 + '","data":"0x70a08231' + "00" * 12 + "bb" * 20 + '"}'
    for reply, seen in (
        ((0, (7).to_bytes(32, "big")), (0, b"7")),
        ((1, b"evm-reverted"), (1, b"evm-reverted")),
        ((0, b""), (1, b"evm-empty")),
        ((0, b"\7" * 31), (1, b"threw")),
    ):
        run = guest.run(None, given_input, calls={**KECCAK, "evm.call": lambda _, reply=reply: reply}, observing=True)
        assert (run.ending, run.kind, run.output) == ("proposed", *seen)
        assert ("evm.call", asked.encode()) in run.calls
    agreed = guest.run(None, given_input, transcript=[(0, b"7")], calls=KECCAK)
    assert eth_abi.decode(["uint256", "uint64"], agreed.output) == (7, CONTEXT["block_timestamp"])


def test_several_requests_at_once_and_a_draw():
    """A failed one is told and left out; what is agreed comes back by name; one of the lines wins."""
    guest = example("venues")
    parts = [(0, answer(200, b'{"price": "3.5"}')), (1, b"http-timeout")]
    batch = struct.pack("<I", 2) + b"".join(struct.pack("<BI", status, len(data)) + data for status, data in parts)
    run = guest.run(None, b"ann\nbob", calls={"http.fetch_many": lambda _: (0, batch)}, observing=True)
    assert (run.kind, run.output) == (0, b'{"price":"3.5","venue":"a"}')
    assert run.logs == [(2, "b: http.fetch_many failed: http-timeout")]
    assert run.specs == [b'{"aggregate":{"fields":{"price":"median","venue":"mode"}}}']
    agreed = [(0, b'{"price":"3.5","venue":"a"}')]
    assert guest.run(None, b"", transcript=agreed).text == "3.5 a nobody"
    assert guest.run(None, b"ann\nbob", transcript=agreed, calls=KECCAK).text in ("3.5 a ann", "3.5 a bob")


def typed_input(types: list[str], data: bytes) -> bytes:
    return f"abi\n({','.join(types)})\n".encode() + data


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(typed=TYPED.filter(lambda typed: typed[0] != []))
def test_abi_agrees_with_eth_abi(values: Guest, typed: tuple[list[str], tuple[object, ...]]):
    """Decoding and encoding again gives the bytes back, of any type."""
    expected = eth_abi.encode(*typed)
    run = values.run(None, typed_input(typed[0], expected))
    assert (run.ending, run.output) == ("returned", expected)


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(
    typed=TYPED.filter(lambda typed: typed[0] != []),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_hostile_abi_data_ends_in_values_or_an_error(values: Guest, typed, flips):
    """Nothing outside the data is read, and nothing traps."""
    data = bytearray(eth_abi.encode(*typed))
    for at, byte in flips:
        data[at % len(data)] = byte
    assert values.run(None, typed_input(typed[0], bytes(data))).ending in ("returned", "failed")


DECIMAL = st.from_regex(r"-?(0|[1-9][0-9]{0,60})(\.[0-9]{1,40})?", fullmatch=True)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(text=DECIMAL, places=st.integers(0, 40))
def test_scaling_divides_exactly(values: Guest, text: str, places: int):
    """Long division against Python's own integers: towards zero, downwards."""
    whole, _, fraction = text.lstrip("-").partition(".")
    sign, units = (-1 if text.startswith("-") else 1), int(whole + fraction) * 10**places
    for rounding, expected in (
        ("trunc", sign * (units // 10 ** len(fraction))),
        ("floor", sign * units // 10 ** len(fraction)),
    ):
        assert values.run(None, f"decimal\nscaled {text} {places} {rounding}".encode()).text == str(expected)


JSON_PIECES = st.text('{}[]",:\\ u0d8\n-+.e1tfn', max_size=24)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(part=st.one_of(JSON_PIECES, st.recursive(st.one_of(st.text(), st.none()), st.lists).map(json.dumps)))
def test_json_is_what_python_takes_for_json(basics: Guest, part: str):
    """Strictly RFC 8259; only lone surrogates, which have no UTF-8, are refused besides."""
    document = f'{{"data": {{"rates": [{part}, {{"price": "2.25"}}]}}}}'
    try:
        parsed = json.loads(document, parse_constant=lambda name: int(name))
        json.dumps(parsed, ensure_ascii=False).encode()
        found = parsed["data"]["rates"][1]["price"]
    except (ValueError, KeyError, IndexError, TypeError):
        found = None
    run = basics.run(None, b"json\n" + document.encode("utf-8", "replace"))
    assert (run.ending, run.text if run.ending == "returned" else None) == (
        ("returned", found) if isinstance(found, str) else ("failed", None)
    )


@pytest.mark.parametrize(
    ("depth", "ending"), [(100, "returned"), (124, "returned"), (127, "failed"), (30_000, "failed")]
)
def test_json_nests_as_deep_as_replies_do(basics: Guest, depth: int, ending: str):
    """Deeper is an error with words, long before the stack is used up."""
    document = '{"data": {"rates": [' + "[" * depth + "]" * depth + ', {"price": "2.25"}]}}'
    assert basics.run(None, b"json\n" + document.encode()).ending == ending


def test_memory_is_given_back(basics: Guest):
    """Blocks are used again: 32 MB of lines are made one after the other in a memory of less than one."""
    run = basics.run(None, b"log-many\n800 40000", memory_bytes=14 * 65_536)
    assert (run.ending, run.text) == ("returned", "done")
