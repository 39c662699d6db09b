"""Whole runs against fixtures/vectors/execute.json: outcome and fuel, to the unit (D1, D2)."""

from __future__ import annotations

from typing import Any

import pytest
import wasmtime
from vector_files import ROOT, content, rows, unhex

from executor import PROFILE, Awaiting, Failed, Function, Loader, Returned, Trapped, execute, profile_id
from executor.crypto.digests import module_id, request_id
from executor.errors import InvalidModule, TranscriptMismatch
from executor.model.codec import from_plain, to_plain
from executor.model.manifest import parse_terms
from executor.model.outcome import Outcome, TrapCode
from executor.model.request import Request
from executor.model.transcript import Transcript

LOAD = Loader()


def function(row: dict[str, Any]) -> Function:
    """The function of a row, whose module has the id it says."""
    stated = row["module"]
    module = (ROOT / stated["file"]).read_bytes() if "file" in stated else unhex(stated["wasm"])
    assert str(module_id(module)) == row["moduleId"]
    return Function(module, parse_terms(row["terms"]), unhex(row["source"]))


def expected(plain: dict[str, str]) -> Outcome:
    """The outcome of a row."""
    match plain["kind"]:
        case "returned":
            return Returned(unhex(plain["output"]), int(plain["fuelUsed"]))
        case "failed":
            return Failed(unhex(plain["error"]), int(plain["fuelUsed"]))
        case "trapped":
            return Trapped(TrapCode[plain["code"]], int(plain["fuelUsed"]))
        case _:
            return Awaiting(int(plain["slot"]), unhex(plain["spec"]))


def test_the_runs_are_of_this_profile() -> None:
    """Fuel belongs to a profile: the file names the one it was made under."""
    head = content("execute")
    assert head["profile"] == to_plain(PROFILE)
    assert head["profileId"] == str(profile_id(PROFILE))


@pytest.mark.parametrize("row", rows("execute", "valid"))
def test_a_run_ends_like_this(row: dict[str, Any]) -> None:
    """Twice."""
    program = LOAD(function(row))
    request, transcript = from_plain(Request, row["request"]), from_plain(Transcript, row["transcript"])
    assert str(program.function_id) == row["functionId"]
    assert str(request_id(request)) == row["requestId"]
    assert execute(program, request, transcript) == expected(row["outcome"])
    assert execute(program, request, transcript) == expected(row["outcome"])


@pytest.mark.parametrize("row", rows("execute", "invalid"))
def test_a_run_is_refused(row: dict[str, Any]) -> None:
    """The module when it is loaded, the transcript when it is not consumed exactly."""
    if row["error"] == "InvalidModule":
        with pytest.raises(InvalidModule):
            LOAD(function(row))
        return
    program = LOAD(function(row))
    with pytest.raises(TranscriptMismatch):
        execute(program, from_plain(Request, row["request"]), from_plain(Transcript, row["transcript"]))


def test_the_texts_are_the_bytes() -> None:
    """For people: what stands beside the bytes is what they are made of."""
    stated = [row["module"] for row in content("execute")["tests"] if "wat" in row["module"]]
    for module in stated:
        assert bytes(wasmtime.wat2wasm(module["wat"])) == unhex(module["wasm"])
