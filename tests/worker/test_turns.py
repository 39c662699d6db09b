"""The fair queue: no function starves another, and a flood drives out its own."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import HostFault, WorkersBusy
from executor.worker.turns import Turns


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


class Scene:
    """Tasks that hold turns until they are let go, and the order in which they got them."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.gates: list[asyncio.Event] = []

    def come(self, key: str) -> asyncio.Task[None]:
        """Somebody who wants a turn."""

        async def hold() -> None:
            async with self.turns.turn(key):
                gate = asyncio.Event()
                self.order.append(key)
                self.gates.append(gate)
                await gate.wait()

        return asyncio.create_task(hold())

    async def next(self) -> None:
        """The one who has held longest goes."""
        self.gates.pop(0).set()
        await settle()


async def test_turns_go_round_the_functions() -> None:
    """A thousand requests of one function cost another's single request one turn."""
    scene = Scene(Turns(1, each=1, waiting=2_000))
    tasks = [scene.come("flood") for _ in range(1_000)]
    await settle()
    tasks += [scene.come("small"), scene.come("other"), scene.come("other")]
    await settle()
    for _ in range(6):
        await scene.next()
    assert scene.order == ["flood", "flood", "small", "other", "flood", "other", "flood"]
    for task in tasks:
        task.cancel()


async def test_a_flood_drives_out_its_own() -> None:
    """Over the limit, the latest of the longest line is refused, whoever came last."""
    scene = Scene(Turns(1, each=1, waiting=4))
    flood = [scene.come("flood") for _ in range(5)]
    await settle()
    small = scene.come("small")
    await settle()
    assert [task.done() for task in flood] == [False] * 4 + [True]
    with pytest.raises(WorkersBusy, match="4 runs wait"):
        await flood[-1]
    late = scene.come("flood")
    with pytest.raises(WorkersBusy):
        await late
    assert not small.done()
    for task in (*flood, small):
        task.cancel()


async def test_one_function_holds_its_share_at_most() -> None:
    """A turn stays free for the others, although the function has more to do."""
    scene = Scene(Turns(2, each=1, waiting=10))
    tasks = [scene.come("slow"), scene.come("slow")]
    await settle()
    assert scene.order == ["slow"]
    tasks.append(scene.come("quick"))
    await settle()
    assert scene.order == ["slow", "quick"]
    await scene.next()
    assert scene.order == ["slow", "quick", "slow"]
    for task in tasks:
        task.cancel()


async def test_who_leaves_is_not_called() -> None:
    """Cancelled while waiting, and cancelled in the moment of being called: the turn goes on to the next."""
    scene = Scene(Turns(1, each=1, waiting=10))
    first, second, third, fourth = [scene.come("a") for _ in range(4)]
    await settle()
    second.cancel()
    await settle()
    scene.gates.pop(0).set()
    while not first.done():  # noqa: ASYNC110  # the very moment is the point
        await asyncio.sleep(0)
    third.cancel()  # called, and not yet gone on
    await settle()
    assert scene.order == ["a", "a"]
    assert not fourth.done()
    await scene.next()
    assert fourth.done()
    assert (scene.turns._free, scene.turns._waiting, scene.turns._lines) == (1, 0, {})


async def test_closing_sends_everybody_away() -> None:
    """Who waits and who comes; who holds a turn finishes."""
    scene = Scene(Turns(1, each=1, waiting=10))
    held, waiting = scene.come("a"), scene.come("b")
    await settle()
    scene.turns.close()
    for task in (waiting, scene.come("c")):
        with pytest.raises(HostFault, match="closed"):
            await task
    await scene.next()
    await held


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from("abc")), st.tuples(st.sampled_from(["go", "cancel"]), st.just(""))
    ),
    max_size=60,
)


@given(ACTIONS, st.integers(1, 3), st.integers(1, 3))
def test_whatever_happens_turns_are_neither_lost_nor_made(
    actions: list[tuple[str, str]], count: int, each: int
) -> None:
    """Held and free turns add up, no function exceeds its share, and no turn is free while somebody may have it."""

    async def play() -> None:
        scene, tasks = Scene(Turns(count, each=each, waiting=8)), []
        turns = scene.turns
        for number, (action, key) in enumerate(actions):
            if action == "come":
                tasks.append(scene.come(key))
            elif action == "go" and scene.gates:
                scene.gates.pop(number % len(scene.gates)).set()
            elif action == "cancel" and tasks:
                tasks[number % len(tasks)].cancel()
            if number % 3:  # sometimes two things happen at once
                await settle()
                assert turns._free + sum(turns._held.values()) == count
                assert all(0 < held <= each for held in turns._held.values())
                assert turns._waiting == sum(len(line) for line in turns._lines.values()) <= 8
                assert not turns._free or all(turns._held[key] >= each for key in turns._lines)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (turns._free, turns._waiting, len(turns._lines), +turns._held) == (count, 0, 0, {})

    asyncio.run(play())
