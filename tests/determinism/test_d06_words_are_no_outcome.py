"""D6: message text, backtraces and logs are in no digest."""

from __future__ import annotations

import wasmtime
from vm.guests import program, request

from executor.crypto.digests import make_report, transcript_hash
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.model.outcome import Trapped
from executor.model.view import NO_VIEW
from executor.vm import Diagnostics, execute, load


def named(name: str) -> bytes:
    """A module that traps inside a function of this name: the name section is where backtraces get their words."""
    source = f"""(module
      (memory (export "memory") 1)
      (func ${name} unreachable)
      (func (export "alloc") (param i32) (result i32) i32.const 0)
      (func (export "run") (param i32 i32) (result i64) call ${name} i64.const 0))"""
    return bytes(wasmtime.wat2wasm(source))


def test_two_names_of_one_function_give_one_outcome_and_report() -> None:
    """The backtraces differ, and nothing that is signed does."""
    told, reports = [], []
    for module in (named("first"), named("quite_another_name")):
        target = load(Function(module))
        diagnostics = Diagnostics()
        outcome = execute(target, request(target), diagnostics=diagnostics)
        assert isinstance(outcome, Trapped)
        told.append(diagnostics.message)
        same = (RequestId(bytes(32)), FunctionId(bytes(32)), transcript_hash(()))
        reports.append(make_report(*same, outcome, NO_VIEW))
    assert told[0] != told[1], "the words for people name the function"
    assert reports[0] == reports[1]


def test_who_asks_for_words_changes_nothing() -> None:
    """With and without diagnostics the outcome is the same."""
    target = program("unreachable")
    assert execute(target, request(target)) == execute(target, request(target), diagnostics=Diagnostics())
