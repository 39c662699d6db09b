"""The pytest plugin, as a user's project has it: marker, fixtures, a failure that reads well, and no cost unused."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import executor.testing.committees  # noqa: F401 - what an inner run of pytest imports first is forgotten after it
from executor.testing import DoesNotAgree, assert_agrees

from .functions import MANIFEST, URL

pytest_plugins = ["pytester"]

MANIFEST_FILE = f"""[function]
name = "price"
language = "javascript"
source = "price.js"
{MANIFEST}"""
SOURCE = f"""import {{ http, identical, median, observe }} from "executor";
export default () => observe(STRATEGY, () => http.get("{URL}").json().price).toString();
"""
TESTS = f"""
import pytest
from executor.testing import assert_agrees

REPLIES = {{"{URL}": {{"price": 1842.17}}}}

@pytest.mark.executor_function("price/function.toml", n=7, f=2)
def test_with_a_committee(committee):
    assert (committee.n, committee.f) == (7, 2)
    committee.assert_agrees(replies=REPLIES, max_examples=5)
    committee.assert_deterministic(replies=REPLIES, variants=[], max_examples=2)
    assert committee.simulate(replies=REPLIES).outcome.output == b"1842.17"

def test_three_lines(load_function):
    assert_agrees(load_function("price"), replies=REPLIES, max_examples=30)
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A pytest run in this process, where the engine is compiled already.

    Without pytest's own fault handler: when the inner run ends it would take down the signal handlers by which
    wasmtime notices traps, and the next trap would end this process.
    """
    return pytester.runpytest_inprocess("-p", "no:faulthandler", "-p", "no:asyncio", *arguments)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project whose function aggregates a price as it should."""
    folder = pytester.mkdir("price")
    (folder / "function.toml").write_text(MANIFEST_FILE)
    (folder / "price.js").write_text(SOURCE.replace("STRATEGY", "median"))
    pytester.makepyfile(TESTS)
    return pytester


def test_the_plugin_is_installed() -> None:
    """By its entry point, so that users need no configuration."""
    (found,) = entry_points(group="pytest11", name="executor")
    assert found.value == "executor.testing.pytest_plugin"


def test_a_good_function_passes(project: pytest.Pytester) -> None:
    """Marker and fixtures find the function; strict markers know the marker."""
    run(project, "--strict-markers").assert_outcomes(passed=2)


def test_a_failure_is_the_report_and_the_users_own_line(project: pytest.Pytester) -> None:
    """No line of the library's stands between them."""
    (project.path / "price" / "price.js").write_text(SOURCE.replace("STRATEGY", "identical"))
    result = run(project, "-k", "three_lines")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>*assert_agrees(load_function("price"), replies=REPLIES, max_examples=30)',
            f"E*{DoesNotAgree.__name__}: no agreement on slot 0 under `identical`",
            "E*node  its replies     what it saw",
            "E*1     as given        1842.17",
            "E*3     last digits +1  1842.18",
            "E*advice   nodes saw 1842.17 and 1842.18 under `identical`: use `median`",
            "E*they part at host call 2: answer",
        ]
    )
    shown = result.stdout.str()
    assert "_raise_first" not in shown
    assert f"def {assert_agrees.__name__}" not in shown
    assert "Falsifying example" not in shown
    assert "During handling" not in shown


@pytest.mark.parametrize("marked", ["", "@pytest.mark.executor_function()", '@pytest.mark.executor_function("a", m=1)'])
def test_a_test_without_a_proper_marker_is_an_error_with_the_way_out(pytester: pytest.Pytester, marked: str) -> None:
    """It shows how the mark is written."""
    pytester.makepyfile(f"import pytest\n{marked}\ndef test_nothing(committee):\n    pass\n")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*mark the test: @pytest.mark.executor_function*"])


def test_a_function_that_is_not_there_is_an_error(pytester: pytest.Pytester) -> None:
    """Named as the command line names it."""
    pytester.makepyfile("def test_nothing(load_function):\n    load_function('nowhere/function.toml')\n")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*InvalidManifest: function.toml not found in *nowhere*"])


def test_who_does_not_use_the_plugin_pays_nothing(tmp_path: Path) -> None:
    """A whole pytest run imports neither the machine nor Hypothesis nor pydantic for it."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "HEAVY = {'wasmtime', 'pydantic', 'aiohttp', 'executor.vm', 'executor.testing.assertions'}\n"
        "def test_nothing_heavy():\n"
        "    assert 'executor.testing.pytest_plugin' in sys.modules\n"
        "    assert not HEAVY & set(sys.modules)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_other.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_the_plugin_itself_imports_no_hypothesis() -> None:
    """Hypothesis may be missing where the executor is."""
    probe = "import sys, executor.testing, executor.testing.pytest_plugin; assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)
