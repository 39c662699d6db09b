"""An epoch's draw key goes on in the next one where few members are new, and is a fresh one where it cannot."""

import asyncio
from dataclasses import replace

import pytest_asyncio
from node_bench import Node, make_epoch, make_keys, until

from executor.crypto.digests import request_id
from executor.crypto.draw_keys import check_draw_key
from executor.errors import TransactionFailed
from executor.model.committee import Epoch
from executor.protocol import keygen
from executor.protocol.dealings import FormerShares, encode_key_message
from executor.protocol.key_plan import attempt_request
from executor.protocol.resharing import RESHARED_ATTEMPTS
from executor.protocol.strategies import alone_member
from executor.transport.memory import MemoryNetwork

LIMIT_S = 90.0  # of a machine that does much else


class NoBoard:
    """A Beacon whose transactions fail: registering is not what these tests are about."""

    async def key_of(self, epoch, *, finalized=False):
        return None

    async def register(self, epoch, certified):
        raise TransactionFailed("no money")


def following(before: Epoch, *changed: int) -> Epoch:
    """The next epoch, in which others stand at these places."""
    members = list(before.members)
    for place in changed:
        keys = make_keys(10 * before.number + place).public
        parts = {"signer": keys.signer, "bls_key": keys.bls_key, "encryption_key": keys.encryption_key}
        members[place] = replace(members[place], **parts)
    return replace(before, number=before.number + 1, members=tuple(members))


class Committees:
    """The nodes of one epoch after the other; who stays has its files."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.epoch = make_epoch(4)
        self.who = [0, 1, 2, 3]
        self.before: Epoch | None = None
        self.nodes = self._nodes()

    def _nodes(self) -> list[Node]:
        network = MemoryNetwork(self.epoch)
        return [
            Node(self.folder / str(who), network, index, beacon=NoBoard(), keys=who, before=self.before)
            for index, who in enumerate(self.who)
        ]

    async def follow(self, *changed: int) -> None:
        """Begin the next epoch, nobody started yet."""
        await self.stop()
        self.before, self.epoch = self.epoch, following(self.epoch, *changed)
        for place in changed:
            self.who[place] = 10 * self.before.number + place
        self.nodes = self._nodes()

    async def make(self, *nodes: Node) -> str:
        """The public key that these, by default all, come to."""
        for node in nodes or self.nodes:
            if node.task is None:
                await node.start()
        return await self.made(*nodes)

    async def made(self, *nodes: Node, shares: bool = True) -> str:
        """The public key of these, by default of all, each with a share of it."""
        some = nodes or self.nodes
        await until(lambda: all(node.draw_keys.shown(self.epoch) is not None for node in some), LIMIT_S)
        await until(lambda: not shares or all(standing(node).share for node in some), LIMIT_S)
        (key,) = {standing(node).public_key for node in some}
        for node in some:
            check_draw_key(self.epoch, node.draw_keys.shown(self.epoch))
        return key

    async def stop(self) -> None:
        await asyncio.gather(*(node.stop() for node in self.nodes if node.task is not None and not node.task.done()))


@pytest_asyncio.fixture
async def committees(tmp_path, monkeypatch):
    monkeypatch.setattr(keygen, "RESHARED_ATTEMPTS", 32)  # however slow the machine is that runs this
    found = Committees(tmp_path)
    yield found
    await found.stop()


def standing(node):
    (found,) = node.draw_keys.standings()
    return found


def handed_on(*nodes):
    """What each said of its key."""
    return [event["handed_on"] for node in nodes for event in node.told("draw-key")]


async def test_a_key_stays_over_two_handovers_to_other_members(committees):
    """Each time one place changes hands: whoever is new learns from the others what is dealt, and has its share."""
    first = await committees.make()
    shares = [committees.nodes[0].draw_keys.known(committees.epoch).shares]
    for place in (3, 0):
        await committees.follow(place)
        assert await committees.make() == first
        assert handed_on(committees.nodes[place]) == [True]
        shares.append(committees.nodes[1].draw_keys.known(committees.epoch).shares)
    assert len({share for each in shares for share in each}) == 12


async def test_where_two_of_four_are_new_a_fresh_key_is_made(committees):
    """At once: no signer would deal its share to them."""
    first = await committees.make()
    await committees.follow(2, 3)
    assert await committees.make() != first
    assert handed_on(*committees.nodes) == [False] * 4


async def test_where_too_few_hold_shares_a_fresh_key_is_made(committees, monkeypatch):
    """Two of the three that stay lost them: the attempts that would hand the key on end, at every member alike."""
    monkeypatch.setattr(keygen, "SHORT_ROUNDS", 2)
    monkeypatch.setattr(keygen, "RESHARED_ATTEMPTS", RESHARED_ATTEMPTS)
    first = await committees.make()
    for node in committees.nodes[:2]:
        await node.draw_keys.abandon(1)
    await committees.follow(3)
    assert await committees.make() != first
    assert max(standing(node).attempt for node in committees.nodes) >= RESHARED_ATTEMPTS
    assert handed_on(committees.nodes[3]) == [False]


async def test_where_the_epoch_before_has_no_key_a_fresh_one_is_made(committees, monkeypatch):
    """Its members named no Beacon, say."""
    monkeypatch.setattr(keygen, "SHORT_ROUNDS", 2)
    monkeypatch.setattr(keygen, "RESHARED_ATTEMPTS", RESHARED_ATTEMPTS)
    await committees.follow(1)
    await committees.make()
    assert max(standing(node).attempt for node in committees.nodes) >= RESHARED_ATTEMPTS


async def test_members_that_are_killed_while_a_key_is_handed_on_go_on(committees):
    first = await committees.make()
    await committees.follow(3)
    for node in committees.nodes:
        await node.start()
    for node, after_s in zip(committees.nodes[1:], (0.05, 0.2, 0.3), strict=True):
        await asyncio.sleep(after_s)
        await node.stop()
        await node.start()
    assert await committees.made() == first


async def test_a_new_member_that_comes_late_learns_what_was_dealt_from_those_who_restarted(committees):
    """All that they have is in their journals."""
    first = await committees.make()
    await committees.follow(3)
    early, late = committees.nodes[:3], committees.nodes[3]
    assert await committees.make(*early) == first
    for node in early:
        await node.stop()
        await node.start()
    await late.start()
    assert await committees.made() == first


async def test_who_missed_the_fallback_comes_to_the_fresh_key(committees, monkeypatch):
    """It believes that a key is to be handed on, until it is shown what a quorum signed."""
    monkeypatch.setattr(keygen, "SHORT_ROUNDS", 2)
    monkeypatch.setattr(keygen, "RESHARED_ATTEMPTS", RESHARED_ATTEMPTS)
    await committees.make()
    for node in committees.nodes[:2]:
        await node.draw_keys.abandon(1)
    await committees.follow(3)
    requests = [request_id(attempt_request(committees.epoch, attempt)) for attempt in range(3)]
    named = {alone_member(request, 4) for request in requests}  # without one of them an attempt takes long
    late, *early = sorted(committees.nodes, key=lambda node: node.index in named)
    fresh = await committees.make(*early)
    await late.start()
    assert await committees.made() == fresh


async def test_a_liars_word_about_the_former_key_is_nobodys(committees):
    """The others' two say something else; who was a member before asks nobody."""
    first = await committees.make()
    await committees.follow(3)
    late = committees.nodes[3]
    false = encode_key_message(FormerShares((bytes(96),) * 4))
    await late.start()
    await late.deliver(1, false)
    await committees.nodes[0].start()
    await committees.nodes[0].deliver(1, false)
    assert await committees.make() == first
    assert handed_on(late) == [True]


async def test_a_member_that_cannot_read_the_epoch_before_comes_to_the_key_that_the_others_hand_on(committees):
    """Without a share: it judges nothing, and believes a quorum."""
    first = await committees.make()
    await committees.follow()
    named = alone_member(request_id(attempt_request(committees.epoch, 0)), 4)
    ignorant = committees.nodes[(named + 1) % 4]
    ignorant.before = None
    for node in committees.nodes:
        await node.start()
    assert await committees.made(shares=False) == first
    assert ignorant.told("draw-key-not-handed-on")
    assert handed_on(ignorant) == [True]
    assert [standing(node).share for node in committees.nodes].count(False) == 1
