"""A chain as functions read it: at one block, by its hash, from endpoints of which a minority lies or is broken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from executor.chain.accounts import dev_accounts
from executor.chain.bloom import bloom_of
from executor.chain.contracts import calldata
from executor.chain.reader import DOUBTED_TIMES, LOOKED_AT, MAX_DOUBTS, ChainReader
from executor.crypto.digests import keccak256
from executor.errors import ChainDisagreement, ChainUnavailable, ReplyTooLarge, RpcRefused, WrongChain
from executor.model.evm import Call, CallResult, Header, LogFilter
from executor.model.ids import Address, Digest

from .made_up_chain import CHAIN_ID, WORD, Twist, World, hanging, honest, html, log, network, refusing, saying
from .support import Scene

CONTRACT = Address(b"\xaa" * 20)
BLOCK = Digest(bytes(31) + b"\x05")
HEADER = Header(5, BLOCK, Digest(bytes(31) + b"\x04"), 1_005, 7)
CALL = Call(CONTRACT, b"\x01\x02\x03\x04")
TOPIC = Digest.from_hex(WORD)


class Chain(World):
    """The made-up chain, also by hash."""

    def answer(self, method: str, params: Any) -> Any:
        """The truth."""
        if method == "eth_getBlockByHash":
            return self.block(int(params[0][-8:], 16))
        return super().answer(method, params)


@asynccontextmanager
async def reading(*twists: Twist, **answers: Any) -> AsyncIterator[ChainReader]:
    """A reader of endpoints that twist one truth."""
    async with network(*twists, world=Chain()) as net:
        net.world.answers |= answers
        reader = ChainReader([each.url for each in net.served], CHAIN_ID, attempts=1, timeout_s=2.0)
        yield reader
        await reader.close()


async def test_a_real_chain_is_read_at_a_block_that_is_past(scene: Scene) -> None:
    """Header, balance, call and logs are those of the block that is named, whatever happened since."""
    reader = ChainReader([scene.chain.url], scene.client.chain_id)
    seen = await scene.request(b"first")
    block = await reader.header(seen.location.block_number)
    assert block is not None
    assert (block.hash, block.timestamp) == (seen.location.block_hash, seen.request.block_timestamp)
    assert block.parent_hash == seen.request.parent_hash
    assert await reader.header(block.hash) == block
    payer = dev_accounts()[0].address
    balance = await reader.balance(block.hash, Address(payer))
    nonce = Call(scene.client.router, calldata("Router", "committee"))
    before = await reader.call(block.hash, nonce)
    await scene.request(b"second")
    assert await reader.balance(block.hash, Address(payer)) == balance
    assert await reader.call(block.hash, nonce) == before
    assert before.succeeded
    requested = Digest(keccak256(b"no such event"))
    every = LogFilter((scene.client.router,))
    (found,) = [each for each in await reader.logs(block, every) if seen.request_id in each.topics]
    assert (found.block_hash, found.transaction) == (block.hash, seen.location.transaction)
    assert await reader.logs(block, LogFilter((scene.client.router,), ((requested,),))) == []
    ranged = await reader.log_range(
        max(0, block.number - 5), block, LogFilter((scene.client.router,), (found.topics[:1],))
    )
    assert found in ranged
    assert {each.topics[0] for each in ranged} == {found.topics[0]}
    assert (await reader.header("finalized")) is not None
    assert await reader.header(10**9) is None
    await reader.close()


async def test_a_revert_is_a_result_with_its_data(scene: Scene) -> None:
    """A view that reverts, and a function that is not there."""
    reader = ChainReader([scene.chain.url], scene.client.chain_id)
    block = await reader.header((await scene.client.head()).number)
    assert block is not None
    result = await reader.call(block.hash, Call(scene.client.router, b"\xff\xff\xff\xff"))
    assert not result.succeeded
    assert await reader.call(block.hash, Call(Address(b"\x99" * 20), b"")) == CallResult(True, b"")
    await reader.close()


@pytest.mark.parametrize(
    "liar",
    [
        saying("eth_call", "0x" + "cd" * 32),
        saying("eth_call", "0x"),
        saying("eth_call", {"a": 1}),
        saying("eth_call", "0x" + "00" * 200_000),
        refusing(3, "execution reverted", "0x08c379a0", of="eth_call"),
        refusing(-32000, "header not found", of="eth_call"),
        html,
        hanging,
        saying("eth_chainId", "0x1"),
    ],
)
async def test_one_of_three_that_lies_lags_or_breaks_changes_nothing(liar: Twist) -> None:
    """Two give what they give."""
    async with reading(liar, honest, honest) as reader:
        assert await reader.call(BLOCK, CALL) == CallResult(True, bytes.fromhex(WORD[2:]))


@pytest.mark.parametrize(
    ("twists", "raised"),
    [
        ((saying("eth_call", "0x01"), saying("eth_call", "0x02"), honest), ChainDisagreement),
        ((html, html, honest), ChainUnavailable),
        ((saying("eth_call", "0x" + "00" * 200_000),), ReplyTooLarge),
        ((refusing(-32000, "missing trie node", of="eth_call"),), RpcRefused),
        ((saying("eth_chainId", "0x1"),), WrongChain),
        ((saying("eth_call", "0xabc"),), ChainUnavailable),
        ((saying("eth_call", 7),), ChainUnavailable),
    ],
)
async def test_without_a_majority_there_is_no_answer(twists: tuple[Twist, ...], raised: type[Exception]) -> None:
    """Also a single endpoint's nonsense is none."""
    async with reading(*twists) as reader:
        with pytest.raises(raised):
            await reader.call(BLOCK, CALL)


async def test_a_balance_at_a_block_is_the_same_for_all_or_none() -> None:
    """There is no greatest that enough reach: at one block balances do not differ."""
    more = saying("eth_getBalance", "0x9")
    async with reading(honest, more, honest, eth_getBalance="0x5") as reader:
        assert await reader.balance(BLOCK, CONTRACT) == 5
    async with reading(honest, more, eth_getBalance="0x5") as reader:
        with pytest.raises(ChainDisagreement):
            await reader.balance(BLOCK, CONTRACT)


async def test_many_calls_are_made_side_by_side_and_fail_together() -> None:
    """In their order; what one is refused, all are."""
    async with reading(honest) as reader:
        assert await reader.call_many(BLOCK, [CALL] * 40) == [CallResult(True, bytes.fromhex(WORD[2:]))] * 40
        assert reader.answered == 40

    def third(_world: World, method: str, params: Any, answer: Any) -> Any:
        refused = method == "eth_call" and params[0]["data"] == "0x03"
        return {"error": {"code": -32000, "message": "out of gas"}} if refused else answer

    async with reading(third) as reader:
        with pytest.raises(RpcRefused):
            await reader.call_many(BLOCK, [Call(CONTRACT, bytes([each])) for each in range(5)])


async def test_calls_name_the_block_by_hash_and_their_gas() -> None:
    """EIP-1898: an endpoint on another fork has no such block; 2^24 gas everywhere."""
    asked: list[Any] = []

    def note(_world: World, method: str, params: Any, answer: Any) -> Any:
        asked.append((method, params))
        return answer

    async with reading(note) as reader:
        await reader.call(BLOCK, CALL)
    plain = {"to": str(CONTRACT), "data": "0x01020304", "gas": "0x1000000"}
    assert ("eth_call", [plain, {"blockHash": str(BLOCK)}]) in asked


def logged(**changes: Any) -> dict[str, Any]:
    """A log of the contract in block 5 of the made-up chain."""
    return {**log(0), "blockHash": str(BLOCK), **changes}


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "0x" + "bb" * 20},
        {"topics": ["0x" + "cd" * 32]},
        {"topics": []},
        {"blockNumber": "0x3"},
        {"blockHash": WORD},
    ],
)
async def test_logs_that_were_not_asked_for_are_no_answer(wrong: dict[str, Any]) -> None:
    """Another address, topic, block, or a block of another fork."""
    wanted = LogFilter((CONTRACT,), ((TOPIC,),))
    async with reading(honest, eth_getLogs=[logged()]) as reader:
        assert [each.index for each in await reader.logs(HEADER, wanted)] == [0]
    async with reading(honest, eth_getLogs=[logged(**wrong)]) as reader:
        with pytest.raises(ChainUnavailable, match="not asked for"):
            await reader.logs(HEADER, wanted)


async def test_logs_that_a_bloom_names_and_an_index_does_not_have_yet_are_waited_for() -> None:
    """An index behind its own head, at every endpoint: no answer rather than an empty one."""
    bloom = "0x" + bloom_of([(CONTRACT, [TOPIC])]).hex()

    def bloomed(_world: World, method: str, _params: Any, answer: Any) -> Any:
        return {**answer, "logsBloom": bloom} if method.startswith("eth_getBlock") else answer

    async with reading(bloomed) as reader:
        with pytest.raises(ChainUnavailable, match="not there yet"):
            await reader.logs(HEADER, LogFilter((CONTRACT,), ((TOPIC,),)))
        assert await reader.logs(HEADER, LogFilter((Address(b"\xbb" * 20),))) == []


def bloomed(*numbers: int, topic: Digest = TOPIC) -> Twist:
    """The headers of these blocks name a log of the contract."""
    bloom = "0x" + bloom_of([(CONTRACT, [topic])]).hex()

    def twist(_world: World, method: str, _params: Any, answer: Any) -> Any:
        named = method.startswith("eth_getBlock") and int(answer["number"], 16) in numbers
        return {**answer, "logsBloom": bloom} if named else answer

    return twist


def indexed(first: Twist, **of_block: list[dict[str, Any]]) -> Twist:
    """An index that has logs of one block, by its hash, and none of any range."""

    def twist(world: World, method: str, params: Any, answer: Any) -> Any:
        if method != "eth_getLogs":
            return first(world, method, params, answer)
        return of_block.get("b" + str(int(params[0].get("blockHash", "0x0")[-8:], 16)), [])

    return twist


async def test_the_last_blocks_of_a_range_are_looked_at_whole_where_their_blooms_name_what_is_missing() -> None:
    """Of an index that lags there is no answer, of an endpoint that leaves out what it has the whole one."""
    wanted, there = LogFilter((CONTRACT,), ((TOPIC,),)), logged(blockNumber="0x4", blockHash="0x" + f"{4:064x}")
    async with reading(bloomed(4)) as reader:
        with pytest.raises(ChainUnavailable, match="not there yet"):
            await reader.log_range(1, HEADER, wanted)
        assert await reader.log_range(5, HEADER, wanted) == []
    async with reading(bloomed(4), eth_getLogs=[there]) as reader:
        assert len(await reader.log_range(1, HEADER, wanted)) == 1
    async with reading(indexed(bloomed(4), b4=[there])) as reader:
        assert [each.block_number for each in await reader.log_range(1, HEADER, wanted)] == [4]
    # The bloom is of another log's topic, which stands in the block: nothing was left out.
    other = {**there, "topics": ["0x" + "cd" * 32, WORD]}
    async with reading(indexed(bloomed(4), b4=[other])) as reader:
        assert await reader.log_range(1, HEADER, wanted) == []


async def test_a_block_that_stays_without_the_logs_of_its_bloom_is_believed_in_the_end() -> None:
    """Blooms of a chain's own must not stop who follows it; each block has its own count."""
    wanted = LogFilter((CONTRACT,), ((TOPIC,),))
    async with reading(bloomed(4)) as reader:
        for _ in range(DOUBTED_TIMES):
            with pytest.raises(ChainUnavailable, match="not there yet"):
                await reader.log_range(1, HEADER, wanted)
        assert await reader.log_range(1, HEADER, wanted) == []
        for place in range(MAX_DOUBTS):
            with pytest.raises(ChainUnavailable, match="not there yet"):
                reader._doubt(str(place))
        with pytest.raises(ChainUnavailable, match="not there yet"):
            await reader.log_range(1, HEADER, wanted)


async def test_of_a_long_range_the_last_blocks_are_enough() -> None:
    """Where an index lags, it lags at the end; headers of a thousand blocks would cost more than the logs."""
    asked: list[str] = []

    def note(world: World, method: str, params: Any, answer: Any) -> Any:
        asked.append(method)
        world.head = 1_000
        return world.block(int(params[0], 16)) if method == "eth_getBlockByNumber" else answer

    last = Header(1_000, Digest(bytes(30) + b"\x10\x00"), HEADER.parent_hash, 1_005, 7)
    async with reading(note) as reader:
        with pytest.raises(ChainUnavailable, match="no longer"):  # the made-up hash is another's
            await reader.log_range(1, last, LogFilter((CONTRACT,)))
    assert asked.count("eth_getBlockByNumber") == LOOKED_AT + 1


async def test_a_range_that_was_reorganised_while_it_was_read_is_no_answer() -> None:
    """The range's last block is looked up again afterwards."""
    async with reading(honest) as reader:
        assert await reader.log_range(1, HEADER, LogFilter((CONTRACT,))) == []
    moved = Header(5, Digest(b"\x01" * 32), HEADER.parent_hash, 1_005, 7)
    async with reading(honest) as reader:
        with pytest.raises(ChainUnavailable, match="no longer"):
            await reader.log_range(1, moved, LogFilter((CONTRACT,)))


async def test_a_range_that_endpoints_do_not_take_is_too_large() -> None:
    """So the guest asks for less."""
    async with reading(refusing(-32000, "block range too wide", of="eth_getLogs")) as reader:
        with pytest.raises(ReplyTooLarge):
            await reader.log_range(1, HEADER, LogFilter((CONTRACT,)))


async def test_a_machine_behind_the_same_url_that_lags_is_asked_again() -> None:
    """What is refused once is answered by the next."""
    refused: list[str] = []

    def flaky(_world: World, method: str, _params: Any, answer: Any) -> Any:
        if method == "eth_call" and not refused:
            refused.append(method)
            return {"error": {"code": -32000, "message": "header not found"}}
        return answer

    async with reading(flaky) as reader:
        assert (await reader.call(BLOCK, CALL)).succeeded
    assert refused


async def test_keys_in_urls_stay_out_of_what_is_told() -> None:
    """Errors name hosts."""
    reader = ChainReader(["http://127.0.0.1:9/v2/marker-key"], CHAIN_ID, attempts=1)
    with pytest.raises(ChainUnavailable) as caught:
        await reader.call(BLOCK, CALL)
    await reader.close()
    assert "marker-key" not in str(caught.value)


async def test_a_body_without_end_is_given_up_on() -> None:
    """At the bound, whatever was announced."""
    async with reading(lambda *_: web.Response(body=b"0" * 3_000_000)) as reader:
        with pytest.raises(ChainUnavailable):
            await reader.header(5)
