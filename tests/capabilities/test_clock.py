"""A node's clock: granted by a word, told as a decimal that `median` takes."""

from __future__ import annotations

import time

from executor.capabilities import granted_capabilities
from executor.capabilities.clock import Clock, decimal
from executor.model.manifest import Terms, parse_terms
from executor.model.values import is_decimal
from executor.testing.replies import Reply
from executor.testing.simulate_world import WatchedWorld
from executor.vm.capabilities import Answer, Refusal

GRANTED = parse_terms({"capabilities": {"time": {}}})


async def test_a_nodes_clock_is_an_observation_like_any_other() -> None:
    """Seconds to the millisecond; nothing where the manifest does not say so."""
    before = time.time()
    answer = await granted_capabilities(GRANTED).call("time.now", b"")
    assert isinstance(answer, Answer)
    assert before - 0.001 <= float(answer.data) <= time.time() + 0.001
    assert await granted_capabilities(Terms()).call("time.now", b"") == Refusal("not-granted")
    assert await granted_capabilities(GRANTED).call("time.zone", b"") == Refusal("unknown-operation")


async def test_what_it_shows_fits_median() -> None:
    """Also before 1970, at a whole second, and far ahead."""
    for seconds in (0.0, -1.5, 1_700_000_000.0, 1_700_000_000.9996, 2.0**40):
        assert is_decimal(decimal(seconds)), seconds
    assert await Clock(lambda: 1_700_000_000.25).call("time.now", b"ignored") == Answer(b"1700000000.250")


def test_in_tests_the_clock_is_a_reply() -> None:
    """Under the key `time.now`; else the same moment for every node."""
    assert WatchedWorld(GRANTED, {}).call("time.now", b"") == Answer(b"1700000000.000")
    shown = {"time.now": Reply(body=b"1700000003.125")}
    assert WatchedWorld(GRANTED, shown).call("time.now", b"") == Answer(b"1700000003.125")
    assert WatchedWorld(Terms(), shown).call("time.now", b"") == Refusal("not-granted")
