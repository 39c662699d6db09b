"""The local score feeds: other shapes, a little behind, moved by the referee, and lying on request."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession, web

from executor.testing.match_feeds import (
    FEED_A,
    FEED_B,
    FEEDS,
    MAX_MATCHES,
    REFEREE,
    Stadium,
    applications,
)

GOAL = {"status": "live", "minute": 23, "home_score": 1}


def test_a_match_is_known_once_it_was_moved_and_the_oldest_goes() -> None:
    stadium = Stadium(1)
    for match in range(MAX_MATCHES + 1):
        stadium.move(match, GOAL)
    assert stadium.read(FEED_A, 0) is None
    assert stadium.read(FEED_A, MAX_MATCHES) is not None


def test_the_second_feed_shows_what_was() -> None:
    stadium = Stadium(1)
    stadium.move(1, {"status": "live"})
    stadium.move(1, GOAL)
    shown = {feed: stadium.read(feed, 1) for feed in FEEDS}
    assert {feed: now.home_score for feed, now in shown.items() if now} == dict(zip(FEEDS, (1, 0, 1), strict=True))


def test_a_lying_feed_tells_each_caller_another_score() -> None:
    stadium = Stadium(1)
    stadium.move(1, GOAL)
    stadium.spoil(FEED_A, "lying")
    told = {now.home_score for now in (stadium.read(FEED_A, 1) for _ in range(20)) if now}
    assert 1 not in told
    assert len(told) > 1


@pytest.mark.parametrize("changes", [{"status": "paused"}, {"weather": "rain"}, [1]])
def test_what_matches_do_not_have_is_refused(changes: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Stadium(1).move(1, changes)
    with pytest.raises(ValueError, match="feed-b"):
        Stadium(1).spoil(FEED_B, "slow")


async def test_the_servers_answer_what_they_are_asked() -> None:
    """PUT at the referee's, GET at a feed; no two answers are the same bytes, strangers and nonsense are refused."""
    apps = applications(1)
    urls, runners = {}, []
    for name in (REFEREE, FEED_A):
        runners.append(runner := web.AppRunner(apps[name]))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        urls[name] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with ClientSession() as session:
        for path, body, status in (("matches/1", GOAL, 200), ("matches/x", GOAL, 400), ("faults/b", "lying", 400)):
            async with session.put(f"{urls[REFEREE]}/{path}", json=body) as answer:
                assert answer.status == status
        texts = set()
        for _ in range(5):
            async with session.get(f"{urls[FEED_A]}/v2/matches/1") as answer:
                assert (await answer.json())["match"]["score"]["home"] == 1
                texts.add(await answer.text())
        assert len(texts) > 1
        for path in ("2", "-1", "9" * 30, "²"):
            async with session.get(f"{urls[FEED_A]}/v2/matches/{path}") as answer:
                assert answer.status == 404
    for runner in runners:
        await runner.cleanup()
