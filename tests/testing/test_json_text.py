"""JSON from strangers cannot end the process, whatever recursion limit other libraries have set."""

from __future__ import annotations

import sys

import pytest

from executor.testing.json_text import MAX_DEPTH, parse_json


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 50_000, b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)])
def test_deep_text_is_refused(text: bytes) -> None:
    """py_ecc raises the recursion limit to 100,000, and Python's parser then overflows the stack of the process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with pytest.raises(ValueError, match="nested deeper"):
            parse_json(text)
    finally:
        sys.setrecursionlimit(before)


def test_other_text_is_what_json_makes_of_it() -> None:
    """Also in UTF-16, and up to the limit."""
    assert parse_json('{"a": 1}'.encode("utf-16")) == {"a": 1}
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) != []
    with pytest.raises(ValueError, match="Expecting value"):
        parse_json(b"")
