"""Places of the running source become places of the user's files, in words for people only."""

import json

import pytest

from executor.javascript import Positions
from executor.javascript.source_map import Place, read_source_map

# Two files. Line 1 of the bundle is nobody's; line 2 is line 1 of a.ts from column 3 on, and line 10 of b.ts from 9 on.
MAP = json.dumps({"version": 3, "sources": ["../src/a.ts", "../../lib/b.ts"], "mappings": ";EAAA,MCSA;AAEA"}).encode()


def test_a_place_is_that_of_the_last_segment_before_it() -> None:
    """Columns between two segments belong to the first; before the first nothing does."""
    found = read_source_map(MAP)
    assert found.place_of(0, 0) is None
    assert found.place_of(1, 1) is None
    assert found.place_of(1, 2) == Place("../src/a.ts", 0, 0)
    assert found.place_of(1, 7) == Place("../src/a.ts", 0, 0)
    assert found.place_of(1, 8) == Place("../../lib/b.ts", 9, 0)
    assert found.place_of(2, 0) == Place("../../lib/b.ts", 11, 0)
    assert found.place_of(99, 0) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"sources": [], "mappings": "?"}',
        b'{"sources": [], "mappings": 5}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_map_says_nothing(data: bytes) -> None:
    """It decides nothing, so it raises nothing."""
    assert read_source_map(data).place_of(0, 0) is None
    assert Positions("src/a.ts", data).told("Error: x (function.js:2:3)").startswith("Error: x (")


def test_a_segment_beyond_the_files_says_nothing() -> None:
    """A number of a file that the map does not have."""
    assert read_source_map(b'{"sources": [], "mappings": "AAAA"}').place_of(0, 0) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Error: x (function.js:2:3)", "Error: x (src/a.ts:1:1)"),
        ("  at f (function.js:2:9)\n  at g (function.js:2:4)", "  at f (../lib/b.ts:10:1)\n  at g (src/a.ts:1:1)"),
        ("Error: x (function.js:1:1)", "Error: x (function.js:1:1)"),  # the bundler's own
        ("TypeError: function.js must have", "TypeError: src/a.ts must have"),
        ("https://a.example/function.js:2:3", "https://a.example/function.js:2:3"),
        ("myfunction.js:2:3", "myfunction.js:2:3"),
        ("function.js:99999999999999999999:1", "function.js:99999999999999999999:1"),
        ("no place", "no place"),
    ],
)
def test_texts_name_the_users_files(text: str, told: str) -> None:
    """Each place by itself; what is no place of the running source stays."""
    assert Positions("src/a.ts", MAP).told(text) == told


def test_a_source_that_runs_as_it_stands_keeps_its_lines() -> None:
    """Only the name is the user's."""
    assert Positions("src/a.js").told("x (function.js:3:9)") == "x (src/a.js:3:9)"
    assert Positions().told("x (function.js:3:9)") == "x (function.js:3:9)"
