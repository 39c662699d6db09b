"""Deeply nested JSON is refused, also where another package raised Python's recursion limit."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import InvalidEncoding
from executor.model.codec import MAX_DEPTH, _count_nesting, check_nesting, decode_json

BOMB = """
import sys
sys.setrecursionlimit(100_000)  # what py_ecc does on import
from executor.errors import InvalidEncoding
from executor.model.codec import decode_json
for text in (b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000):
    try:
        decode_json(text, limit=10_000_000)
    except InvalidEncoding as error:
        print(error)
"""


def test_a_nested_text_is_refused_and_does_not_end_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", BOMB], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("nested deeper than") == 3


def test_brackets_inside_strings_do_not_count() -> None:
    text = '["' + "[{" * 100 + '\\"[' + '"]'
    assert decode_json(text.encode(), limit=1_000) == ["[{" * 100 + '"[']


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_the_limit_itself_is_allowed(depth: int) -> None:
    text = "[" * depth + "]" * depth
    if depth == MAX_DEPTH:
        check_nesting(text)
    else:
        with pytest.raises(InvalidEncoding):
            check_nesting(text)


def told(check: Callable[[str, int], None], text: str, limit: int) -> str:
    """What it says of a text."""
    try:
        check(text, limit)
    except InvalidEncoding as error:
        return str(error)
    return ""


@given(st.text('[]{}"\\\na,:', max_size=40), st.integers(0, 6))
def test_texts_are_judged_as_by_counting_one_bracket_after_the_other(text: str, limit: int) -> None:
    """Balanced or not, with strings that end and strings that do not."""
    assert told(check_nesting, text, limit) == told(_count_nesting, text, limit)
