"""docs/testing.md is true: its project is written to disk, its tests run, its failure is what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import executor.testing.committees  # noqa: F401 - what an inner run of pytest imports first is forgotten after it
from executor.testing import assert_deterministic, strategies
from executor.testing.strategies import schema as schema_module

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Every block that names a file in its first line, written there."""
    for language, text in BLOCKS:
        if named := re.match(r"(?:#|//) (\S+)\n", text):
            path = pytester.path / named[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            assert language == "text"
    return pytester


def test_the_tests_of_the_page_pass(project: pytest.Pytester) -> None:
    """All of them, as they stand."""
    count = sum(text.count("\ndef test_") for language, text in BLOCKS if language == "python")
    assert count >= 8
    result = project.runpytest_inprocess("-p", "no:faulthandler", "-p", "no:asyncio", "--strict-markers")
    result.assert_outcomes(passed=count)


def test_the_failure_of_the_page_is_real(project: pytest.Pytester) -> None:
    """Line by line, with the change the page speaks of."""
    source = project.path / "price" / "price.js"
    source.write_text(source.read_text().replace("median", "identical"))
    result = project.runpytest_inprocess(
        "-p", "no:faulthandler", "-p", "no:asyncio", "-k", "nodes_agree", "test_price.py"
    )
    result.assert_outcomes(failed=1)
    (shown,) = [text for language, text in BLOCKS if language == "text"]
    failed = [line.removeprefix("E").strip() for line in result.stdout.lines if line.startswith("E")]
    wanted = [line.strip() for line in shown.splitlines() if line.strip()]
    assert any(line.endswith(f"DoesNotAgree: {wanted[0]}") for line in failed)
    assert set(wanted[1:]) <= set(failed)


def test_what_is_public_is_on_the_page() -> None:
    """Every strategy by name; and every keyword of JSON Schema that is said to be known is."""
    assert f"| `{assert_deterministic.__name__}` |" in PAGE
    for name in set(strategies.__all__) - {"ObservationSet", "variations"}:
        assert f"`{name}(" in PAGE, name
    known = set().union(*schema_module._KEYWORDS.values()) | set(schema_module._CHOICES)
    said = PAGE.split("what a JSON Schema allows", 1)[1].split("any other keyword", 1)[0]
    assert set(re.findall(r"`([$\w]+)`", said)) - {"type"} <= known
