"""The gate finds every planted fault by itself, with a small counterexample and the right advice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from executor.testing import program_of
from executor.testing.checking import Finding, Kind, Report, check, read_plan
from executor.testing.checking.plan import Plan

ROOT = Path(__file__).resolve().parents[3]
PLANTED = ROOT / "fixtures" / "functions" / "planted"
SCENES = 60  # examples, differing replies, outages, large replies and some inputs: nothing planted takes more


@dataclass(frozen=True)
class Expected:
    """What must be found: its kind, words of the advice, and how much the counterexample may hold."""

    kind: Kind
    advice: str
    input_bytes: int = 0
    changes: int = 3


EXPECTED = {
    "all_headers": Expected(Kind.TIME, "Date header"),
    "body_time": Expected(Kind.TIME, "Date.now() and context.block_timestamp are the same"),
    "caught_error": Expected(Kind.ERROR_AS_VALUE, "let errors out of observe", changes=1),
    "count_from_reply": Expected(Kind.TOO_MANY_OBSERVATIONS, "limits.observations in function.toml (now 5)"),
    "floating_text": Expected(Kind.FLOATING_POINT, "Decimal"),
    "identical_price": Expected(Kind.NUMBERS_DIFFER, "`median`"),
    "large_output": Expected(Kind.OUTPUT_TOO_LARGE, "limits.output_bytes", input_bytes=120),
    "large_reply": Expected(Kind.OUTPUT_TOO_LARGE, "limits.output_bytes in function.toml (now 64)"),
    "math_random": Expected(Kind.RANDOM, "Math.random throws", changes=0),
    "missing_host": Expected(Kind.HOST_NOT_ALLOWED, "capabilities.http.hosts", changes=0),
    "missing_method": Expected(Kind.METHOD_NOT_ALLOWED, "capabilities.http.methods", changes=0),
    "pattern_reading": Expected(Kind.FRAGILE_READING, "json()", changes=1),
    "price_in_fields": Expected(Kind.NUMBERS_DIFFER, "`median`"),
    "rate_limit_value": Expected(Kind.ERROR_AS_VALUE, "response.ok", changes=1),
    "reply_date": Expected(Kind.TIME, "leave them out"),
    "reply_id": Expected(Kind.REPLY_ID, "no randomness", changes=1),
    "truncated_scan": Expected(Kind.UNBOUNDED_LOOP, "bound the loop", changes=1),
    "unbounded_loop": Expected(Kind.UNBOUNDED_LOOP, "bound the loop", input_bytes=4),
    "unsorted_keys": Expected(Kind.ORDER, "sort the keys"),
    "words_under_median": Expected(Kind.BAD_VALUE, "convert what the reply has", changes=0),
}


@cache
def checked(name: str) -> Report:
    """The report about a planted function; the time is no limit, so it is the same everywhere."""
    plan = read_plan(PLANTED / name)
    return check(program_of(PLANTED / name), Plan(plan.inputs, plan.replies, examples=SCENES, seconds=600))


def found(name: str, kind: Kind) -> Finding:
    """The finding of a kind; fails with the whole report."""
    report = checked(name)
    return next((each for each in report.findings if each.kind is kind), None) or pytest.fail(report.text())


def test_every_planted_function_is_expected() -> None:
    """None is forgotten here."""
    assert set(EXPECTED) == {folder.name for folder in PLANTED.iterdir()}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_planted_fault_is_found(name: str) -> None:
    """Its kind, a small counterexample, the remedy; and the verdict is failed."""
    expected = EXPECTED[name]
    finding = found(name, expected.kind)
    assert expected.advice in finding.advice
    assert len(finding.input) <= expected.input_bytes
    assert len(finding.changes) <= expected.changes
    assert checked(name).verdict == "failed"


def test_differing_prices_are_shown_side_by_side() -> None:
    """The example of the documentation."""
    finding = found("price_in_fields", Kind.NUMBERS_DIFFER)
    assert finding.summary == "observation 0: field price: nodes saw 1842.17 and 1842.18 under `identical`"
    assert finding.where == "observation 0 field price"
    assert finding.nodes[0] == 'node 0   saw {"name":"ETHUSD","price":"1842.17"}'
    assert finding.changes[0] == "node 1: https://api.example.com/eth-usd: last digits +1"
    assert finding.committee == "agreed   error no-agreement: price: identical needs 2 equal of 3, had 1"


def test_the_documentation_shows_what_is_printed() -> None:
    """docs/check.md opens with this finding."""
    text = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    shown = text.split("$ executor check fixtures/functions/planted/price_in_fields\n", 1)[1].split("\n\n", 1)[0]
    lines = found("price_in_fields", Kind.NUMBERS_DIFFER).lines()
    assert [line.strip() for line in shown.splitlines()] == [f"✗ {lines[0]}", *(line.strip() for line in lines[1:])]


def test_each_cause_is_a_finding_of_its_own() -> None:
    """Times and ids of headers, and an error taken as a value."""
    kinds = [finding.kind for finding in checked("all_headers").findings]
    assert kinds == [Kind.TIME, Kind.REPLY_ID, Kind.ERROR_AS_VALUE]


def test_a_price_is_told_once() -> None:
    """That 1.5 may be written 1.50 adds nothing where the number differs anyway."""
    assert Kind.NUMBER_FORM not in {finding.kind for finding in checked("price_in_fields").findings}


@pytest.mark.parametrize("name", ["missing_host", "reply_id", "unbounded_loop", "pattern_reading", "large_reply"])
def test_one_fault_is_one_finding(name: str) -> None:
    """No other alarms beside it."""
    assert len(checked(name).findings) == 1, checked(name).text()


def test_what_is_meant_is_allowed() -> None:
    """`allow` of check.toml: it is shown, and no finding any more."""
    folder = PLANTED / "rate_limit_value"
    plan = Plan(allow=frozenset({Kind.ERROR_AS_VALUE}), examples=SCENES, seconds=600)
    report = check(program_of(folder), plan)
    assert report.passed, report.text()
    assert [finding.kind for finding in report.allowed] == [Kind.ERROR_AS_VALUE]
    assert "allowed  error-as-value" in report.text()


def test_steady_fields_do_not_differ() -> None:
    """`steady` of check.toml: the user says what is the same everywhere."""
    folder = PLANTED / "price_in_fields"
    plan = Plan(replies=read_plan(folder).replies, steady=frozenset({"price"}), examples=SCENES, seconds=600)
    assert check(program_of(folder), plan).passed


def test_the_same_seed_gives_the_same_report() -> None:
    """Words, counts and counterexamples."""
    folder = PLANTED / "identical_price"
    again = check(program_of(folder), Plan(examples=SCENES, seconds=600))
    assert again.plain() == checked("identical_price").plain()
