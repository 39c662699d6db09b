"""Dealers and receivers that cheat while a key is made: what each does, and that it changes nothing of the others'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from py_arkworks_bls12381 import G2Point
from test_keygen import able, signature

from executor.crypto import bls
from executor.crypto.digests import epoch_digest, request_id
from executor.crypto.threshold import GROUP, Share, deal, interpolate, points
from executor.keys.sealing import seal_share
from executor.keys.shares import Shares
from executor.model.ids import Digest
from executor.model.observation import Kind
from executor.model.outcome import Failed
from executor.model.transcript import Entry
from executor.protocol.dealings import Dealing, Holdings, KeyMessage, KeySignature, Opened, decode_list, encode_list
from executor.protocol.key_plan import resharing_context
from executor.protocol.keygen import LIST_SPEC
from executor.protocol.strategies import alone_member
from executor.testing.key_committee import KeyCommittee


def dealers_of(committee: KeyCommittee) -> list[int]:
    """Whose dealings the key is of, the same at all honest members."""
    (found,) = {
        tuple(dealing.dealer for dealing in each.made.dealings) for each in committee.honest if each.made is not None
    }
    return list(found)


def fixed_key(committee: KeyCommittee) -> bytes:
    """The public key of the sum of what the agreed dealers dealt, by their seeds: known before anybody opened."""
    context, total = Digest(epoch_digest(committee.epoch.identity)), 0
    for dealer in dealers_of(committee):
        shares = committee.dealers[dealer].shares
        total += deal(shares.seed, context, shares.plan.threshold).values[0]
    return bls.public_key((total % bls.ORDER).to_bytes(32, "big"))


def naming(n: int) -> int:
    """The member that names the list in the first attempt."""
    return alone_member(request_id(KeyCommittee(n, 0).dealers[0].machine.request()), n)


def not_naming(n: int) -> int:
    """A member that names no list in the first attempt, so that its cheating is all that is tried."""
    return (naming(n) + 1) % n


class Inconsistent(Shares):
    """Deals shares that open, and are not what its commitments say."""

    def deal(self) -> Dealing:
        """The commitments of another dealing than the one that is shared out."""
        dealt = deal(bytes(32), Digest(bytes(32)), self.plan.threshold)
        return replace(super().deal(), commitments=dealt.commitments())


class SharesOfNothing(Shares):
    """Deals commitments to its polynomials, and other numbers of its choice to everybody but itself."""

    def deal(self) -> Dealing:
        """Each well sealed, by the rules, for this dealer and epoch."""
        dealing, place = super().deal(), resharing_context(self.epoch, self.index)
        wrong = tuple(
            seal_share(member.encryption_key, place + Share(member.index + 5, 7).encode())
            for member in self.epoch.members
        )
        return replace(dealing, sealed=(*wrong[: self.index], dealing.sealed[self.index], *wrong[self.index + 1 :]))


@pytest.mark.parametrize("kind", [Inconsistent, SharesOfNothing])
def test_shares_that_are_not_what_their_commitments_say_leave_their_dealer_out(kind: type[Shares]) -> None:
    """They open, so only the commitments tell: nobody holds them, and the key is made of the others'."""
    liar = not_naming(4)
    committee = KeyCommittee(4, seed=21, faulty=[liar])
    shares = committee.dealers[liar].shares
    committee.dealers[liar].shares = kind(shares.epoch, liar, shares.plan, shares.seed, shares.encryption_secret)
    assert committee.make()
    assert dealers_of(committee) == [each for each in range(4) if each != liar]
    assert len(able(committee)) == 3
    assert committee.made.public_key == fixed_key(committee)


@pytest.mark.parametrize("what", ["no points", "outside the subgroup", "one too few", "one too many"])
def test_commitments_that_are_none_leave_their_dealer_out(what: str) -> None:
    """Refused on arrival where their number is wrong, and not good where they are no points of the group."""
    liar = not_naming(4)
    committee = KeyCommittee(4, seed=22, faulty=[liar])

    def cheat(_to: int, message: KeyMessage) -> KeyMessage:
        if not isinstance(message, Dealing):
            return message
        first, *others = message.commitments
        changed = {
            "no points": (bytes(96), *others),
            "outside the subgroup": (outside_the_subgroup(), *others),
            "one too few": tuple(others),
            "one too many": (first, first, *others),
        }
        return replace(message, commitments=changed[what])

    committee.dealers[liar].cheat = cheat
    assert committee.make()
    assert liar not in dealers_of(committee)
    refused = [str(fault) for each in committee.honest for fault in each.faults]
    assert any("commitments, not 2" in each for each in refused) == what.startswith("one")


def outside_the_subgroup() -> bytes:
    """A compressed point of the twist that is none of G2."""
    for x in range(1, 100):
        data = bytes([0x80]) + x.to_bytes(95, "big")
        try:
            if not G2Point.from_compressed_bytes_unchecked(data).is_in_subgroup():
                return data
        except ValueError:
            continue
    raise AssertionError("no such point")


def test_false_complaints_of_f_members_cost_an_honest_dealer_nothing() -> None:
    """They say they hold no share of its dealing, and refuse to consent: counted or not, it has its share and draws."""
    naming_one, accused, *liars = sorted(range(7), key=lambda each: each != naming(7))[:4]
    committee = KeyCommittee(7, seed=23, faulty=liars)
    for member in committee.faulty:
        dealer = committee.dealers[member]
        dealer.refuses = True
        dealer.cheat = lambda _to, message: without(message, accused) if isinstance(message, Holdings) else message
    assert committee.make()
    honest = [each for each in range(7) if each not in liars]
    assert able(committee) == honest
    assert committee.made.public_key == fixed_key(committee)
    others = [each for each in honest if each != accused]
    assert signature(committee, [accused, *others[:2]]) == signature(committee, others[1:])
    assert {naming_one, *others} <= set(dealers_of(committee))


def without(holdings: Holdings, dealer: int) -> Holdings:
    """The same but for one dealer's dealing."""
    held = decode_list(holdings.dealings, 7)
    return Holdings(encode_list({each: hashed for each, hashed in held.items() if each != dealer}))


def test_a_dealing_that_comes_late_is_left_out_and_changes_nothing() -> None:
    """It reaches the others when the list is long agreed; everything else of its dealer comes late as well."""
    late = not_naming(4)
    committee = KeyCommittee(4, seed=24, faulty=[late])

    def delayed(to: int, message: KeyMessage) -> None:
        committee.later(60.0, lambda: committee._hear(late, to, message))

    committee.dealers[late].cheat = delayed
    assert committee.make(60)
    key = committee.made
    assert late not in dealers_of(committee)
    committee.until(lambda: False, 120)
    assert {each.machine.key for each in committee.honest} == {key}
    assert committee.dealers[late].machine.key == key


def test_f_members_that_consent_and_open_nothing_hold_up_nothing() -> None:
    """Holders open their shares, and no dealer has anything to justify: f + 1 that do are the key and everybody's."""
    committee = KeyCommittee(7, seed=25, faulty=[1, 4])
    for member in committee.faulty:
        committee.dealers[member].cheat = lambda _to, message: (
            None if isinstance(message, Opened | KeySignature) else message
        )
    assert committee.make()
    assert committee.made.public_key == fixed_key(committee)
    assert signature(committee, [0, 2, 3]) == signature(committee, [3, 5, 6])


def test_a_dealing_that_its_dealer_withholds_is_brought_by_who_holds_it() -> None:
    """It went to q members, who consent to it; the others come to it, and to their shares, without its dealer."""
    dealer, *left_out = [each for each in range(7) if each != naming(7)][:3]
    committee = KeyCommittee(7, seed=26, faulty=[dealer])
    committee.dealers[dealer].cheat = lambda to, message: (
        None if to in left_out and isinstance(message, Dealing) else message
    )
    for member in left_out:  # they say nothing of what they hold, so that the list is made without them
        committee.dealers[member].cheat = lambda _to, message: None if isinstance(message, Holdings) else message
    committee.faulty |= set(left_out)
    assert committee.make()
    committee.faulty -= set(left_out)
    assert committee.wait()
    assert dealer in dealers_of(committee)
    assert committee.until(lambda: len(able(committee)) == 6, 60)


def overhear(committee: KeyCommittee, member: int, heard: Callable[[int, KeyMessage], None]) -> None:
    """Have a member see what the others send when it leaves them, before it reaches anybody."""
    tell = committee._tell

    def told(sender: int, recipient: int, message: KeyMessage) -> None:
        if sender != member:
            heard(sender, message)
        tell(sender, recipient, message)

    committee._tell = told  # type: ignore[method-assign]


def deal_last(committee: KeyCommittee, member: int, made: str) -> None:
    """Have a dealer wait for everybody's dealing, and deal what it makes of them."""
    seen: dict[int, Dealing] = {}

    def heard(sender: int, message: KeyMessage) -> None:
        if isinstance(message, Dealing):
            seen[sender] = message

    def cheat(to: int, message: KeyMessage) -> KeyMessage | None:
        if not isinstance(message, Dealing):
            return message
        if len(seen) < committee.epoch.n - 1:
            committee.later(0.1, lambda: committee._tell(member, to, message))
            return None
        if made == "copied":
            return replace(seen[min(seen)], dealer=member)
        columns = zip(*(points(each.commitments) for each in seen.values()), strict=True)
        cancelling = tuple((-sum(column, G2Point.identity())).to_compressed_bytes() for column in columns)
        return replace(message, commitments=cancelling)

    overhear(committee, member, heard)
    committee.dealers[member].cheat = cheat


@pytest.mark.parametrize("made", ["copied", "cancelling"])
def test_who_deals_last_having_seen_all_gains_nothing(made: str) -> None:
    """Another's dealing under its own number, or commitments that cancel the others': nobody holds shares of these."""
    last = not_naming(4)
    committee = KeyCommittee(4, seed=27, faulty=[last])
    deal_last(committee, last, made)
    assert committee.make()
    assert last not in dealers_of(committee)
    assert committee.made.public_key == fixed_key(committee)


def test_who_opens_having_seen_anothers_cannot_choose_the_key() -> None:
    """What it opens would, with the other's, be a key whose secret it knows, and arrives first: its proof fails."""
    last = not_naming(4)
    committee = KeyCommittee(4, seed=28, faulty=[last])
    wished = bls.public_key(bls.secret_from_seed(bytes(32)))
    tried: list[tuple[int, bytes, bytes]] = []

    def heard(sender: int, message: KeyMessage) -> None:
        if isinstance(message, Opened) and not tried:
            (chosen,) = interpolate({GROUP: wished, sender: message.key}, [last])
            tried.append((sender, message.key, chosen))
            for to in set(range(4)) - {last}:
                committee._hear(last, to, replace(message, key=chosen))

    overhear(committee, last, heard)
    committee.dealers[last].cheat = lambda _to, message: None if isinstance(message, Opened) else message
    assert committee.make()
    ((other, opened, chosen),) = tried
    assert interpolate({last: chosen, other: opened}, [GROUP]) == (wished,)
    assert wished != committee.made.public_key == fixed_key(committee)


@pytest.mark.parametrize(
    ("listed", "ending"),
    [
        (b"", b"too-few-dealings"),
        (encode_list({dealer: Digest(bytes(32)) for dealer in (0, 1)}), b"too-few-dealings"),
        (b"no list", b"no-list"),
        (encode_list({dealer: Digest(bytes(32)) for dealer in range(5)}), b"no-list"),
    ],
)
def test_a_list_of_too_few_dealings_makes_no_key(listed: bytes, ending: bytes) -> None:
    """So one dealer on it at least is honest, and whoever names it chooses no key: the attempt fails for everybody."""
    machine = KeyCommittee(4, seed=29).dealers[0].machine
    entry = Entry(LIST_SPEC, Kind.VALUE, listed)
    assert machine.execute((entry,)) == Failed(ending, 0)
    assert machine.attempt == 0
    machine.attested((entry,))
    assert (machine.attempt, machine.key) == (1, None)
