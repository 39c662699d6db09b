"""The driver fetches what a function draws, and a relay without the round costs rounds and nothing else."""

import asyncio
import time

from node_bench import make_request, until

from executor.model.draw import DrandDraw, encode_draw
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Returned
from executor.testing.fast_signatures import ROUNDS_KEY

SPEC = encode_draw(DrandDraw(0, bytes(32), ROUNDS_KEY, 5, int(time.time())))


def one_draw(transcript):
    return Returned(transcript[0].value[:4], 3) if transcript else Awaiting(0, SPEC)


async def test_four_members_draw_the_same(committee):
    """Each by itself: nothing is sent about it, and the transcript is one."""
    nodes = await committee(4, one_draw)
    await asyncio.gather(*(node.see(make_request()) for node in nodes))
    await until(lambda: all(node.attested for node in nodes))
    (transcript,) = {node.attested[0].transcript for node in nodes}
    assert [entry.kind for entry in transcript] == [Kind.DRAW]
    assert all(node.draws.asked >= 1 for node in nodes[:3])
    assert nodes[0].network.refusals == []


async def test_a_draw_that_failed_is_told_and_tried_again(committee):
    """With the next round."""
    (node,) = await committee(1, one_draw)
    node.draws.failing = 1
    await node.see(make_request())
    await until(lambda: node.attested)
    assert [event["reason"] for event in node.told("draw-unavailable")] == ["no relay has it"]
    assert node.draws.asked == 2
