"""evm@1: which chains and blocks a guest may read, what it is told, and where it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from eth_abi.abi import decode as abi_decode

from executor.capabilities.evm import BLOCK_RANGE, EvmCapability, EvmSettings
from executor.capabilities.evm_messages import (
    MAX_CALLS,
    decode_header,
    decode_logs_response,
    decode_results,
    encode_request,
)
from executor.errors import (
    ChainDisagreement,
    ChainError,
    ChainUnavailable,
    ReplyTooLarge,
    RpcRefused,
    WrongChain,
)
from executor.model.evm import Call, CallResult, Header, Log, LogFilter
from executor.model.ids import Address, Digest, FunctionId
from executor.model.manifest import EvmCapability as EvmTerms
from executor.model.request import Request
from executor.vm.capabilities import Answer, Refusal, Response

HOME, OTHER = 31337, 8453
TOKEN = "0x" + "aa" * 20
DATA = "0x70a08231" + "00" * 32
TERMS = EvmTerms(chains=[HOME, OTHER])


def header(number: int, fork: int = 0) -> Header:
    """A block of a chain, or of a fork of it."""
    hashes = [Digest(bytes([fork]) + each.to_bytes(31, "big")) for each in (number, max(0, number - 1))]
    return Header(number, *hashes, 1_000 + number, 7)


REQUEST = replace(
    Request.local(FunctionId(bytes(32))),
    chain_id=HOME,
    block_number=9,
    block_timestamp=1_009,
    parent_hash=header(8).hash,
)


@dataclass
class Chain:
    """A chain in memory; `fork` is where it stands, `fails` what it raises, `asked` where it was read."""

    head: int = 20
    fork: int = 0
    fails: ChainError | None = None
    reverts: bool = False
    slow_s: float = 0.0
    found: list[Log] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    lookups: int = 0

    async def header(self, block: int | Digest | str) -> Header | None:
        """By number, hash or tag."""
        self.lookups += 1
        number = self.head - 3 if block == "finalized" else block
        if isinstance(number, bytes):
            number = int.from_bytes(number[1:], "big")
        assert isinstance(number, int)
        return header(number, self.fork) if number <= self.head else None

    async def call(self, block: Digest, call: Call) -> CallResult:
        """The calldata's last byte, or a revert."""
        await asyncio.sleep(self.slow_s)
        self.asked.append((block, call))
        if self.fails:
            raise self.fails
        return CallResult(not self.reverts, call.data[-1:])

    async def call_many(self, block: Digest, calls: Sequence[Call]) -> list[CallResult]:
        """One by one."""
        return [await self.call(block, call) for call in calls]

    async def balance(self, block: Digest, address: Address) -> int:
        """Some wei."""
        self.asked.append((block, address))
        return 10**18

    async def logs(self, block: Header, wanted: LogFilter) -> Sequence[Log]:
        """Given ones."""
        self.asked.append((block.hash, wanted))
        return self.found

    async def log_range(self, first: int, last: Header, wanted: LogFilter) -> Sequence[Log]:
        """Given ones."""
        self.asked.append((first, last.hash, wanted))
        return self.found


def capability(home: Chain | None = None, other: Chain | None = None, **settings: Any) -> EvmCapability:
    """Of a node that has both chains."""
    chains = {HOME: home or Chain(), OTHER: other or Chain()}
    return EvmCapability(TERMS, REQUEST, EvmSettings(**{"chains": chains, **settings}))


async def ask(given: EvmCapability, operation: str, **fields: Any) -> Response:
    """One call of a guest."""
    return await given.call(operation, encode_request(**fields))


async def call(given: EvmCapability, **place: Any) -> Response:
    """evm.call of the token."""
    return await ask(given, "evm.call", to=TOKEN, data=DATA, **place)


async def test_without_a_block_the_requests_own_is_read_by_its_hash() -> None:
    """On the home chain, which need not be named."""
    home = Chain()
    given = capability(home)
    assert await call(given) == Answer(b"\x00")
    assert await call(given, chain=HOME) == Answer(b"\x00")
    assert {block for block, _ in home.asked} == {header(9).hash}
    assert home.lookups == 1


async def test_every_operation_answers_in_the_abi() -> None:
    """Return data as it is, a word, five words, and arrays."""
    log = Log(Address(b"\xaa" * 20), (header(1).hash,), b"data", 9, header(9).hash, header(2).hash, 4)
    given = capability(Chain(found=[log]))
    assert await ask(given, "evm.balance", address=TOKEN) == Answer((10**18).to_bytes(32, "big"))
    block = await ask(given, "evm.block")
    assert isinstance(block, Answer)
    assert decode_header(block.data) == header(9)
    assert abi_decode(["uint256", "bytes32"], block.data) == (9, bytes(header(9).hash))
    logs = await ask(given, "evm.logs", addresses=[TOKEN], topics=[None, [str(header(1).hash)]])
    assert isinstance(logs, Answer)
    assert decode_logs_response(logs.data) == [log]
    calls = [{"to": TOKEN, "data": "0x01"}, {"to": TOKEN, "data": "0x02"}]
    many = await ask(given, "evm.call_many", calls=calls)
    assert isinstance(many, Answer)
    assert decode_results(many.data) == [CallResult(True, b"\x01"), CallResult(True, b"\x02")]


async def test_a_revert_is_a_code_alone_and_a_result_among_many() -> None:
    """Its data is told where there is room for it."""
    given = capability(Chain(reverts=True))
    assert await call(given) == Refusal("evm-reverted")
    many = await ask(given, "evm.call_many", calls=[{"to": TOKEN, "data": "0x07"}])
    assert isinstance(many, Answer)
    assert decode_results(many.data) == [CallResult(False, b"\x07")]


@pytest.mark.parametrize(
    ("block", "read"),
    [(4, 4), (str(header(4).hash), 4), (8, 8)],
)
async def test_a_block_is_named_by_number_or_hash(block: int | str, read: int) -> None:
    """And read by its hash, on any chain."""
    for chain in (HOME, OTHER):
        seen = Chain()
        given = capability(seen, seen)
        assert await call(given, chain=chain, block=block) == Answer(b"\x00")
        assert [at for at, _ in seen.asked] == [header(read).hash]


async def test_the_last_final_block_is_told_and_nothing_is_read_there() -> None:
    """Nodes differ in it: it is agreed on first, as an observation of its own."""
    given = capability()
    found = await ask(given, "evm.block", chain=OTHER, block="finalized")
    assert isinstance(found, Answer)
    assert decode_header(found.data).number == 17
    assert await call(given, chain=OTHER, block="finalized") == Refusal("evm-bad-request")
    assert await ask(given, "evm.block", chain=OTHER, block="latest") == Refusal("evm-bad-request")


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ({"chain": 1}, "evm-chain-not-granted"),
        ({"chain": OTHER}, "evm-block-needed"),
        ({"block": 21}, "evm-no-block"),
        ({"block": 2**53}, "evm-bad-request"),
        ({"block": -1}, "evm-bad-request"),
        ({"block": "0x12"}, "evm-bad-request"),
        ({"block": 1.5}, "evm-bad-request"),
        ({"block": True}, "evm-bad-request"),
        ({"chain": "1"}, "evm-bad-request"),
        ({"chain": 0}, "evm-bad-request"),
        ({"gas": 5}, "evm-bad-request"),
        ({"from": TOKEN}, "evm-bad-request"),
    ],
)
async def test_a_place_that_is_none_is_refused(place: dict[str, Any], code: str) -> None:
    """By a stable code."""
    assert await call(capability(wait_s=0.0), **place) == Refusal(code)


async def test_a_granted_chain_that_the_node_has_not_is_refused() -> None:
    """The operator's configuration decides what can be read."""
    assert await call(capability(chains={})) == Refusal("evm-unknown-chain")


@pytest.mark.parametrize("block", [None, 9, 8])
async def test_another_fork_of_the_home_chain_is_not_believed(block: int | None) -> None:
    """The request commits to its parent: endpoints that all stand on another fork get no read."""
    home = Chain(fork=1)
    assert await call(capability(home), **({} if block is None else {"block": block})) == Refusal("evm-reorganised")
    assert home.asked == []


async def test_a_sibling_of_the_requests_block_is_told_by_its_time() -> None:
    """The same parent, another second."""
    request = replace(REQUEST, block_timestamp=1_010)
    given = EvmCapability(TERMS, request, EvmSettings({HOME: Chain()}))
    assert await call(given) == Refusal("evm-reorganised")


async def test_a_block_that_comes_a_moment_later_is_waited_for() -> None:
    """Endpoints are behind the member that saw the request, or behind the height that was agreed on."""
    home = Chain(head=8)
    given = capability(home)
    asking = asyncio.create_task(call(given))
    await asyncio.sleep(0.05)
    home.head = 9
    assert await asking == Answer(b"\x00")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ChainUnavailable("x"), "evm-unavailable"),
        (ChainDisagreement("x"), "evm-disagreement"),
        (WrongChain("x"), "evm-unavailable"),
        (ReplyTooLarge("x"), "evm-too-large"),
        (RpcRefused("eth_call", -32000, "out of gas"), "evm-refused"),
    ],
)
async def test_what_endpoints_do_wrong_is_a_code(error: ChainError, code: str) -> None:
    """Never an exception, alone or among many."""
    given = capability(Chain(fails=error))
    assert await call(given) == Refusal(code)
    assert await ask(given, "evm.call_many", calls=[{"to": TOKEN, "data": "0x"}] * 3) == Refusal(code)


async def test_slow_endpoints_end_with_a_code() -> None:
    """At an operation's time, and at the run's, however many operations it makes."""
    given = capability(Chain(slow_s=30.0), timeout_s=0.05)
    assert await call(given) == Refusal("evm-timeout")
    given = capability(Chain(slow_s=0.03), run_timeout_s=0.1)
    answers = [await call(given) for _ in range(10)]
    assert answers[0] == Answer(b"\x00")
    assert answers[-1] == Refusal("evm-timeout")


async def test_reads_of_a_run_are_counted() -> None:
    """Each call of many is one; what is refused for its number is not begun."""
    home = Chain()
    given = capability(home, reads=4)
    calls = [{"to": TOKEN, "data": "0x"}]
    assert isinstance(await ask(given, "evm.call_many", calls=calls * 3), Answer)
    assert await ask(given, "evm.call_many", calls=calls * 2) == Refusal("evm-too-many")
    assert isinstance(await call(given), Answer)
    assert await call(given) == Refusal("evm-too-many")
    assert len(home.asked) == 4
    assert await ask(capability(), "evm.call_many", calls=calls * (MAX_CALLS + 1)) == Refusal("evm-too-many")
    assert await ask(capability(), "evm.call_many", calls=[]) == Refusal("evm-bad-request")


async def test_log_ranges_are_bounded() -> None:
    """A thousand blocks at most, and none backwards."""
    home = Chain(head=5_000)
    given = capability(home)

    async def logs(first: int, last: int) -> Response:
        return await ask(given, "evm.logs", addresses=[TOKEN], from_block=first, block=last)

    assert isinstance(await logs(4_000, 4_000 + BLOCK_RANGE - 1), Answer)
    assert home.asked[0][0] == 4_000
    assert await logs(4_000, 4_000 + BLOCK_RANGE) == Refusal("evm-range")
    assert await logs(4_001, 4_000) == Refusal("evm-range")


async def test_more_logs_than_fit_are_too_large() -> None:
    """By their number, and by their bytes."""
    log = Log(Address(b"\xaa" * 20), (), b"", 9, header(9).hash, header(2).hash, 4)
    asked = {"addresses": [TOKEN]}
    assert await ask(capability(Chain(found=[log] * 1_001)), "evm.logs", **asked) == Refusal("evm-too-large")
    wide = replace(log, data=bytes(5_000))
    assert await ask(capability(Chain(found=[wide] * 1_000)), "evm.logs", **asked) == Refusal("evm-too-large")


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("evm.call", b""),
        ("evm.call", b"\xff"),
        ("evm.call", b"[]"),
        ("evm.call", b"[" * 10_000),
        ("evm.call", b'{"to":1,"data":"0x"}'),
        ("evm.call", b'{"to":"0x","data":"0x"}'),
        ("evm.call", b'{"data":"0x"}'),
        ("evm.call", b'{"to":"0x' + b"aa" * 20 + b'","data":"0x1"}'),
        ("evm.call", b'{"to":"0x' + b"aa" * 20 + b'","to":"0x' + b"bb" * 20 + b'","data":"0x"}'),
        ("evm.call", b'{"block":' + b"9" * 5_000 + b"}"),
        ("evm.call", b'{"block":NaN}'),
        ("evm.balance", b"{}"),
        ("evm.logs", b'{"addresses":[]}'),
        ("evm.logs", b'{"addresses":["0x' + b"aa" * 20 + b'"],"topics":[null,null,null,null,null]}'),
        ("evm.logs", b'{"addresses":["0x' + b"aa" * 20 + b'"],"topics":["0x00"]}'),
        ("evm.logs", b'{"addresses":["0x' + b"aa" * 20 + b'"],"block":"0x' + b"00" * 32 + b'"}'),
        ("evm.block", b'{"block":"pending"}'),
    ],
)
async def test_a_malformed_request_is_refused(operation: str, message: bytes) -> None:
    """Before anything is asked."""
    home = Chain()
    assert await capability(home).call(operation, message) == Refusal("evm-bad-request")
    assert home.lookups == 0


@pytest.mark.parametrize("operation", ["evm.send", "evm.sendRawTransaction", "evm.estimate", "evm."])
async def test_nothing_writes(operation: str) -> None:
    """No operation does; what there is reads."""
    assert await capability().call(operation, b"{}") == Refusal("unknown-operation")
