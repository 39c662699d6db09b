"""A committee makes a key: with honest dealers, with ones that cheat, and again for the next epoch."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.crypto import bls
from executor.crypto.digests import draw_key_digest, keccak256
from executor.crypto.proofs import check_signed
from executor.crypto.threshold import combine
from executor.errors import InvalidEncoding, InvalidValue, RuleBroken
from executor.keys.shares import Shares
from executor.model.report import Scheme
from executor.protocol.certifying import Certification
from executor.protocol.dealings import (
    CertifiedKey,
    Dealing,
    Holdings,
    KeySignature,
    Opened,
    decode_key_message,
    encode_key_message,
    encode_list,
    hash_of,
)
from executor.protocol.effects import ALL
from executor.protocol.key_effects import Tell
from executor.protocol.keygen import KeyGeneration
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


@pytest.mark.parametrize("schemes", [(Scheme.ECDSA, Scheme.BLS), (Scheme.BLS, Scheme.ECDSA)])
def test_a_quorum_certifies_the_key_for_the_epochs_first_verifier(schemes: tuple[Scheme, ...]) -> None:
    """What members end with is what the chain takes."""
    committee = KeyCommittee(4, seed=11, schemes=schemes)
    assert committee.make()
    key = committee.made
    for dealer in committee.dealers:
        assert dealer.made is not None
        certified = dealer.made.certified
        assert certified.scheme is schemes[0]
        digest = draw_key_digest(committee.epoch.identity, bls.to_evm_g2(key.public_key), key.hash)
        assert committee.epoch.quorum == len(
            check_signed(schemes[0], committee.epoch, digest, certified.proof, committee.suite)
        )


def test_fewer_than_a_quorum_certify_nothing() -> None:
    """The key is known, and three of four keep their signatures of it to themselves."""
    committee = KeyCommittee(4, seed=12)
    for member in (1, 2, 3):
        committee.dealers[member].cheat = lambda _to, message: None if isinstance(message, KeySignature) else message
    assert not committee.make(60)
    assert all(dealer.machine.key is not None for dealer in committee.dealers)
    assert not any(dealer.made for dealer in committee.dealers)


def test_false_signatures_of_the_key_are_refused() -> None:
    """Those that come before the key is known wait, and do not count either."""
    committee = KeyCommittee(4, seed=13, faulty=[2])
    false = KeySignature(bytes(64))
    committee.dealers[2].cheat = lambda _to, message: false if isinstance(message, KeySignature) else message
    assert committee.make()
    certification = Certification(committee.epoch, committee.suite)
    certification.know(committee.made)
    with pytest.raises(RuleBroken, match="its signature of the draw key does not verify"):
        certification.hear(2, false.signature)
    certification.hear(2, committee.sign_key(2, committee.made))


def test_a_member_that_comes_late_is_given_the_key_and_makes_its_share() -> None:
    """By those who took it up again after a crash, none of whom runs the attempt's request any more."""
    committee = KeyCommittee(4, seed=14, faulty=[3])
    late = committee.dealers[3]
    committee.nodes[3].alive = False
    assert committee.make()
    for member in range(3):
        committee.nodes[member].known.clear()
        committee.crash(member)
    committee.until(lambda: False, 2)
    committee.faulty, committee.nodes[3].alive = set(), True
    committee.begin(3)
    committee.pace(3)
    assert committee.until(lambda: late.made is not None and late.made.opened is not None, 60)
    assert signature(committee, [0, 3]) == signature(committee, [1, 2])


def test_a_shown_key_counts_by_its_proof_and_its_list() -> None:
    """A member that shows another key, another list, a short one, or signatures of something else."""
    committee = KeyCommittee(4, seed=15)
    assert committee.make()
    made = committee.dealers[1].made
    assert made is not None
    key, proof = made.certified.key, made.certified.proof
    listed = encode_list({each.dealer: hash_of(committee.epoch.identity, each) for each in made.dealings})
    other = bls.public_key(bls.secret_from_seed(bytes(32)))
    for message, what in [
        (CertifiedKey(other, listed, proof), "signed by|signature"),
        (CertifiedKey(bytes(96), listed, proof), "certified draw key"),
        (CertifiedKey(key.public_key, listed[:34], proof), "signed by|signature"),
        (CertifiedKey(key.public_key, listed, proof[:-1]), "bytes of signatures"),
        (CertifiedKey(key.public_key, listed[34:] + listed[:34], proof), "dealer 0 after 3"),
    ]:
        machine = KeyGeneration(committee.epoch, 0, committee.dealers[0].machine.plan, suite=committee.suite)
        with pytest.raises(RuleBroken, match=what):
            machine.received(1, message)
        assert [Tell(ALL, Holdings(b""))] == machine.tick()


def test_messages_about_a_key_are_no_longer_than_honest_ones() -> None:
    """A dealing of 100 members passes, a larger one is not decoded."""
    threshold, members = 34, 100
    dealing = Dealing(99, (b"\xff" * 96,) * threshold, (b"\xff" * 112,) * members, b"\xff" * 64)
    assert dealing == decode_key_message(encode_key_message(dealing), members=members, threshold=threshold)
    with pytest.raises(InvalidEncoding):
        decode_key_message(
            encode_key_message(replace(dealing, sealed=(b"\xff" * 112,) * 400)), members=100, threshold=34
        )
    with pytest.raises(InvalidEncoding):
        decode_key_message(b'{"type":"dealings"}', members=4, threshold=2)


@settings(max_examples=6)
@given(st.data())
def test_members_that_crash_make_the_same_key(data: st.DataObject) -> None:
    """Any of them, at any time, the naming one and all together included."""
    committee = KeyCommittee(4, data.draw(st.integers(0, 2**32), label="seed"))
    for member in data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=6), label="crashes"):
        after_s = data.draw(st.floats(0, 12), label="after")
        committee.later(after_s, partial(committee.crash, member, data.draw(st.floats(0.5, 9), label="down")))
    assert committee.make(4_000)
    assert signature(committee, [0, 1]) == signature(committee, [2, 3])


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
