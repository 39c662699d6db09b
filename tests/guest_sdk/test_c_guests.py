"""The C SDK, through its built examples: the ABI by hand, in a few hundred bytes."""

import json
import struct

import eth_abi
import pytest
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .harness import CONTEXT, ROOT, Calls, Guest, Run

GUESTS = ROOT / "fixtures" / "guests"
QUIET = [HealthCheck.function_scoped_fixture]
KECCAK: Calls = {"crypto.keccak256": lambda data: (0, keccak(data))}


def guest(name: str) -> Guest:
    return Guest.load((GUESTS / f"{name}.wasm").read_bytes())


@pytest.fixture(scope="module")
def tour() -> Guest:
    return guest("c_abi_tour")


@pytest.fixture(scope="module")
def eth_usd() -> Guest:
    return guest("c_eth_usd")


def test_empty_and_echo():
    """The smallest guests: nothing, and the input."""
    assert guest("c_empty").run(None, b"abc").output == b""
    run = guest("c_echo").run(None, b"abc" * 50_000)
    assert (run.output, run.logs) == (b"abc" * 50_000, [(1, "echo")])


@pytest.mark.parametrize(
    ("transcript", "output"),
    [([(0, b"\0agreed")], b"value:\0agreed"), ([(1, b"timeout")], b"error:timeout"), ([(2, b"none")], b"default:none")],
)
def test_agreed_entries(tour: Guest, transcript, output: bytes):
    """A value, an error and a default are told apart."""
    assert tour.run(None, b"o", transcript=transcript).output == output


def test_proposals(tour: Guest):
    """A look proposes its value or its error's code."""
    value = tour.run(None, b"oseen", observing=True)
    assert (value.ending, value.kind, value.output) == ("proposed", 0, b"seen")
    error = tour.run(None, b"x", observing=True)
    assert (error.ending, error.kind, error.output) == ("proposed", 1, b"nothing-there")
    assert error.specs == [b'{"aggregate":"mode","default":"none"}']
    assert tour.run(None, b"x").ending == "awaiting"


def test_calls(tour: Guest):
    """Hash and context come from the host."""
    assert tour.run(None, b"kabc", calls=KECCAK).output == keccak(b"abc")
    assert json.loads(tour.run(None, b"c").output) == CONTEXT


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"f", "asked to fail"),
        (b"", "unknown command"),
        (b"m", "out of memory"),
        (b"d-1", "not a non-negative decimal"),
        (b"d" + b"9" * 70, "a decimal does not fit 256 bits"),
    ],
)
def test_failures(tour: Guest, data: bytes, error: str):
    """Whatever goes wrong ends the run with a text."""
    run = tour.run(None, data)
    assert (run.ending, run.text) == ("failed", error)


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(text=st.from_regex(r"(0|[1-9][0-9]{0,40})(\.[0-9]{1,20})?", fullmatch=True))
def test_scaled_decimals(tour: Guest, text: str):
    """Scaling cuts off what is beyond, exactly."""
    whole, _, fraction = text.partition(".")
    expected = int(whole + (fraction + "0" * 8)[:8])
    assert tour.run(None, b"d" + text.encode()).output == eth_abi.encode(["uint256"], [expected])


@settings(max_examples=50, deadline=None, suppress_health_check=QUIET)
@given(data=st.binary(max_size=100))
def test_bytes_are_encoded_as_solidity_does(tour: Guest, data: bytes):
    """abi.encode(bytes)"""
    assert tour.run(None, b"b" + data).output == eth_abi.encode(["bytes"], [data])


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(
    before=st.dictionaries(
        st.sampled_from("abc"),
        st.recursive(st.one_of(st.text('x[{,:]}"\\', max_size=5), st.integers()), st.lists, max_leaves=5),
    ),
    wanted=st.from_regex(r"[a-z0-9.]{0,10}", fullmatch=True),
    indent=st.sampled_from([None, 1]),
)
def test_json_is_picked_apart(tour: Guest, before: dict, wanted: str, indent: int | None):
    """A member and an element are found behind anything."""
    text = json.dumps({**before, "list": [[before], wanted, 5]}, indent=indent)
    assert tour.run(None, b"j" + text.encode()).text == wanted


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(data=st.text('{}[]",:\\ list1x', max_size=30))
def test_hostile_json_ends_the_run_well(tour: Guest, data: str):
    """Malformed JSON gives something or nothing, and never leaves the input."""
    assert tour.run(None, b"j" + data.encode()).ending == "returned"


def answer(status: int, body: bytes) -> bytes:
    head = json.dumps({"headers": {}, "status": status}).encode()
    return struct.pack("<I", len(head)) + head + body


def observe_price(eth_usd: Guest, reply: tuple[int, bytes]) -> Run:
    return eth_usd.run(None, calls={"http.fetch": lambda _request: reply}, observing=True)


@pytest.mark.parametrize(
    ("reply", "proposal"),
    [
        ((0, answer(200, b'{"symbol": "ETHUSD", "price": "1842.17"}')), (0, b"1842.17")),
        ((0, answer(200, b'{"price": 1842.5}')), (0, b"1842.5")),
        ((0, answer(503, b"busy")), (1, b"http-status")),
        ((0, answer(200, b"[]")), (1, b"bad-value")),
        ((0, answer(200, b'{"price": "1e5"}')), (1, b"bad-value")),
        ((1, b"timeout"), (1, b"timeout")),
    ],
)
def test_eth_usd_observes(eth_usd: Guest, reply: tuple[int, bytes], proposal: tuple[int, bytes]):
    """The price of an answer, or a code that says why there is none."""
    run = observe_price(eth_usd, reply)
    assert (run.ending, (run.kind, run.output)) == ("proposed", proposal)


@pytest.mark.parametrize("reply", [b"", b"\xff\xff\xff\xff{}"])
def test_a_message_that_is_cut_short_fails(eth_usd: Guest, reply: bytes):
    """No length is believed."""
    assert observe_price(eth_usd, (0, reply)).ending == "failed"


def test_eth_usd_returns_price_and_time(eth_usd: Guest):
    """The agreed price times 10^8 and the block's timestamp."""
    run = eth_usd.run(None, transcript=[(0, b"1842.175")])
    assert eth_abi.decode(["uint256", "uint64"], run.output) == (184_217_500_000, CONTEXT["block_timestamp"])
    assert eth_usd.run(None, transcript=[(1, b"no-agreement")]).text == "no price was agreed"


BALANCE_OF = '{"to":"0x' + "aa" * 20 + '","data":"0x70a08231' + "00" * 12 + "bb" * 20 + '"}'


def test_a_chain_is_read():
    """The request is docs/wire.md §10's; return data, and a refusal's code, are what is observed."""
    given = b"\xaa" * 20 + b"\xbb" * 20
    for answer, seen in (((0, b"\x07" * 64), (0, b"\x07" * 32)), ((1, b"evm-reverted"), (1, b"evm-reverted")),
                         ((0, b"\x07" * 31), (1, b"no-balance"))):  # fmt: skip
        run = guest("c_balance_of").run(
            None, given, calls={"evm.call": lambda _, answer=answer: answer}, observing=True
        )
        assert (run.ending, run.kind, run.output) == ("proposed", *seen)
        assert run.calls == [("evm.call", BALANCE_OF.encode())]
    agreed = guest("c_balance_of").run(None, given, transcript=[(0, b"\x07" * 32)])
    assert agreed.output == b"\x07" * 32 + CONTEXT["block_timestamp"].to_bytes(32, "big")
