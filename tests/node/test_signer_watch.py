"""An idle node says that its signer is gone: at once where readiness is asked for, seldom in the log."""

from __future__ import annotations

import asyncio
from pathlib import Path

from executor.errors import SignerUnavailable
from executor.node.conditions import Conditions
from executor.node.signer_watch import LOCKED, SignerWatch
from executor.store.events import EventLog


async def test_a_signer_that_goes_and_comes_back_is_told_of_twice(tmp_path: Path) -> None:
    """Away for many looks, locked for many more: one line for each, one when it is back."""
    looks = 0
    done = asyncio.Event()
    ready: list[dict[str, str]] = []
    events, conditions = EventLog(tmp_path / "events.jsonl"), Conditions()

    async def is_locked() -> bool:
        nonlocal looks
        ready.append(conditions.reasons)
        looks += 1
        if looks > 40:
            done.set()
        if looks <= 20:
            raise SignerUnavailable("the signer does not answer")
        return False

    watch = asyncio.create_task(SignerWatch(is_locked, events, conditions).run(every_s=0.0))
    await done.wait()
    watch.cancel()
    assert [event.kind for event in events.after(0)] == ["signer-unavailable", "signer-back"]
    assert ready[1:21] == [{"signer": "the signer does not answer"}] * 20
    assert ready[21:40] == [{}] * 19


async def test_a_locked_signer_is_not_ready_and_is_told_of_again_after_a_while(tmp_path: Path) -> None:
    events, conditions = EventLog(tmp_path / "events.jsonl"), Conditions()

    async def is_locked() -> bool:
        return True

    watch = asyncio.create_task(SignerWatch(is_locked, events, conditions).run(every_s=0.0, again_s=0.0))
    await events.wait(2, 10)
    watch.cancel()
    assert conditions.reasons == {"signer": LOCKED}
    assert {"signer-unavailable"} == {event.kind for event in events.after(0)}
