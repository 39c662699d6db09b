"""Aggregation strategies: what is agreed, and what f liars can do to it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import InvalidSpec, InvalidValue
from executor.model.observation import Kind, Observation
from executor.protocol.strategies import Case, agree, case_of

IDENTICAL = b'{"aggregate":"identical"}'
MODE = b'{"aggregate":"mode"}'
MEDIAN = b'{"aggregate":"median"}'
MEDIAN_DEFAULT = b'{"aggregate":"median","default":"0"}'
FIELDS = b'{"aggregate":{"fields":{"price":"median","venue":"mode"}}}'


def values(*texts):
    return [Observation(Kind.VALUE, text) for text in texts]


def errors(*codes):
    return [Observation.error(code) for code in codes]


@pytest.mark.parametrize(
    ("spec", "seen", "agreed"),
    [
        (IDENTICAL, values(b"x", b"x", b"x"), (Kind.VALUE, b"x")),
        (IDENTICAL, values(b"x", b"y", b"x"), (Kind.VALUE, b"x")),
        (IDENTICAL, values(b"x", b"y", b"z"), (Kind.ERROR, b"no-agreement: identical needs 2 equal of 3, had 1")),
        (MODE, values(b"b", b"a", b"b"), (Kind.VALUE, b"b")),
        (MODE, values(b"a", b"b", b"c"), (Kind.ERROR, b"no-agreement: mode needs 2 equal of 3, had 1")),
        (MEDIAN, values(b"3", b"1", b"2"), (Kind.VALUE, b"2")),
        (MEDIAN, values(b"10", b"9", b"-1"), (Kind.VALUE, b"9")),
        (MEDIAN, values(b"1.50", b"1.5", b"9"), (Kind.VALUE, b"1.50")),
        (MEDIAN, values(b"-0", b"0", b"0.0"), (Kind.VALUE, b"0")),
        (MEDIAN_DEFAULT, errors("timeout", "timeout"), (Kind.DEFAULT, b"0")),
        (MEDIAN_DEFAULT, [*values(b"1", b"2"), *errors("timeout")], (Kind.DEFAULT, b"0")),
        (MEDIAN, errors("timeout", "timeout"), (Kind.ERROR, b"timeout")),
        (MEDIAN, errors("timeout", "refused"), (Kind.ERROR, b"observation-failed: 2 of 4 nodes failed, in 2 ways")),
        (
            MEDIAN,
            [*values(b"1", b"2"), *errors("timeout")],
            (Kind.ERROR, b"no-agreement: median needs 3 values, had 2"),
        ),
        (
            FIELDS,
            values(*(b'{"price":"%d","venue":"%s"}' % pair for pair in ((1, b"k"), (3, b"b"), (2, b"k")))),
            (Kind.VALUE, b'{"price":"2","venue":"k"}'),
        ),
        (
            FIELDS,
            values(*(b'{"price":"1","venue":"%s"}' % venue for venue in (b"k", b"b", b"c"))),
            (Kind.ERROR, b"no-agreement: venue: mode needs 2 equal of 3, had 1"),
        ),
    ],
)
def test_four_members_agree(spec, seen, agreed):
    """n = 4, f = 1: each strategy and each case of the table."""
    assert agree(spec, seen, 4, 1) == agreed


def test_even_quorums_take_the_lower_middle_and_the_smaller_bytes():
    """n = 5, q = 4: median of four is the second; two against two in mode goes by bytes."""
    assert agree(MEDIAN, values(b"4", b"1", b"3", b"2"), 5, 1) == (Kind.VALUE, b"2")
    assert agree(MODE, values(b"b", b"a", b"a", b"b"), 5, 1) == (Kind.VALUE, b"a")


def test_decimals_are_compared_exactly():
    """78 digits differing in the last are different; binary floats or a decimal context would call them equal."""
    low, high = b"1" * 77 + b"1", b"1" * 77 + b"2"
    assert agree(MEDIAN, values(high, low, b"9"), 4, 1) == (Kind.VALUE, low)
    assert agree(MEDIAN, values(high, low, high), 4, 1) == (Kind.VALUE, high)


@pytest.mark.parametrize(
    "seen",
    [
        values(b"1", b"2"),
        values(b"1", b"2", b"3", b"4"),
        errors("a"),
        errors("a", "b", "c"),
        [*values(b"1"), *errors("a", "b")],
        [*values(b"1"), *errors("a")],
        [],
    ],
)
def test_other_sets_are_no_case(seen):
    """Only exactly q values, f + 1 errors, or q with 1 to f errors make an entry."""
    with pytest.raises(InvalidValue, match="no set"):
        agree(MEDIAN, seen, 4, 1)


def test_cases_are_told_apart():
    """Rule 1, at n = 7, f = 2."""
    assert case_of(values(*[b"1"] * 5), 7, 2) is Case.VALUES
    assert case_of(errors(*["a"] * 3), 7, 2) is Case.ERRORS
    assert case_of([*values(*[b"1"] * 3), *errors("a", "b")], 7, 2) is Case.MIXED
    assert case_of(values(b"1"), 1, 0) is Case.VALUES
    assert case_of(errors("a"), 1, 0) is Case.ERRORS


@pytest.mark.parametrize(
    "bad", [b"1e3", b"01", b"1.", b".5", b"+1", b"NaN", b"Infinity", b"1_0", b" 1", b"1" * 79, b""]
)
def test_a_value_that_does_not_fit_is_refused(bad):
    """A median takes plain decimals of at most 78 digits and nothing that Decimal would also parse."""
    with pytest.raises(InvalidValue):
        agree(MEDIAN, values(b"1", b"2", bad), 4, 1)


@pytest.mark.parametrize(
    "bad",
    [b"{}", b'{"price":"1"}', b'{"price":1,"venue":"k"}', b'{"venue":"k","price":"1"}', b'{"price":"x","venue":"k"}'],
)
def test_fields_take_exact_canonical_objects(bad):
    """Other names, numbers, another order of keys, a price that is no decimal."""
    good = b'{"price":"1","venue":"k"}'
    with pytest.raises(InvalidValue):
        agree(FIELDS, values(good, good, bad), 4, 1)


def test_an_unknown_strategy_is_an_invalid_spec():
    """InvalidSpec names what is known."""
    with pytest.raises(InvalidSpec, match="identical, mode, median"):
        agree(b'{"aggregate":"mean"}', values(b"1", b"1", b"1"), 4, 1)


decimals = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9).map(
    lambda number: format(number, "f").replace("-0.000", "0.000").encode()
)


@given(st.lists(decimals, min_size=5, max_size=5), st.lists(decimals, min_size=2, max_size=2), st.randoms())
def test_liars_move_a_median_between_honest_values_only(honest, lies, random):
    """n = 7, f = 2: whatever two liars say, the median is within the honest range; the order never matters."""
    seen = [*honest[:3], *lies]
    kind, agreed = agree(MEDIAN, values(*seen), 7, 2)
    random.shuffle(seen)
    assert agree(MEDIAN, values(*seen), 7, 2) == (kind, agreed)
    numbers = [Decimal(value.decode()) for value in honest[:3]]
    assert min(numbers) <= Decimal(agreed.decode()) <= max(numbers)


@given(st.lists(st.binary(max_size=2), min_size=5, max_size=5))
def test_an_identical_value_was_seen_by_an_honest_member(seen):
    """n = 7: q - f = 3 > f equal observations, or no agreement."""
    kind, agreed = agree(IDENTICAL, values(*seen), 7, 2)
    assert (kind, agreed) == (
        Kind.ERROR,
        b"no-agreement: identical needs 3 equal of 5, had %d" % max(map(seen.count, seen)),
    ) or seen.count(agreed) >= 3
