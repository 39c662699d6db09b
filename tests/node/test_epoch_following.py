"""Which epochs are served as the chain goes on: begun, refused, replaced, over."""

from dataclasses import dataclass, field, replace

import pytest
from node_bench import make_epoch

from executor.chain.bindings import committee as binding
from executor.chain.client import Block
from executor.chain.terms import GRACE_PERIOD_S, live_terms
from executor.chain.watcher import KEPT_BLOCKS
from executor.crypto.digests import profile_id
from executor.errors import ChainUnavailable
from executor.model.ids import Address, Digest
from executor.model.profile import PROFILE
from executor.node.conditions import Conditions
from executor.node.epochs import EpochFollower
from executor.store.events import EventLog

OURS = Address(b"\x01" * 20)
OWN = bytes(profile_id(PROFILE))
STRANGERS = tuple("0x" + bytes([n] * 20).hex() for n in (2, 3, 4))
MEMBERS = (str(OURS), *STRANGERS)


def info(start_block, *, operators=MEMBERS, profile=OWN, start_time=None):
    time = 10_000 + 10 * start_block if start_time is None else start_time
    return binding.Epoch(start_block, time, 4, profile, 1, 3, [], list(operators))


def block(number, timestamp=None):
    time = 10_000 + 10 * number if timestamp is None else timestamp
    return Block(number, Digest(bytes(32)), Digest(bytes(32)), time, 0, bytes(256))


class Chain:
    """A committee contract's views; `epochs[n - 1]` is epoch n."""

    committee = Address(b"\x03" * 20)

    def __init__(self, *epochs):
        self.epochs, self.down, self.asked = list(epochs), False, []

    def contract(self, _name, _address):
        return self

    @property
    def functions(self):
        return self

    def currentEpoch(self):
        return len(self.epochs)

    def epochInfo(self, number):
        self.asked.append(number)
        return self.epochs[number - 1]

    async def read(self, view, block=None):
        if self.down:
            raise ChainUnavailable("down")
        return view


@dataclass
class Served:
    """What a node does about epochs, remembered."""

    open: list[int] = field(default_factory=list)
    refuse: str | None = None
    busy: set[int] = field(default_factory=set)

    async def open_session(self, epoch, index):
        if self.refuse is None:
            self.open.append(epoch.number)
        return self.refuse

    async def close_session(self, number):
        self.open.remove(number)

    def is_done_with(self, number):
        return number not in self.busy


@pytest.fixture
def served():
    return Served()


@pytest.fixture
async def events(tmp_path):
    return EventLog(tmp_path / "events.jsonl")


@pytest.fixture
def following(served, events, monkeypatch):
    """`await following(chain)(block)` refreshes a follower of that chain."""
    monkeypatch.setattr(binding.Epoch, "from_abi", classmethod(lambda _cls, raw: raw))

    async def load(_chain, number):
        return replace(make_epoch(4), number=number)

    def follow(chain):
        return EpochFollower(OURS, chain, served, events, Conditions(), load=load)

    return follow


def told(events, kind):
    return [event.fields for event in events.after(0) if event.kind == kind]


async def test_an_epoch_is_served_once_it_stands_deep_enough(following, served):
    """Both are, while the old one has open requests; after that only the new one."""
    follower = following(Chain(info(5), info(100)))
    await follower.refresh(block(4))
    assert (served.open, follower.newest) == ([], 0)
    assert "no member of any epoch" in follower._conditions.reasons["epochs"]
    await follower.refresh(block(99))
    assert (served.open, follower.newest, follower._conditions.reasons) == ([1], 1, {})
    served.busy = {1}
    for number in (100, 100 + KEPT_BLOCKS):
        await follower.refresh(block(number))
        assert served.open == [1, 2]
    served.busy = set()
    await follower.refresh(block(99 + KEPT_BLOCKS))
    assert served.open == [1, 2]
    await follower.refresh(block(100 + KEPT_BLOCKS))
    await follower.refresh(block(101 + KEPT_BLOCKS))
    assert served.open == [2]


async def test_grace_ends_what_is_open(following, served, events):
    """Nobody can deliver it any more, by the chain's own time."""
    follower = following(Chain(info(5), info(100)))
    served.busy = {1}
    await follower.refresh(block(200))
    replaced_at = info(100).start_time
    await follower.refresh(block(200, replaced_at + GRACE_PERIOD_S - 1))
    assert served.open == [1, 2]
    await follower.refresh(block(200, replaced_at + GRACE_PERIOD_S))
    assert (served.open, told(events, "epoch-ended")[0]["reason"]) == ([2], "its grace is over")


async def test_a_node_that_left_serves_on_and_says_so(following, served, events):
    """And one that comes back joins without a restart."""
    chain = Chain(info(5), info(100, operators=STRANGERS))
    follower = following(chain)
    for _ in range(2):
        await follower.refresh(block(120))
    assert (served.open, len(told(events, "not-a-member"))) == ([1], 1)
    assert ({2}, {}) == (set(follower.refused), follower._conditions.reasons)
    chain.epochs.append(info(150))
    await follower.refresh(block(160))
    assert served.open == [1, 3]


async def test_another_profile_is_refused_loudly_and_never_served(following, served, events):
    """No two profiles in one quorum: the old epoch goes on, the node is not ready."""
    follower = following(Chain(info(5), info(100, profile=b"p" * 32)))
    for _ in range(2):
        await follower.refresh(block(120))
    assert served.open == [1]
    (refused,) = told(events, "epoch-refused")
    assert (refused["epoch"], "start the release that runs it" in refused["reason"]) == (2, True)
    assert "start the release" in follower._conditions.reasons["epochs"]


async def test_what_is_refused_for_its_keys_is_tried_again(following, served, events):
    """The signer with the registered keys may come later; it is told once."""
    served.refuse = "no signer here holds the keys"
    follower = following(Chain(info(5)))
    for _ in range(3):
        await follower.refresh(block(10))
    assert (served.open, len(told(events, "epoch-refused"))) == ([], 1)
    served.refuse = None
    await follower.refresh(block(11))
    assert (served.open, follower._conditions.reasons) == ([1], {})


async def test_another_epoch_under_the_same_number_ends_the_session_of_the_first(following, served, events):
    """A reorganisation put another start in its place: keys and members may differ."""
    chain = Chain(info(5), info(100))
    follower = following(chain)
    await follower.refresh(block(120))
    chain.epochs[1] = info(101, operators=STRANGERS)
    await follower.refresh(block(121))
    assert (served.open, told(events, "epoch-replaced")) == ([1], [{"epoch": 2}])
    chain.epochs[1] = info(102)
    await follower.refresh(block(122))
    assert served.open == [1, 2]


async def test_an_endpoint_that_is_down_changes_nothing(following, served):
    chain = Chain(info(5))
    follower = following(chain)
    await follower.refresh(block(10))
    chain.down = True
    with pytest.raises(ChainUnavailable):
        await follower.refresh(block(11))
    assert served.open == [1]


async def test_terms_are_read_back_only_as_long_as_they_live(monkeypatch):
    """Epochs replaced longer than a grace ago are not asked for, however many there were."""
    monkeypatch.setattr(binding.Epoch, "from_abi", classmethod(lambda _cls, raw: raw))
    weeks = [info(n, start_time=10_000 + n * GRACE_PERIOD_S) for n in range(50)]
    chain = Chain(*weeks)
    now = weeks[-1].start_time + 5
    assert [term.number for term in await live_terms(chain, block(60, now))] == [49, 50]
    assert chain.asked == [50, 49, 48]
