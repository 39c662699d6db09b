"""Canonical JSON: one value, one byte string (D7)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import InvalidEncoding
from executor.model.codec import (
    MAX_DEPTH,
    MAX_INTEGER,
    Hex,
    Natural,
    decode,
    decode_json,
    encode,
    encode_json,
    from_plain,
    json_schema,
    to_plain,
)
from executor.model.ids import Digest

scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of ours."""

    data: Hex
    count: Natural
    id: Digest
    note: str | None


SAMPLE = Sample(b"\x01\xff", 7, Digest(bytes(32)), None)


@given(values)
def test_every_value_survives(value: object) -> None:
    """Decoding an encoding gives the value back."""
    data = encode_json(value)
    assert decode_json(data, limit=len(data)) == value


@given(values)
def test_encodings_are_those_of_rfc8785(value: object) -> None:
    """Whatever the keys and characters: the bytes that the reference package writes."""
    assert rfc8785.dumps(value) == encode_json(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {"a": ["\udfff"]}])
def test_half_a_character_has_no_encoding(value: object) -> None:
    """A lone surrogate is no Unicode text."""
    with pytest.raises(ValueError):
        encode_json(value)


@given(st.binary(max_size=100))
def test_what_decodes_is_its_own_encoding(data: bytes) -> None:
    """No bytes but the canonical ones are accepted, and nothing but InvalidEncoding is raised."""
    with suppress(InvalidEncoding):
        assert encode_json(decode_json(data, limit=100)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1 ",
        b"01",
        b"-0",
        b"1.0",
        b"1e3",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'"\\u0061"',
        b'"\\/"',
        b"'a'",
        b"[1,]",
        b"\xff",
        b"\xef\xbb\xbf1",
        b'"\\ud800"',
        b"9007199254740992",
        b"9" * 5000,
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_second_spellings_are_refused(data: bytes) -> None:
    """Spaces, order, duplicates, escapes, floats, big integers, lone surrogates, depth."""
    with pytest.raises(InvalidEncoding):
        decode_json(data, limit=20_000)


def test_limits_hold() -> None:
    """Size is checked before parsing, depth while encoding."""
    assert decode_json(b"[1]", limit=3) == [1]
    with pytest.raises(InvalidEncoding, match="4 bytes, the limit is 3"):
        decode_json(b"[12]", limit=3)
    deep: object = 1
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert decode_json(encode_json(deep), limit=100) == deep
    with pytest.raises(InvalidEncoding, match="deeper"):
        encode_json([deep])


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        [2**53],
        {"a": -(2**53)},
        b"x",
        {1: 2},
        (1,),
        {1},
        {"é": 1.0},
        [{"é": 1}, 1.0],
    ],
)
def test_other_values_have_no_encoding(value: object) -> None:
    """Floats, integers that JSON implementations disagree on, and types JSON does not have."""
    with pytest.raises(InvalidEncoding):
        encode_json(value)


def test_model_values_survive() -> None:
    """Bytes are 0x-prefixed lower-case hex, an absent field is null."""
    data = encode(SAMPLE)
    assert data == b'{"count":7,"data":"0x01ff","id":"0x' + b"00" * 32 + b'","note":null}'
    assert decode(Sample, data, limit=200) == SAMPLE
    assert from_plain(Sample, to_plain(SAMPLE)) == SAMPLE
    assert json_schema(Sample)["properties"]["data"]["pattern"] == "^0x([0-9a-f]{2})*$"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"extra": 1}, "unknown"),
        ({"count": -1}, "count"),
        ({"count": "7"}, "count"),
        ({"count": True}, "count"),
        ({"data": "01ff"}, "data"),
        ({"data": "0x01FF"}, "second spelling"),
        ({"data": "0x1"}, "data"),
        ({"data": "0x01 ff"}, "second spelling"),
        ({"id": "0x00"}, "id"),
        ({"id": "0x" + "AB" * 32}, "second spelling"),
        ({"id": 1}, "id"),
        ({"note": 1}, "note"),
    ],
)
def test_wrong_fields_are_named(change: dict[str, object], named: str) -> None:
    """The path of what is wrong stands in the error."""
    with pytest.raises(InvalidEncoding, match=named):
        decode(Sample, encode_json({**to_plain(SAMPLE), **change}), limit=300)


def test_missing_fields_are_named() -> None:
    """Nothing has a silent default on the wire."""
    plain = to_plain(SAMPLE)
    del plain["note"]
    with pytest.raises(InvalidEncoding, match="note"):
        decode(Sample, encode_json(plain), limit=300)
