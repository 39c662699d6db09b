"""Observation specs: canonical JSON of known strategies."""

from __future__ import annotations

import pytest

from executor.errors import InvalidSpec
from executor.model.codec import encode_json
from executor.model.spec import Fields, Spec, Strategy, parse_spec


def test_specs_are_read() -> None:
    """A strategy, or fields by name in order; label and default are optional."""
    assert parse_spec(b'{"aggregate":"median"}') == Spec(Strategy.MEDIAN, "", None)
    full = {"aggregate": {"fields": {"b": "mode", "a": "identical"}}, "label": "x", "default": ""}
    expected = Fields((("a", Strategy.IDENTICAL), ("b", Strategy.MODE)))
    assert parse_spec(encode_json(full)) == Spec(expected, "x", "")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "canonical"),
        (b'{"aggregate": "median"}', "canonical"),
        (b"[]", "not an object"),
        (b"{}", "aggregate"),
        (b'{"aggregate":"mean"}', "unknown strategy 'mean'"),
        (b'{"aggregate":null}', "aggregate"),
        (b'{"aggregate":{"fields":{}}}', "1 to 32"),
        (b'{"aggregate":{"fields":{"a":{"fields":{"b":"mode"}}}}}', "unknown strategy"),
        (b'{"aggregate":{"fields":{"a":"mode"},"x":1}}', "aggregate"),
        (b'{"aggregate":"mode","colour":1}', "unknown key 'colour'"),
        (b'{"aggregate":"mode","label":1}', "label"),
        (b'{"aggregate":"mode","default":1}', "default"),
        (b'{"aggregate":"mode","default":null}', "default"),
        (encode_json({"aggregate": "mode", "label": "x" * 65}), "label"),
        (encode_json({"aggregate": {"fields": {str(i): "mode" for i in range(33)}}}), "1 to 32"),
        (encode_json({"aggregate": "mode", "default": "x" * 5000}), "limit"),
    ],
)
def test_wrong_specs_are_named(data: bytes, named: str) -> None:
    """InvalidSpec says what is wrong."""
    with pytest.raises(InvalidSpec) as caught:
        parse_spec(data)
    assert named in str(caught.value)
