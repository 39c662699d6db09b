"""A second try of an observe run asks the world nothing twice."""

from __future__ import annotations

import pytest

from executor.errors import HostFault
from executor.vm import Answer
from executor.worker.worlds import Recorded
from worker.worlds import Broken, World


async def test_the_same_calls_are_answered_from_memory() -> None:
    """And the run goes on in the world where the first try stopped."""
    world = World()
    recorded = Recorded(world)
    first = [await recorded.call("http.fetch", request) for request in (b"ab", b"cd")]
    recorded.rewind()
    second = [await recorded.call("http.fetch", request) for request in (b"ab", b"cd", b"ef")]
    assert first == second[:2] == [Answer(b"ba"), Answer(b"dc")]
    assert [request for _, request in world.asked] == [b"ab", b"cd", b"ef"]


async def test_another_call_goes_to_the_world() -> None:
    """What was kept behind it is of another run and is dropped."""
    world = World()
    recorded = Recorded(world)
    for request in (b"1", b"2", b"3"):
        await recorded.call("http.fetch", request)
    recorded.rewind()
    for request in (b"1", b"x", b"3"):
        await recorded.call("http.fetch", request)
    assert [request for _, request in world.asked] == [b"1", b"2", b"3", b"x", b"3"]


async def test_what_the_world_raises_is_kept_out_and_named() -> None:
    """A bug in an adapter is a HostFault; nothing is remembered of it."""
    recorded = Recorded(Broken())
    with pytest.raises(HostFault, match=r"http\.fetch failed: ZeroDivisionError"):
        await recorded.call("http.fetch", b"")
    assert recorded._kept == []
