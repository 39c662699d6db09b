"""D12: every engine gives the committed rows, to the byte and the unit of fuel."""

from __future__ import annotations

import json
import os
from hashlib import sha256

import jsonschema
import pytest

from executor.testing.engines import NAMES, open_engine

from .vectors import FILES, FOLDER, vectors

# QuickJS takes seconds to compile, on some engines ten: those get it in `make conformance` only. For wasmtime-speed the
# check of freshness has run it already.
EVERYTHING = os.environ.get("CONFORMANCE") == "all"
WITHOUT_QUICKJS = () if EVERYTHING else ("wasmtime-speed", "wasmtime-size", "wasmtime-bounds", "wasmtime-48")
SMALL_FILES = [file for file in FILES if file != "quickjs"]


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_gives_the_committed_rows(name: str) -> None:
    """Results, fuel after each call and at each import, depth, trap class, memory and globals: no difference."""
    asked = vectors(*SMALL_FILES) if name in WITHOUT_QUICKJS else vectors()
    with open_engine(name) as engine:
        rows = list(engine.rows(vector.case for vector in asked))
    different = [
        (vector.name, vector.expected, row.line(), row.note)
        for vector, row in zip(asked, rows, strict=True)
        if vector.expected != row.line()
    ]
    assert different == []


def test_vectors_fit_their_schema() -> None:
    """Every line is what the schema says, and its digests are those of its modules."""
    validator = jsonschema.Draft202012Validator(json.loads((FOLDER / "vector.schema.json").read_text()))
    for vector in vectors():
        validator.validate(vector.plain)
        assert sha256(vector.original).hexdigest() == vector.plain["module"]["sha256"]
        assert vector.plain["case"]["name"] == vector.plain["result"]["name"]


def test_vectors_are_numbered_and_named_once() -> None:
    """tcId counts the lines of a file, and a name means one vector."""
    for file in FILES:
        assert [vector.plain["tcId"] for vector in vectors(file)] == list(range(1, len(vectors(file)) + 1))
    names = [vector.name for vector in vectors()]
    assert len(set(names)) == len(names)


def test_vectors_meet_every_end() -> None:
    """All trap classes of an outcome, refused memory, an instance that is not made, an alloc that goes astray."""
    calls = [call for vector in vectors() for call in vector.plain["result"]["calls"]]
    assert {call["trap"] for call in calls if "trap" in call} == {"OUT_OF_FUEL", "STACK", "HOST", "TRAP"}
    assert any("astray" in call for call in calls)
    assert any(vector.plain["result"]["instance"] == "trap" for vector in vectors())
    assert len(vectors()) >= 65
