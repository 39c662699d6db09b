"""Deeply nested JSON is refused, also where another package raised Python's recursion limit."""

import subprocess
import sys

import pytest

from executor.errors import InvalidEncoding
from executor.model.codec import MAX_DEPTH, check_nesting, decode_json

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
