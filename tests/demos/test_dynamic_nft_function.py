"""examples/dynamic_nft: what a committee makes of feeds that differ, lie, stand still and spell as they like."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eth_abi.abi import decode, encode

from executor.demos.dynamic_nft import TRANSFER
from executor.demos.examples import example
from executor.model.outcome import Failed, Returned
from executor.testing import simulate
from executor.testing.match_feeds import FEED_A, FEED_B, FEED_C, SHAPES, Standing
from executor.testing.replies import START_S
from executor.testing.simulate_result import Simulated

FUNCTION = example("dynamic_nft")
MATCH = 7001
URLS = {
    FEED_A: f"http://feed-a.test/v2/matches/{MATCH}",
    FEED_B: f"http://feed-b.test/fixtures?id={MATCH}",
    FEED_C: f"http://feed-c.test/livescore/{MATCH}.json",
}
NOW = Standing("live", 23, 1, 0, "Åland United", "Lakeside Rovers")
INPUT = encode(["uint64"], [MATCH])
Json = dict[str, object]


def replies(**standings: Standing | None) -> Json:
    """What each feed shows, named by its letter, a second before the node looks; all alike where nothing is said."""
    shown = {feed: standings.get(feed[5], NOW) for feed in URLS}
    answers: Json = {URLS[feed]: dated(SHAPES[feed](MATCH, each)) for feed, each in shown.items() if each is not None}
    return {**answers, "time.now": str(START_S)}


def dated(answer: Json, seconds: float = 1.0) -> Json:
    """The same answer, so old."""
    seen = START_S - seconds
    match answer:
        case {"match": dict() as match}:
            match["lastUpdated"] = f"2023-11-14T22:{13 - seconds // 60:02.0f}:{20 - seconds % 60:02.0f}.000Z"
        case {"response": [{"fixture": dict() as fixture}]}:
            fixture["update"] = int(seen)
        case {"data": dict() as data}:
            data["ts"] = int(seen * 1000)
    return answer


def shown(done: Simulated) -> tuple[object, ...]:
    """Match, sequence, status, minute, home and away score, and the names, of what was attested."""
    assert isinstance(done.outcome, Returned), done.verdict()
    assert len(done.outcome.output) == 256
    types = ["uint64", "uint64", "uint8", "uint16", "uint16", "uint16", "bytes32", "bytes32"]
    *numbers, home, away = decode(types, done.outcome.output)
    return (*numbers, *(name.rstrip(b"\0").decode() for name in (home, away)))


def test_feeds_of_other_shapes_and_letters_say_one_thing() -> None:
    """Three shapes, two Unicode forms, spaces, 23 and \"23'\"; the sequence is the nodes' clock in milliseconds."""
    done = simulate(FUNCTION, input=INPUT, replies=replies())
    assert shown(done) == (MATCH, int(START_S) * 1000, 1, 23, 1, 0, "Åland United", "Lakeside Rovers")


def test_a_feed_that_lies_is_not_believed() -> None:
    done = simulate(FUNCTION, input=INPUT, replies=replies(a=replace(NOW, home_score=9)))
    assert shown(done)[4:6] == (1, 0)


def test_two_feeds_that_say_nothing_alike_are_no_score() -> None:
    lies = replies(a=replace(NOW, home_score=9), b=replace(NOW, home_score=8))
    done = simulate(FUNCTION, input=INPUT, replies=lies)
    assert isinstance(done.outcome, Failed), done.verdict()
    assert b"feeds-disagree" in done.outcome.error


def test_a_lying_node_is_outvoted() -> None:
    done = simulate(FUNCTION, input=INPUT, replies=replies(), faults="lying-observation")
    assert shown(done)[2:6] == (1, 23, 1, 0)


def test_nodes_that_look_while_a_goal_falls_agree_on_one_state() -> None:
    """Two see the old score and two the new one: never a mixture, whoever is heard."""
    after = replace(NOW, minute=24, away_score=1, status="break")
    worlds = [replies(), replies(), *[replies(a=after, b=after, c=after)] * 2]
    for seed in range(3):
        done = simulate(FUNCTION, input=INPUT, replies=worlds, seed=seed)
        assert (shown(done)[2], *shown(done)[4:6]) in ((1, 1, 0), (2, 1, 1))


@pytest.mark.parametrize(("age_s", "failed"), [(590, False), (610, True)])
def test_feeds_of_a_live_match_that_stand_still_are_no_witnesses(age_s: int, failed: bool) -> None:
    old = {URLS[feed]: dated(SHAPES[feed](MATCH, NOW), age_s) for feed in (FEED_B, FEED_C)}
    given = {**replies(a=None), **old}
    assert isinstance(simulate(FUNCTION, input=INPUT, replies=given).outcome, Failed) is failed


def test_added_time_and_the_end_are_read() -> None:
    over = replace(NOW, status="finished", minute=90)
    assert shown(simulate(FUNCTION, input=INPUT, replies=replies(a=over, b=over, c=over)))[2:4] == (3, 90)
    pause = replace(NOW, status="break", minute=47)
    assert shown(simulate(FUNCTION, input=INPUT, replies=replies(a=pause, b=None, c=pause)))[2:4] == (2, 45)


def test_a_long_name_is_cut_at_a_character() -> None:
    long = replace(NOW, home="Å" * 17, away="💙" * 500)
    done = simulate(FUNCTION, input=INPUT, replies=replies(a=long, b=long, c=long))
    assert shown(done)[6:] == ("Å" * 16, "💙" * 8)


def triggered(event: Json, kind: str) -> bytes:
    """A triggered run's input (docs/triggers.md)."""
    told = {"event": event, "input": "0x" + INPUT.hex(), "kind": kind}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def log(*topics: bytes) -> Json:
    """An event of the token contract."""
    digest = "0x" + "11" * 32
    return {
        "address": "0x" + "22" * 20,
        "block_hash": digest,
        "block_number": 7,
        "block_timestamp": 1_700_000_000,
        "chain_id": 31337,
        "data": "0x",
        "log_index": 0,
        "topics": ["0x" + topic.rjust(32, b"\0").hex() for topic in topics],
        "transaction_hash": digest,
    }


@pytest.mark.parametrize(
    ("event", "kind", "asked"),
    [
        (log(TRANSFER, b"\1", b"\2", (MATCH << 32 | 5).to_bytes(12, "big")), "log", MATCH),
        (log(b"\7"), "log", MATCH),
        ({"scheduled_time": 1_700_000_000}, "cron", MATCH),
    ],
)
def test_a_trigger_says_which_match(event: Json, kind: str, asked: int) -> None:
    """A token that changed hands names its match; other events and clocks mean the registration's own."""
    done = simulate(FUNCTION, input=triggered(event, kind), triggered=True, replies=replies())
    assert shown(done)[0] == asked


def test_a_match_that_no_feed_knows_is_a_failure() -> None:
    done = simulate(FUNCTION, input=encode(["uint64"], [5]), replies={})
    assert isinstance(done.outcome, Failed), done.verdict()
