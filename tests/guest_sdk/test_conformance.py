"""Every language conforms in every case that it can express (guest-sdk/conformance)."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from suite import Case, Language, all_cases, languages, mismatch, recorded_of, run
from suite.building import FILE, stale
from suite.cases import data
from suite.freezing import changed, digests, frozen
from suite.recording import cases_of, record
from suite.table import FILE as README
from suite.table import whole

RECORDED = {name: recorded_of(language) for name, language in languages().items()}
RUNS = [
    pytest.param(language, case, id=f"{language.id} {case.name}")
    for language in languages().values()
    for case in cases_of(language)
    if language.tested is None or case.module in language.tested
]
EVERY = pytest.mark.parametrize("language", languages().values(), ids=lambda language: language.id)


@pytest.mark.parametrize(("language", "case"), RUNS)
def test_a_case_ends_as_it_must(language: Language, case: Case):
    """As all languages do, and with the fuel and words that are recorded for this one."""
    ending = run(case, language)
    assert mismatch(case, ending) is None
    assert record(ending) == RECORDED[language.id][case.name]


@EVERY
def test_what_is_recorded_is_what_is_run(language: Language):
    """No row is left of a case that is none, or that the language cannot express."""
    assert list(RECORDED[language.id]) == [case.name for case in cases_of(language)]


@EVERY
def test_what_a_language_cannot_do_is_a_case(language: Language):
    """Every pattern under [cannot] is that of a case, and has a reason."""
    for pattern, reason in language.cannot.items():
        assert any(fnmatchcase(case.name, pattern) for case in all_cases())
        assert len(reason) > 10


def test_modules_were_built_from_these_sources():
    """Whoever changes a source without building again is told so."""
    assert [wrong for file in README.parent.glob(f"*/**/{FILE}") for wrong in stale(file.parent)] == []


def test_the_table_is_up_to_date():
    """README.md is what `conformance.py table` writes."""
    readme = README.read_text(encoding="utf-8")
    assert readme == whole(readme)


def test_cases_are_only_added():
    """A case that stood in version 1 is what it was, and each is frozen."""
    assert changed() == []
    assert list(digests()) == sorted(frozen())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("basics/echo", {"expect": {"returned": "other"}}),
        ("basics/echo", {"expect": {"failed": ""}}),
        ("basics/fail", {"expect": {"failed": "not enough prizes"}}),
        ("basics/spin", {"expect": {"trapped": "STACK"}}),
        ("basics/log", {"logs": [[0, "héllo, 😀"]]}),
        ("observations/median-awaits", {"expect": {"awaiting": {"aggregate": "mode"}}}),
        ("observations/median-looks", {"expect": {"value": "1842.17"}}),
        ("observations/nested", {"expect": {"error": "trap"}}),
        ("world/post", {"asks": []}),
    ],
)
def test_another_ending_is_noticed(name: str, change: dict):
    """The suite's own judgement: what is expected wrongly is told, with what was got instead."""
    case = next(case for case in all_cases() if case.name == name)
    wrong = replace(case, **change)
    told = mismatch(wrong, run(wrong, languages()["javascript"]))
    assert told is not None
    assert told.startswith("expected ")


def test_a_transcript_that_is_not_consumed_is_no_ending():
    """Entries that are left over conform with nothing."""
    case = next(case for case in all_cases() if case.name == "observations/median-agreed")
    longer = replace(case, transcript=case.transcript * 2)
    assert mismatch(longer, run(longer, languages()["javascript"])) is not None


def test_the_notation_of_bytes():
    """Text, hex, repetition, and lists of these."""
    assert data(["é", {"hex": "00ff"}, {"repeat": ["ab", {"hex": "01"}], "times": 2}]) == b"\xc3\xa9\0\xffab\1ab\1"
    with pytest.raises(ValueError, match="no notation of bytes"):
        data({"hexx": "00"})
