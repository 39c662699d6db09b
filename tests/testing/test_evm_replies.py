"""Chains in tests: replies by chain, address and calldata, read by the network's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from executor import Returned
from executor.capabilities.evm_messages import decode_header, decode_logs_response, decode_results, encode_request
from executor.model.ids import Digest, FunctionId
from executor.model.manifest import Terms
from executor.model.request import Request
from executor.testing import simulate
from executor.testing.replies import RepliedCapabilities, Reply, world
from executor.testing.strategies import worlds
from executor.vm import Answer, Refusal, Response
from tests.evm_guest import evm_guest, two_step_guest

TERMS = Terms.model_validate({"capabilities": {"evm": {"chains": [5, 8453]}}})
TOKEN = "0x" + "aa" * 20
DATA = "0x70a08231" + "00" * 32
CALL = f"evm.call://5/{TOKEN}/{DATA}"
FIVE = "0x" + "00" * 31 + "05"
OWN = replace(
    Request.local(FunctionId(bytes(32)), block_timestamp=1_000, chain_id=5),
    block_number=9,
    parent_hash=Digest(b"\x08" * 32),
)


def ask(replies: dict[str, Any], operation: str, **fields: Any) -> Response:
    """What a guest's call gets."""
    return RepliedCapabilities(TERMS, world(replies), request=OWN).call(operation, encode_request(**fields))


def call(replies: dict[str, Any], **place: Any) -> Response:
    """What evm.call of the token gets."""
    return ask(replies, "evm.call", to=TOKEN, data=DATA, **place)


def test_a_call_is_answered_by_its_name() -> None:
    """At any block, or at one; a pattern for the rest; what has none is remembered."""
    assert call({CALL: FIVE}) == Answer(bytes.fromhex(FIVE[2:]))
    both = {CALL: "0x01", f"{CALL}@9": "0x02"}
    assert [call(both), call(both, block=4)] == [Answer(b"\x02"), Answer(b"\x01")]
    assert call({f"evm.call://5/{TOKEN}/*": "0x03"}) == Answer(b"\x03")
    given = RepliedCapabilities(TERMS, {}, request=OWN)
    assert given.call("evm.call", encode_request(to=TOKEN, data=DATA)) == Refusal("evm-unavailable")
    assert given.missing == {CALL}


@pytest.mark.parametrize("code", ["evm-reverted", "evm-disagreement", "evm-timeout"])
def test_a_reply_can_be_an_error(code: str) -> None:
    """A revert is a result among many, any other code is that of all."""
    replies = {CALL: Reply(error=code), f"evm.call://5/{TOKEN}/0x": "0x01"}
    assert call(replies) == Refusal(code)
    many = ask(replies, "evm.call_many", calls=[{"to": TOKEN, "data": "0x"}, {"to": TOKEN, "data": DATA}])
    if code == "evm-reverted":
        assert isinstance(many, Answer)
        assert [each.succeeded for each in decode_results(many.data)] == [True, False]
    else:
        assert many == Refusal(code)


def test_balances_are_numbers_in_any_spelling() -> None:
    """JSON integers, decimal and hex text."""
    for written in (10**19, str(10**19), hex(10**19)):
        found = ask({f"evm.balance://5/{TOKEN}": written}, "evm.balance", address=TOKEN)
        assert found == Answer((10**19).to_bytes(32, "big"))


def test_blocks_are_made_up_unless_told() -> None:
    """The request's own stands on its parent; the one before has the parent's hash; heights are told."""
    own = ask({}, "evm.block")
    assert isinstance(own, Answer)
    header = decode_header(own.data)
    assert (header.number, header.parent_hash, header.timestamp) == (9, OWN.parent_hash, 1_000)
    before = ask({}, "evm.block", block=8)
    assert isinstance(before, Answer)
    assert decode_header(before.data).hash == OWN.parent_hash
    other = {"evm.block://8453/finalized": 70, "evm.block://8453/70": {"timestamp": 5}}
    assert ask({}, "evm.block", chain=8453, block="finalized") == Refusal("evm-unavailable")
    final = ask(other, "evm.block", chain=8453, block="finalized")
    named = ask(other, "evm.block", chain=8453, block=70)
    assert isinstance(final, Answer)
    assert isinstance(named, Answer)
    assert decode_header(final.data).number == 70
    assert decode_header(named.data).timestamp == 5
    assert ask({"evm.block://5/9": {"parent_hash": FIVE}}, "evm.block") == Refusal("evm-reorganised")


def test_logs_are_those_of_the_range_and_the_topics() -> None:
    """In the chain's order."""
    told = [
        {"topics": [FIVE], "data": "0x01", "index": 3},
        {"topics": [], "data": "0x02"},
        {"topics": [FIVE], "data": "0x03", "block_number": 7},
        {"topics": [FIVE], "data": "0x04", "block_number": 2},
    ]
    replies = {f"evm.logs://5/{TOKEN}": told}
    found = ask(replies, "evm.logs", addresses=[TOKEN], topics=[[FIVE]], from_block=5)
    assert isinstance(found, Answer)
    assert [log.data for log in decode_logs_response(found.data)] == [b"\x03", b"\x01"]
    alone = ask(replies, "evm.logs", addresses=[TOKEN])
    assert isinstance(alone, Answer)
    assert [log.data for log in decode_logs_response(alone.data)] == [b"\x02", b"\x01"]


@pytest.mark.parametrize(
    ("place", "code"),
    [({"chain": 1}, "evm-chain-not-granted"), ({"chain": 8453}, "evm-block-needed"), ({"gas": 1}, "evm-bad-request")],
)
def test_the_manifest_and_the_rules_are_the_networks(place: dict[str, int], code: str) -> None:
    """The same capability answers."""
    assert call({CALL: FIVE}, **place) == Refusal(code)
    assert RepliedCapabilities(Terms(), {}).call("evm.call", b"{}") == Refusal("not-granted")


@pytest.mark.parametrize("wrong", ["five", "0x5", {"a": 1}, "-1"])
def test_a_reply_that_no_chain_gives_is_refused(wrong: Any) -> None:
    """As if there were no answer; the log says why."""
    assert call({CALL: wrong}) == Refusal("evm-unavailable")
    assert ask({f"evm.balance://5/{TOKEN}": [1]}, "evm.balance", address=TOKEN) == Refusal("evm-unavailable")


def test_a_committee_agrees_on_what_its_nodes_read() -> None:
    """With a node that reads something else; and with one that reads nothing."""
    reader = evm_guest("evm.call", f'{{"data":"{DATA}","to":"{TOKEN}"}}', 5)
    honest, other = {CALL: FIVE}, {CALL: "0x" + "00" * 31 + "06"}
    for strange in (other, {}):
        done = simulate(reader, replies=[honest, honest, strange, honest])
        assert isinstance(done.outcome, Returned), done.verdict()
        assert done.outcome.output == bytes.fromhex(FIVE[2:])


@settings(max_examples=40, deadline=None)
@given(worlds({CALL: FIVE, "evm.block://5/finalized": 1_000}, 4, failing=1))
def test_honest_nodes_read_the_same_and_see_other_heights(every: tuple[Mapping[str, Reply], ...]) -> None:
    """Drawn worlds are what chains may answer."""
    told = [each[CALL] for each in every]
    assert {each.body for each in told if not each.error} == {FIVE.encode()}
    assert sum(bool(each.error) for each in told) <= 1
    assert all(each.error.startswith("evm-") for each in told if each.error)
    heights = [each["evm.block://5/finalized"] for each in every]
    assert {int(each.body) for each in heights if not each.error} <= {1_000, 1_001, 1_002, 1_003}


def test_a_height_is_agreed_before_anything_is_read_at_it() -> None:
    """Nodes see different last final blocks; all read at the median of them."""
    reader = two_step_guest(8453, TOKEN, DATA, 5, 8453)

    def replies(height: int) -> dict[str, Any]:
        there = f"evm.call://8453/{TOKEN}/{DATA}"
        return {"evm.block://8453/finalized": height, there: "0x" + "00" * 32, f"{there}@101": FIVE}

    done = simulate(reader, replies=[replies(height) for height in (99, 101, 101, 140)])
    assert isinstance(done.outcome, Returned), done.verdict()
    assert done.outcome.output == bytes.fromhex(FIVE[2:]) + bytes(32)
    assert [entry.value for entry in done.transcript] == [b"101", bytes.fromhex(FIVE[2:])]
