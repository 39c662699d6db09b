"""The further strategies: what is agreed, and what f liars can do to it, by rules written a second time."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.errors import InvalidSpec, InvalidValue
from executor.model.codec import decode_json, encode_json
from executor.model.observation import Kind, Observation
from executor.model.profile import PROFILE
from executor.model.spec import parse_spec
from executor.model.values import check_value, encode_items, encode_set, is_decimal, items_of
from executor.protocol.strategies import agree

LIMIT = PROFILE.ceilings.observation_bytes


def spec(name):
    return encode_json({"aggregate": name})


def agreed(name, values, n, f):
    """The agreed value; an agreed error has no place in these tests."""
    kind, value = agree(spec(name), [Observation(Kind.VALUE, each) for each in values], n, f)
    assert kind is Kind.VALUE, value
    return value


@pytest.mark.parametrize(
    ("name", "values", "value"),
    [
        ("min", [b"3", b"1", b"2"], b"2"),
        ("min", [b"10", b"9.0", b"9"], b"9.0"),
        ("max", [b"3", b"1", b"2"], b"2"),
        ("max", [b"-10", b"-9", b"-8"], b"-9"),
        ("trimmed-mean", [b"3", b"1", b"2.50"], b"2.5"),
        ("trimmed-mean", [b"-0", b"0", b"0.00"], b"0"),
        ("union", [b'["a","b"]', b'["b","c"]', b'["c"]'], b'["b","c"]'),
        ("union", [b'["a"]', b'["b"]', b"[]"], b"[]"),
        ("intersection", [b'["a","b"]', b'["b","c"]', b'["a","b","c"]'], b'["a","b","c"]'),
        ("intersection", [b'["a"]', b'["b"]', b'["c"]'], b"[]"),
        ("frequency", [b'["a","b"]', b'["b","c"]', b'["b","c"]'], b'{"b":"3","c":"2"}'),
        ("frequency", [b'["a"]', b'["b"]', b"[]"], b"{}"),
        ("common-prefix", [b'["x","y","z"]', b'["x","y"]', b'["x","a"]'], b'["x","y"]'),
        ("common-prefix", [b'["x"]', b"[]", b'["y"]'], b"[]"),
        ("common-suffix", [b'["x","y","z"]', b'["y","z"]', b'["z"]'], b'["y","z"]'),
        ("common-suffix", [b'["a","z"]', b'["a","b"]', b'["a","c"]'], b"[]"),
    ],
)
def test_three_of_four_agree(name, values, value):
    """n = 4, f = 1."""
    assert value == agreed(name, values, 4, 1)


def test_a_trimmed_mean_is_exact_and_rounds_half_to_even():
    """To as many places as the kept values have at most, within 78 digits."""
    assert agreed("trimmed-mean", [b"1", b"2"], 2, 0) == b"2"  # 1.5
    assert agreed("trimmed-mean", [b"2", b"3"], 2, 0) == b"2"  # 2.5
    assert agreed("trimmed-mean", [b"-2", b"-3"], 2, 0) == b"-2"
    assert agreed("trimmed-mean", [b"0.1", b"0.2", b"0.7"], 3, 0) == b"0.3"  # 1/3 in one place
    nines = b"9." + b"9" * 77
    assert agreed("trimmed-mean", [nines, b"10"], 2, 0) == b"10"
    assert agreed("trimmed-mean", [b"9" * 78, b"0." + b"9" * 77], 2, 0) == b"5" + b"0" * 77


numbers = st.builds(lambda units, places: _decimal(units, places), st.integers(-(10**30), 10**30), st.integers(0, 40))


def _decimal(units, places):
    digits = str(abs(units)).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
    return f"{'-' if units < 0 else ''}{whole}{'.' if fraction else ''}{fraction}".encode()


texts = st.text("abé\U0001f600￿", max_size=2)
sets = st.lists(texts, max_size=5).map(encode_set)
lists = st.lists(st.sampled_from("abc"), max_size=5).map(encode_items)


@st.composite
def told(draw, values):
    """n, f, what honest members of a quorum saw, what its liars say."""
    f = draw(st.integers(0, 3))
    n = 3 * f + 1 + draw(st.integers(0, 2))
    liars = draw(st.integers(0, f))
    honest = draw(st.lists(values, min_size=n - f - liars, max_size=n - f - liars))
    return n, f, honest, draw(st.lists(values, min_size=liars, max_size=liars))


@settings(max_examples=100)
@given(told(numbers), st.randoms())
def test_liars_move_numbers_between_honest_ones_only(drawn, random):
    """Order statistics are within those of the honest values; a mean is between honest values."""
    n, f, honest, lies = drawn
    seen = [*honest, *lies]
    random.shuffle(seen)
    ascending = sorted(Fraction(value.decode()) for value in honest)
    low, high = (Fraction(agreed(name, seen, n, f).decode()) for name in ("min", "max"))
    assert ascending[0] <= low <= ascending[f]
    assert ascending[-1 - f] <= high <= ascending[-1]
    mean = agreed("trimmed-mean", seen, n, f)
    assert is_decimal(mean)
    assert ascending[0] <= Fraction(mean.decode()) <= ascending[-1]
    kept = sorted((Fraction(value.decode()), value) for value in seen)[f : len(seen) - f]
    places = max(len(value.partition(b".")[2]) for _, value in kept)
    exact = sum(number for number, _ in kept) / len(kept)
    digits = len(str(int(abs(exact)))) + places
    step = Fraction(1, 10 ** (places - max(0, digits - 78)))
    assert round(exact / step) * step == Fraction(mean.decode())


@settings(max_examples=100)
@given(told(sets), st.randoms())
def test_liars_add_nothing_to_sets_that_no_honest_member_saw(drawn, random):
    """And keep nothing out that all honest members saw; a count is off by the liars at most."""
    n, f, honest, lies = drawn
    seen = [*honest, *lies]
    random.shuffle(seen)
    anyone = {item for value in honest for item in items_of(value)}
    everyone = set.intersection(*(set(items_of(value)) for value in honest))
    for name in ("union", "intersection"):
        value = agreed(name, seen, n, f)
        check_value(parse_spec(spec(name)).aggregate, value)
        assert everyone <= set(items_of(value)) <= anyone
    counts = decode_json(agreed("frequency", seen, n, f), limit=LIMIT)
    assert set(items_of(agreed("union", seen, n, f))) == set(counts)
    for item, count in counts.items():
        held = sum(item in items_of(value) for value in honest)
        assert 1 <= held <= int(count) <= held + len(lies)


@settings(max_examples=100)
@given(told(lists), st.randoms())
def test_liars_lengthen_a_common_list_by_what_an_honest_member_saw_only(drawn, random):
    """An honest list begins (ends) with it; it is at least what all honest lists share."""
    n, f, honest, lies = drawn
    seen = [*honest, *lies]
    random.shuffle(seen)
    for name, turn in (("common-prefix", 1), ("common-suffix", -1)):
        shared = items_of(agreed(name, seen, n, f))[::turn]
        plain = [items_of(value)[::turn] for value in honest]
        assert any(each[: len(shared)] == shared for each in plain)
        of_all = 0
        while all(len(each) > of_all and each[of_all] == plain[0][of_all] for each in plain):
            of_all += 1
        assert shared[:of_all] == plain[0][:of_all]
        held = [items_of(value)[::turn] for value in seen]
        longest = max(
            (each[:size] for each in held for size in range(len(each) + 1)
             if sum(other[:size] == each[:size] for other in held) >= len(held) - f),
            key=len,
        )  # fmt: skip
        assert longest == shared


@pytest.mark.parametrize("name", ["union", "intersection", "frequency"])
@pytest.mark.parametrize(
    "bad", [b"", b"a", b"{}", b'["b","a"]', b'["a","a"]', b"[1]", b"[null]", b'["a", "b"]', b'[["a"]]', b'["\\ud800"]']
)
def test_a_set_has_one_spelling(name, bad):
    """Sorted, each once, strings only, canonical."""
    with pytest.raises(InvalidValue, match=name):
        agree(spec(name), [Observation(Kind.VALUE, value) for value in (b'["a"]', b"[]", bad)], 4, 1)


def test_sets_are_sorted_by_utf_16_code_units():
    """As RFC 8785 sorts keys: U+1F600 is D83D DE00, which comes before U+FFFF."""
    assert '["a","\U0001f600","￿"]'.encode() == encode_set(["￿", "a", "\U0001f600", "a"])


@pytest.mark.parametrize("name", ["common-prefix", "common-suffix"])
@pytest.mark.parametrize("bad", [b"", b"{}", b"[1]", b'["a", "b"]', b'[["a"]]'])
def test_a_list_is_of_strings(name, bad):
    """Canonical JSON."""
    with pytest.raises(InvalidValue, match=name):
        agree(spec(name), [Observation(Kind.VALUE, value) for value in (b'["a"]', b"[]", bad)], 4, 1)


def test_a_union_over_the_limit_is_no_agreement():
    """What two halves hold together fits no observation; in the fields of an object neither. n = 5, q = 4."""
    halves = [encode_set([letter + str(number) for number in range(4_000)]) for letter in "ab"]
    size = len(encode_set(items_of(halves[0]) + items_of(halves[1])))
    reason = b"no-agreement: union makes %d bytes, the limit is 32768" % size
    assert (Kind.ERROR, reason) == agree(spec("union"), [Observation(Kind.VALUE, each) for each in halves * 2], 5, 1)
    fields = encode_json({"aggregate": {"fields": {"a": "union", "b": "union"}}})
    quarters = [encode_set([letter + str(number) for number in range(1_500)]).decode() for letter in "abcd"]
    objects = [encode_json({"a": quarters[turn], "b": quarters[2 + turn]}) for turn in (0, 1)]
    kind, value = agree(fields, [Observation(Kind.VALUE, each) for each in objects * 2], 5, 1)
    assert (kind, value[:27]) == (Kind.ERROR, b"no-agreement: fields makes ")


def test_fields_take_every_strategy_but_single():
    """A set stands in a field as the text of its array."""
    fields = {"aggregate": {"fields": {"log": "common-prefix", "low": "min", "tags": "union"}}}
    values = [
        encode_json({"log": log, "low": low, "tags": tags})
        for log, low, tags in (('["1","2"]', "7", '["x"]'), ('["1"]', "8", '["x","y"]'), ('["1","3"]', "9", '["y"]'))
    ]
    kind, value = agree(encode_json(fields), [Observation(Kind.VALUE, each) for each in values], 4, 1)
    assert kind is Kind.VALUE
    assert decode_json(value, limit=LIMIT) == {"log": '["1"]', "low": "8", "tags": '["x","y"]'}
    with pytest.raises(InvalidSpec, match="single stands for a whole observation"):
        parse_spec(b'{"aggregate":{"fields":{"a":"single"}}}')
