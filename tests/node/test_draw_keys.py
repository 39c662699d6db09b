"""Drivers of a committee make its draw key: real signers, journals and envelopes, and a dictionary for a Beacon."""

import asyncio
import json
import random
from dataclasses import replace

import pytest
import pytest_asyncio
from node_bench import Node, make_epoch, make_request, one_slot, until

from executor.chain.client import Receipt
from executor.crypto.digests import keccak256, request_id
from executor.crypto.draw_keys import check_draw_key
from executor.errors import (
    InsufficientFunds,
    InvalidManifest,
    InvalidValue,
    RuleBroken,
    SignerUnavailable,
    TransactionFailed,
)
from executor.model.draw_key import CertifiedDrawKey, DrawKey
from executor.model.ids import Digest
from executor.model.manifest import parse_manifest
from executor.model.receipt import ChainLocation
from executor.model.report import Scheme
from executor.node.draw_key import registration
from executor.node.draw_key.registration import TURN_ROUNDS, Registration
from executor.protocol.dealings import Holdings, Wanted, encode_key_message
from executor.protocol.effects import ALL
from executor.protocol.key_plan import FUNCTION, Plan
from executor.protocol.keygen import KeyGeneration
from executor.protocol.strategies import alone_member
from executor.store.events import EventLog
from executor.transport.memory import MemoryNetwork

LIMIT_S = 90.0  # of a machine that does much else; a key takes one


class Board:
    """What a Beacon says: one key an epoch; `slow_s` until a transaction is mined."""

    def __init__(self) -> None:
        self.kept: dict[int, bytes] = {}
        self.final: dict[int, bytes] = {}
        self.sent = 0
        self.slow_s = 0.0
        self.failing: list[Exception] = []

    async def key_of(self, epoch, *, finalized=False):
        return (self.final if finalized else self.kept).get(epoch.number)

    async def register(self, epoch, certified):
        if self.failing:
            raise self.failing.pop(0)
        self.sent += 1
        await asyncio.sleep(self.slow_s)
        if epoch.number in self.kept:
            raise TransactionFailed("registerDrawKey: DrawKeyTaken")
        self.kept[epoch.number] = self.final[epoch.number] = certified.key.public_key
        return Receipt(ChainLocation(Digest(bytes(32)), 1, Digest(bytes(32))), True, 180_000, None, ())


@pytest.fixture
def board():
    return Board()


@pytest_asyncio.fixture
async def committee(tmp_path, board):
    network = MemoryNetwork(make_epoch(4))
    nodes = [Node(tmp_path / str(index), network, index, beacon=board) for index in range(4)]
    yield nodes
    await asyncio.gather(*(node.stop() for node in nodes if node.task is not None and not node.task.cancelled()))


def standing(node):
    (found,) = node.draw_keys.standings()
    return found


def has_key(*nodes):
    return all(standing(node).share and standing(node).state != "making" for node in nodes)


async def start(*nodes):
    for node in nodes:
        await node.start()


async def test_members_make_a_key_and_one_of_them_registers_it(committee, board, monkeypatch):
    """Everybody shows the same key; nothing of its making is delivered, kept as a receipt, or counted as a run."""
    monkeypatch.setattr(registration, "TURN_ROUNDS", 1)
    await start(*committee)
    await until(lambda: all(standing(node).state == "registered" for node in committee), LIMIT_S)
    assert {board.kept[1]} == {bytes.fromhex(standing(node).public_key[2:]) for node in committee}
    assert {standing(node).hash for node in committee} == {standing(committee[0]).hash}
    assert board.sent == 1
    for node in committee:
        assert (node.attested, node.transmitted) == ([], [])
        assert {"executed", "observed", "attested"}.isdisjoint(event.kind for event in node.events.after(0))
        check_draw_key(node.network.epoch, node.draw_keys.shown(node.network.epoch))


async def test_a_request_beside_it_is_attested_alone(committee):
    """The attempt's report is in nobody's batch: the router would know nothing of it."""
    for node in committee:
        node.runs.run = one_slot
    await start(*committee)
    keys = [await node.see(make_request(nonce)) for node in committee for nonce in range(3)]
    await until(lambda: has_key(*committee) and all(len(node.attested) == 3 for node in committee), LIMIT_S)
    reports = [report for node in committee for sent in node.transmitted for report in sent.attestation.reports]
    assert {report.request_id for report in reports} == set(keys)
    assert FUNCTION not in {report.function_id for report in reports}


@pytest.mark.parametrize("seed", range(3))
async def test_members_that_are_killed_go_on(committee, seed):
    """Two of four, at any moment, with what their files say: they come to the same key, and have a share each."""
    dice = random.Random(seed)
    await start(*committee)
    for node in dice.sample(committee, 2):
        await asyncio.sleep(dice.uniform(0.0, 0.5))
        await node.stop()
        await node.start()
    await until(lambda: has_key(*committee), LIMIT_S)
    assert len({standing(node).public_key for node in committee}) == 1


async def test_a_member_that_comes_late_is_answered_by_those_who_restarted(committee):
    """What was made is in the journal: dealings, the list, the certified key; the attempts' records are gone."""
    request = KeyGeneration(make_epoch(4), 0, Plan(2, 4, 0)).request(0)
    named = alone_member(request_id(request), 4)  # a list comes from it: without it the first attempt takes long
    late, *early = sorted(committee, key=lambda node: node.index == named)
    await start(*early)
    await until(lambda: has_key(*early), LIMIT_S)
    for node in early:
        await node.stop()
    await start(*early)
    await until(lambda: has_key(*early), LIMIT_S)
    for node in early:
        assert list(node.journal.load("record")) == []
    await start(late)
    await until(lambda: has_key(late), LIMIT_S)
    assert {standing(node).public_key for node in committee} == {standing(late).public_key}


async def test_who_floods_is_heard_as_often_as_an_honest_member_speaks(committee):
    """Each holdings is answered with some kilobytes: no more than that of them is read."""
    await start(*committee)
    await until(lambda: has_key(*committee), LIMIT_S)
    node, said = committee[0], []
    node.draw_keys._served[1].making._traffic = lambda way, _peer, _kind, _size: said.append(way)
    for _ in range(1_000):
        await node.deliver(1, encode_key_message(Holdings(b"")))
    await asyncio.sleep(0.2)
    most = 4 * (4 + 16)
    assert most - 20 <= said.count("in") <= most + 20  # what that member said just before counts, too
    assert said.count("out") <= 2 * said.count("in")
    assert node.told("unheard")


async def test_a_key_is_begun_when_its_epoch_is_final(committee):
    """A reorganisation may put another epoch there: to a signer its members would be others, for good, and no key of it
    could be made any more."""
    for node in committee:
        node.epoch_is_final = False
    await start(*committee)
    await asyncio.sleep(0.3)
    assert [node.record.epochs() for node in committee] == [[]] * 4
    for node in committee:
        await node.draw_keys.abandon(1)
        await node.stop()
        node.epoch_is_final = True
    await start(*committee)
    await until(lambda: has_key(*committee), 30)


async def test_a_key_is_forgotten_with_its_epoch(committee):
    """In the journal and in the signer, which then has nothing to sign with."""
    await start(*committee)
    await until(lambda: has_key(*committee), LIMIT_S)
    node, epoch = committee[0], committee[0].network.epoch
    shares = node.draw_keys._served[1].shares
    await node.draw_keys.abandon(1)
    assert node.draw_keys.known(epoch) is None
    assert (node.draw_keys.standings(), node.draw_keys.shown(epoch)) == ([], None)
    with pytest.raises(InvalidValue, match="begun"):
        await shares.open(())


async def test_who_talks_without_end_keeps_nobody_from_its_rounds(committee):
    """What others may have missed is said again in its time, however much waits to be read."""
    node, said = committee[0], []
    await node.start()
    node.draw_keys._served[1].making._traffic = lambda way, peer, kind, _size: said.append((way, peer, kind))
    for _ in range(50):
        await node.deliver(1, encode_key_message(Holdings(b"")))
        await asyncio.sleep(0.02)
    assert ("out", ALL, "holdings") in said


async def test_what_is_no_message_is_its_senders_fault(committee):
    await start(committee[0])
    for data in (b"{}", b'{"type":"dealing"}', b"{" + b"a" * 100_000, b'{"dealer":9,"hash":"0x","type":"wanted"}'):
        with pytest.raises(RuleBroken):
            await committee[0].deliver(1, data)
    await committee[0].deliver(1, encode_key_message(Wanted(9, keccak256(b""))))
    await until(lambda: committee[0].told("refused"))
    assert "dealer 9 of 4 is wanted" in committee[0].told("refused")[0]["reason"]


async def test_a_node_without_a_beacon_leaves_such_functions_out(tmp_path):
    """It says so, makes no key, and takes what others say of theirs for nothing."""
    node = Node(tmp_path / "0", MemoryNetwork(make_epoch(4)), 0)
    await node.start()
    await node.deliver(1, b"{}")
    terms = parse_manifest(
        '[function]\nname = "a"\nlanguage = "wasm"\nsource = "a.wasm"\n[capabilities.random]\nsource = "committee"\n'
    ).terms
    with pytest.raises(InvalidManifest, match=r"names no \[random\] beacon"):
        node.draw_keys.check(terms)
    assert node.draw_keys.standings() == []
    await node.stop()


# Registration.


class Clock:
    """Turn `turn` of an epoch with rounds of a second."""

    def __init__(self, turn: int) -> None:
        self.now = float(turn * TURN_ROUNDS)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def certified():
    return CertifiedDrawKey(DrawKey(b"\1" * 96, Digest(bytes(32)), (b"\2" * 96,) * 4), Scheme.ECDSA, b"")


async def test_only_the_member_whose_turn_it_is_pays(certified, tmp_path):
    """And the next one, when the first is down."""
    epoch, events, board = make_epoch(4), EventLog(tmp_path / "events"), Board()
    for turn in range(4):
        board.kept.clear()
        sent = board.sent
        for index in range(4):
            await Registration(epoch, index, board, events, clock=Clock(turn))._step(certified)
        assert board.sent == sent + 1
        assert board.kept[1] == certified.key.public_key


async def test_a_key_that_somebody_registered_meanwhile_is_as_good(certified, tmp_path):
    """Two clocks that differ: both send, one transaction fails, and nothing is told."""
    epoch, events, board = make_epoch(4), EventLog(tmp_path / "events"), Board()
    board.slow_s = 0.05
    both = [Registration(epoch, index, board, events, clock=Clock(index)) for index in (0, 1)]
    await asyncio.gather(*(each._step(certified) for each in both))
    assert [each.standing for each in both] == ["final", "final"]
    assert board.sent == 2
    assert [event.kind for event in events.after(0)] == ["draw-key-registered"]


async def test_another_key_at_the_beacon_is_told(certified, tmp_path):
    epoch, events, board = make_epoch(4), EventLog(tmp_path / "events"), Board()
    board.kept[1] = bytes(96)
    one = Registration(epoch, 0, board, events, clock=Clock(0))
    await one.run(certified)
    assert (one.standing, board.sent) == ("another", 0)
    assert "another draw key of epoch 1" in json.loads((tmp_path / "events").read_text())["reason"]


async def test_who_cannot_pay_now_tries_again_in_its_next_turn(certified, tmp_path):
    """A signer that does not answer costs a turn, and not the node."""
    epoch, events, board = make_epoch(4), EventLog(tmp_path / "events"), Board()
    board.failing = [SignerUnavailable("the signer is being restarted"), InsufficientFunds("no ether")]
    one = Registration(replace(epoch, round_length_s=1), 0, board, events, clock=Clock(0))
    running = asyncio.create_task(one.run(certified))
    await until(lambda: board.kept, LIMIT_S)
    running.cancel()
    told = [event.fields["reason"] for event in events.after(0) if event.kind == "draw-key-unregistered"]
    assert told == ["the signer is being restarted", "no ether"]


async def test_a_key_that_a_reorganisation_took_is_registered_again(certified, tmp_path):
    """Until a finalized block has it, it is looked for."""
    epoch, events, board = make_epoch(4), EventLog(tmp_path / "events"), Board()
    one = Registration(epoch, 0, board, events, clock=Clock(0))
    board.kept[1] = certified.key.public_key
    await one._step(certified)
    assert one.standing == "yes"
    board.kept.clear()
    await one._step(certified)
    assert (one.standing, board.sent) == ("final", 1)


def test_requests_of_attempts_are_nobodys_on_chain():
    """Each attempt has its own, the same at every member and another in every epoch."""
    epoch = make_epoch(4)
    other = replace(epoch, number=2)
    ids = [
        request_id(KeyGeneration(each, 0, Plan(2, 4, 0)).request(attempt))
        for each in (epoch, other)
        for attempt in (0, 1)
    ]
    assert len(set(ids)) == 4
