"""Every vector file fits its schema, is what its command makes, and covers what it is about."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from vector_files import NAMES, VECTORS, content

from executor.model.outcome import TrapCode

BY_HAND = {"bls"}


def test_the_vectors_are_what_their_command_makes() -> None:
    """`python fixtures/vectors/generate.py` gives the committed files."""
    command = [sys.executable, str(VECTORS / "generate.py"), "--check"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_every_file_has_a_schema() -> None:
    """And every schema a file."""
    files = {path.name.removesuffix(".json") for path in VECTORS.glob("*.json") if ".schema." not in path.name}
    assert files == set(NAMES) >= BY_HAND


@pytest.mark.parametrize("name", NAMES)
def test_a_file_fits_its_schema(name: str) -> None:
    """A field that the schema does not know is refused, too."""
    schema = content(f"{name}.schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content(name), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content(name), "extra": 1}, schema)


def numbers(plain: Any) -> Iterator[int]:
    """Every tcId in a file."""
    match plain:
        case dict():
            if "tcId" in plain:
                yield plain["tcId"]
            for value in plain.values():
                yield from numbers(value)
        case list():
            for value in plain:
                yield from numbers(value)


@pytest.mark.parametrize("name", ["abi", "billing", "codec", "evidence", "evm", "transcript", "strategies", "execute"])
def test_tests_are_numbered_and_flags_are_used(name: str) -> None:
    """From 1, without gaps; a flag that the schema names stands on some test; both results are there."""
    plain, schema = content(name), content(f"{name}.schema")
    assert list(numbers(plain)) == list(range(1, len(plain["tests"]) + 1))
    known = set(schema["properties"]["tests"]["items"]["properties"]["flags"]["items"]["enum"])
    assert {flag for row in plain["tests"] for flag in row["flags"]} == known
    assert {row["result"] for row in plain["tests"]} == set(
        schema["properties"]["tests"]["items"]["properties"]["result"]["enum"]
    )


def test_the_runs_cover_every_end() -> None:
    """Every kind of outcome, every trap code, both refusals; guests in three languages."""
    rows = content("execute")["tests"]
    outcomes = [row["outcome"] for row in rows if row["result"] == "valid"]
    assert {each["kind"] for each in outcomes} == {"returned", "failed", "trapped", "awaiting"}
    assert {each["code"] for each in outcomes if each["kind"] == "trapped"} == {code.name for code in TrapCode}
    assert {row.get("error") for row in rows} == {None, "TranscriptMismatch", "InvalidModule"}
    assert {"wat", "file"} <= {key for row in rows for key in row["module"]}
    assert any(row["source"] != "0x" for row in rows)


def test_the_sets_cover_every_kind_of_entry() -> None:
    """Values, errors and defaults; sets of values, errors and both."""
    valid = [row for row in content("strategies")["tests"] if row["result"] == "valid"]
    assert {row["agreed"]["kind"] for row in valid} == {"0", "1", "2"}
    assert {frozenset(seen["kind"] for seen in row["observations"]) for row in valid} >= {
        frozenset("0"),
        frozenset("1"),
        frozenset("01"),
    }
