"""Depth is bounded before Python's parser sees the text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.chain.strict_json import MAX_DEPTH, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(VALUES)
def test_ordinary_values_are_parsed_as_json_does(value: object) -> None:
    """The guard changes no value."""
    assert value == parse_json(json.dumps(value).encode())


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"b":[', b'["]",['])
def test_depth_beyond_the_bound_is_refused(opening: bytes) -> None:
    """However deep, the text is refused as a value error and the process lives."""
    for count in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(ValueError, match="levels"):
            parse_json(opening * count)


def test_brackets_in_strings_do_not_count() -> None:
    """Only structure has depth."""
    text = ["[" * 1000, '"[{' * 1000, "\\"]
    assert text == parse_json(json.dumps(text).encode())


def test_the_bound_itself_is_allowed() -> None:
    """Exactly MAX_DEPTH levels pass, side by side any number of them."""
    nested = b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1)
    assert len(parse_json(b"[" + b",".join([nested] * 50) + b"]")) == 50
