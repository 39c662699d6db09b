"""A committee makes a key: with honest dealers, with ones that cheat, and again for the next epoch."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.crypto.threshold import combine
from executor.errors import InvalidValue
from executor.keys.shares import Shares
from executor.protocol.dealings import Dealing, Holdings, Opened, encode_list
from executor.testing.key_committee import KeyCommittee
from executor.testing.simulated_committee import START_S

DRAWN = keccak256(b"a draw")


def signature(committee: KeyCommittee, members: Iterable[int]) -> bytes:
    """What these members' parts combine to, each part verified."""
    made = committee.made
    parts = {}
    for member in members:
        parts[member] = committee.dealers[member].shares.sign(made.hash, DRAWN)
        assert bls.verify(made.shares[member], DRAWN, parts[member], bls.DST_DRAW)
    return combine(parts)


@pytest.mark.parametrize("n", [1, 4, 7])
def test_a_committee_makes_one_key_and_signs_with_it(n: int) -> None:
    """Any f + 1 parts make the same signature, and the key verifies it."""
    committee = KeyCommittee(n, seed=n)
    assert committee.make()
    threshold = committee.epoch.f + 1
    first = signature(committee, range(threshold))
    assert first == signature(committee, range(n - threshold, n))
    assert bls.verify(committee.made.public_key, DRAWN, first, bls.DST_DRAW)


def test_silent_members_are_done_without() -> None:
    """f members that deal nothing and say nothing; their place in the key is nobody's."""
    committee = KeyCommittee(7, seed=1, faulty=[2, 5])
    for member in committee.faulty:
        committee.dealers[member].cheat = lambda _to, _message: None
        committee.nodes[member].alive = False
    assert committee.make()
    assert signature(committee, [0, 1, 3]) == signature(committee, [3, 4, 6])


class Cheating(Shares):
    """Deals shares that its victims cannot open."""

    victims: frozenset[int] = frozenset()

    def deal(self) -> Dealing:
        """One dealing, the same to all: its sealed shares of the victims are sealed to another."""
        dealing = super().deal()
        other = dealing.sealed[self.index]
        sealed = tuple(other if member in self.victims else each for member, each in enumerate(dealing.sealed))
        return replace(dealing, sealed=sealed)


def cheat_with_shares(committee: KeyCommittee, dealer: int, victims: set[int]) -> None:
    """Have a dealer give some members what they cannot use."""
    shares = committee.dealers[dealer].shares
    made = Cheating(shares.epoch, shares.index, shares.plan, shares.seed, shares.encryption_secret, shares.held)
    made.victims = frozenset(victims)
    committee.dealers[dealer].shares = made


def able(committee: KeyCommittee) -> list[int]:
    """Honest members that hold their whole share of the key."""
    found = []
    for member, dealer in enumerate(committee.dealers):
        if member in committee.faulty:
            continue
        try:
            dealer.shares.share(committee.made.hash)
        except InvalidValue:
            continue
        found.append(member)
    return found


def test_wrong_shares_cost_their_dealer_its_part_or_their_receivers_nothing() -> None:
    """A dealer that gives f members shares they cannot use: either it does not count, or q others hold all."""
    committee = KeyCommittee(7, seed=2, faulty=[0, 1])
    cheat_with_shares(committee, 0, {2, 3})
    cheat_with_shares(committee, 1, {4, 5})
    assert committee.make()
    signers = able(committee)
    assert len(signers) >= committee.epoch.quorum - committee.epoch.f
    assert bls.verify(committee.made.public_key, DRAWN, signature(committee, signers[:3]), bls.DST_DRAW)


def test_a_dealer_that_deals_twice_counts_once_or_not_at_all() -> None:
    """Two dealings of one dealer, each to half of the committee."""
    committee = KeyCommittee(4, seed=3, faulty=[1])
    shares = committee.dealers[1].shares
    other = Shares(shares.epoch, 1, shares.plan, bytes(32), shares.encryption_secret).deal()
    committee.dealers[1].cheat = lambda to, message: other if isinstance(message, Dealing) and to > 1 else message
    assert committee.make()
    assert len(able(committee)) >= committee.epoch.f + 1


def test_who_says_it_holds_all_and_refuses_holds_up_nothing() -> None:
    """f members that list everything and consent to nothing: others are asked in the next attempts."""
    committee = KeyCommittee(7, seed=4, faulty=[0, 6])
    for member in committee.faulty:
        committee.dealers[member].refuses = True
    cheat_with_shares(committee, 0, {1})
    assert committee.make()
    assert len(able(committee)) >= committee.epoch.f + 1


def test_a_false_opened_key_is_nobodys() -> None:
    """A member that opens another key than its share's, with its own proof."""
    committee = KeyCommittee(4, seed=5, faulty=[3])
    false = bls.public_key(bls.secret_from_seed(bytes(32)))
    committee.dealers[3].cheat = lambda _to, message: (
        replace(message, key=false) if isinstance(message, Opened) else message
    )
    assert committee.make()
    assert bls.verify(committee.made.public_key, DRAWN, signature(committee, [0, 2]), bls.DST_DRAW)


def test_holdings_of_what_nobody_dealt_change_nothing() -> None:
    """A member that lists other hashes."""
    committee = KeyCommittee(4, seed=6, faulty=[2])
    invented = Holdings(encode_list({dealer: keccak256(bytes([dealer])) for dealer in range(4)}))
    committee.dealers[2].cheat = lambda _to, message: invented if isinstance(message, Holdings) else message
    assert committee.make()


def test_a_key_stays_while_its_shares_change_hands() -> None:
    """For the next epoch, of other size: the same key, other shares, and the old ones make no part of it."""
    first = KeyCommittee(4, seed=7)
    assert first.make()
    second = KeyCommittee(7, seed=8, before=first, number=2)
    assert second.make()
    assert first.made.public_key == second.made.public_key
    assert not set(first.made.shares) & set(second.made.shares)
    assert signature(first, [0, 1]) == signature(second, [2, 4, 6])


def test_an_old_member_that_deals_something_else_is_refused() -> None:
    """The proof in its dealing says it deals its share."""
    first = KeyCommittee(4, seed=9)
    assert first.make()
    second = KeyCommittee(4, seed=10, faulty=[1], before=first, number=2)
    shares = second.dealers[1].shares
    shares.held = replace(shares.held, value=shares.held.value + 1)
    assert second.make()
    assert first.made.public_key == second.made.public_key
    assert any(
        "something else than the dealer's share" in str(fault) for each in second.honest for fault in each.faults
    )


@settings(max_examples=8)
@given(st.data())
def test_whatever_the_order_all_honest_members_make_one_key(data: st.DataObject) -> None:
    """Slow and lost messages, f members that cheat in drawn ways."""
    seed = data.draw(st.integers(0, 2**32), label="seed")
    committee = KeyCommittee(4, seed, faulty=[data.draw(st.integers(0, 3), label="faulty")], slow_s=1.0)
    (faulty,) = committee.faulty
    dealer = committee.dealers[faulty]
    dealer.refuses = data.draw(st.booleans(), label="refuses")
    cheat_with_shares(committee, faulty, data.draw(st.sets(st.integers(0, 3)), label="victims"))
    lossy = random.Random(seed)
    committee.lost = lambda _sender, _recipient: committee.now < START_S + 40 and lossy.random() < 0.3
    assert committee.make(4_000)
    assert len(able(committee)) >= committee.epoch.f + 1
    assert bls.verify(committee.made.public_key, DRAWN, signature(committee, able(committee)[:2]), bls.DST_DRAW)
