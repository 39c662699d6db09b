"""Shares of a BLS key: any threshold of them is the key, fewer are nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.crypto.threshold import (
    GROUP,
    Share,
    check_opened,
    check_share,
    combine,
    combine_commitments,
    combine_shares,
    committed,
    deal,
    evaluate,
    interpolate,
    open_share,
    points,
    sign_partly,
    weights,
)
from executor.errors import InvalidValue

CONTEXT, DRAWN = keccak256(b"an epoch"), keccak256(b"a draw")
SECRETS = st.integers(1, bls.ORDER - 1)


def dealt(threshold: int, secret: int | None = None, seed: int = 0):
    """A dealing of a known seed."""
    return deal(keccak256(b"seed %d" % seed), CONTEXT, threshold, secret=secret)


@given(SECRETS, st.integers(1, 7), st.data())
def test_any_threshold_of_shares_is_the_secret(secret: int, threshold: int, data: st.DataObject) -> None:
    """And the members' weights say how."""
    dealing = dealt(threshold, secret)
    members = data.draw(st.permutations(range(10)))[:threshold]
    shares = [dealing.share(member).value for member in members]
    total = sum(weight * share for weight, share in zip(weights(members), shares, strict=True))
    assert secret == total % bls.ORDER


@given(SECRETS, SECRETS, st.integers(2, 6), st.data())
def test_fewer_than_a_threshold_of_shares_fit_every_secret(
    secret: int, other: int, threshold: int, data: st.DataObject
) -> None:
    """There is a polynomial through the same shares with another secret: they say nothing of it."""
    members = data.draw(st.permutations(range(9)))[: threshold - 1]
    shares = {member: dealt(threshold, secret).share(member).value for member in members}
    shares[GROUP] = other
    assert (
        other
        == sum(weight * shares[place] for place, weight in zip(shares, weights(list(shares)), strict=True)) % bls.ORDER
    )
    assert {member: _through(shares, member) for member in members} == {each: shares[each] for each in members}


def _through(shares: dict[int, int], at: int) -> int:
    places = list(shares)
    return sum(weight * shares[place] for place, weight in zip(places, weights(places, at), strict=True)) % bls.ORDER


def test_a_share_is_what_its_commitments_say_and_no_other_is() -> None:
    """Neither another member's, nor one changed in either number."""
    dealing = dealt(3)
    commitments = points(dealing.commitments())
    share = dealing.share(4)
    assert check_share(commitments, 4, share)
    for wrong in (dealing.share(5), Share(share.value ^ 1, share.hiding), Share(share.value, share.hiding ^ 1)):
        assert not check_share(commitments, 4, wrong)


def test_dealings_add_up_in_shares_commitments_and_keys() -> None:
    """Plainly for a new key, by the dealers' weights for shares of an old one."""
    dealings = {dealer: dealt(2, seed=dealer) for dealer in (0, 2, 3)}
    for weighted in (False, True):
        total = combine_commitments(
            {each: points(of.commitments()) for each, of in dealings.items()}, weighted=weighted
        )
        keys = {}
        for member in range(4):
            share = combine_shares({each: of.share(member) for each, of in dealings.items()}, weighted=weighted)
            assert check_share(total, member, share)
            keys[member], proof = open_share(share, CONTEXT)
            assert check_opened(committed(total, member), keys[member], proof, CONTEXT)
        assert (keys[0], keys[1]) == interpolate({2: keys[2], 3: keys[3]}, [0, 1])
        assert interpolate({0: keys[0], 1: keys[1]}, [GROUP]) == interpolate({1: keys[1], 3: keys[3]}, [GROUP])


def test_an_opened_key_is_proved_for_one_commitment_key_and_context() -> None:
    """Anything else is refused: other bytes, another key's proof, another context, points that are none."""
    dealing = dealt(2)
    commitments = points(dealing.commitments())
    key, proof = open_share(dealing.share(1), CONTEXT)
    assert check_opened(committed(commitments, 1), key, proof, CONTEXT)
    other_key, other_proof = open_share(dealing.share(2), CONTEXT)
    flipped = bytes([*proof[:-1], proof[-1] ^ 1])
    infinity = bytes([0xC0, *bytes(95)])
    for wrong in (
        (committed(commitments, 2), key, proof, CONTEXT),
        (committed(commitments, 1), other_key, proof, CONTEXT),
        (committed(commitments, 1), other_key, other_proof, CONTEXT),
        (committed(commitments, 1), key, other_proof, CONTEXT),
        (committed(commitments, 1), key, flipped, CONTEXT),
        (committed(commitments, 1), key, proof, DRAWN),
        (committed(commitments, 1), key, proof[:-1], CONTEXT),
        (committed(commitments, 1), key, bytes([255]) * 64, CONTEXT),
        (committed(commitments, 1), bytes(96), proof, CONTEXT),
        (committed(commitments, 1), infinity, proof, CONTEXT),
    ):
        assert not check_opened(*wrong)


@given(st.integers(1, 5), st.data())
def test_any_threshold_of_parts_is_the_same_signature(threshold: int, data: st.DataObject) -> None:
    """The one that the secret itself makes."""
    dealing = dealt(threshold, 12345)
    chosen = [data.draw(st.permutations(range(7)))[:threshold] for _ in range(2)]
    made = {combine({each: sign_partly(dealing.share(each).value, DRAWN) for each in members}) for members in chosen}
    assert made == {bls.sign((12345).to_bytes(32, "big"), DRAWN, bls.DST_DRAW)}


def test_what_cannot_be_combined_is_refused() -> None:
    """A malformed part, a member twice, a share out of range, a seed too short, no threshold."""
    good = sign_partly(7, DRAWN)
    for refused in (
        lambda: combine({0: good, 1: bytes(48)}),
        lambda: weights([1, 1]),
        lambda: Share.decode(bytes([255]) * 64),
        lambda: Share.decode(bytes(63)),
        lambda: deal(bytes(31), CONTEXT, 2),
        lambda: deal(bytes(32), CONTEXT, 0),
        lambda: points([bytes(96)]),
    ):
        with pytest.raises(InvalidValue):
            refused()


def test_a_dealing_is_the_same_again_and_another_elsewhere() -> None:
    """By seed and context; the constants are no part of the rest."""
    assert dealt(3) == dealt(3)
    assert dealt(3) != deal(keccak256(b"seed 0"), DRAWN, 3)
    assert dealt(3).values[1:] == dealt(3, 99).values[1:]
    assert evaluate(dealt(3, 99).values, GROUP) == 99
    assert str(99) not in repr(dealt(3, 99))
