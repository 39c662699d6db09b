"""What chains answered a recorded run they answer its replay."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from executor.capabilities.evm import EvmChain
from executor.model.evm import Call, CallResult, LogFilter
from executor.model.ids import Address, Digest, FunctionId
from executor.model.request import Request
from executor.testing.evm_replies import RepliedChain
from executor.testing.recording import Recording
from executor.testing.recording_chains import recorded_chains
from executor.testing.replies import Reply, look_up, world

HERE, THERE = Address(b"\x01" * 20), Address(b"\x02" * 20)
TOPIC, OTHER = Digest(b"\x07" * 32), Digest(b"\x08" * 32)
SECRET = b"marker-secret"
PRICE, STALE = Call(HERE, b"\x01"), Call(HERE, b"\x02")
WORLD: dict[str, Any] = {
    f"evm.call://5/{HERE}/0x01": "0xaa",
    f"evm.call://5/{HERE}/0x01@90": "0xbb",
    f"evm.call://5/{HERE}/0x02": Reply(error="evm-reverted"),
    f"evm.call://5/{HERE}/0x{SECRET.hex()}": "0xcc",
    f"evm.balance://5/{THERE}": "258",
    "evm.block://5/finalized": {"number": 90, "hash": "0x" + "99" * 32},
    f"evm.logs://5/{HERE}": [
        {"topics": [str(TOPIC)], "data": "0x01", "block_number": 99, "index": 3},
        {"topics": [str(OTHER)], "data": "0x02", "block_number": 100, "index": 0},
    ],
}


async def asked(chain: EvmChain) -> list[object]:
    """Reads of every kind, some twice, at two blocks."""
    head, final = await chain.header(100), await chain.header("finalized")
    assert head is not None
    assert final is not None
    return [
        head,
        final,
        await chain.header(head.parent_hash),
        await chain.call(head.hash, PRICE),
        *await chain.call_many(final.hash, [PRICE, STALE]),
        await chain.call(head.hash, PRICE),
        await chain.balance(final.hash, THERE),
        await chain.log_range(90, head, LogFilter((HERE,), ((TOPIC,),))),
        await chain.log_range(90, head, LogFilter((HERE,), ((OTHER,),))),
        await chain.logs(head, LogFilter((HERE,))),
    ]


def test_a_replay_of_what_was_recorded_is_answered_alike() -> None:
    """The same name at two blocks, reverts, and logs of one contract asked for by different topics."""
    parent = Digest(b"\x55" * 32)
    request = Request.local(FunctionId(bytes(32)), chain_id=5)
    blocks = {"evm.block://5/100": {"parent_hash": str(parent)}, f"evm.block://5/{parent}": {"number": 99}}
    recording = Recording()
    live = RepliedChain(5, request, partial(look_up, world({**WORLD, **blocks})))
    (recorded,) = recorded_chains({5: live}, recording).values()
    answers = asyncio.run(asked(recorded))
    assert (answers[3], answers[4]) == (CallResult(True, b"\xaa"), CallResult(True, b"\xbb"))
    replayed = RepliedChain(5, request, partial(look_up, recording.replies))
    assert asyncio.run(asked(replayed)) == answers
    assert replayed.missing == set()


def test_what_holds_a_secret_in_its_calldata_is_not_recorded() -> None:
    """Nor what failed."""
    request = Request.local(FunctionId(bytes(32)), chain_id=5)
    recording = Recording([SECRET])
    live = RepliedChain(5, request, partial(look_up, world(WORLD)))
    (recorded,) = recorded_chains({5: live}, recording).values()

    async def call() -> None:
        head = await recorded.header(100)
        assert head is not None
        assert (await recorded.call(head.hash, Call(HERE, SECRET))).data == b"\xcc"

    asyncio.run(call())
    assert SECRET.hex() not in json.dumps(list(recording.replies))
    assert recording.secret == 1
