"""`executor new`: every template is a function that builds, runs, agrees, and whose own test passes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from cli_types import Run

from executor.projects import load_project
from executor.templates import languages
from tests.rust_compiler import use_pinned_rustc


@pytest.mark.parametrize("language", languages())
def test_a_new_function_works(executor: Run, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From an empty folder: made, built, run with its replies, simulated; then the test that came with it."""
    if language == "rust":
        use_pinned_rustc(monkeypatch)
    done = executor("new", "eth-price", "--lang", language)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "eth-price"
    assert load_project(folder).manifest.function.name == "eth-price"
    assert len((folder / "README.md").read_text().splitlines()) <= 6
    assert "@name" not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert executor("build", folder).returncode == 0
    ran = executor("run", folder, "--replies", folder / "replies.json", "--json")
    assert int(json.loads(ran.stdout)["payload"][2:66], 16) == 184_217_000_000
    simulated = executor("simulate", folder, "-n", 7, "--json")
    assert json.loads(simulated.stdout)["attested"] is True, simulated.stdout
    for test in own_tests(folder / "test_eth_price.py"):
        test()


def own_tests(file: Path) -> list[object]:
    """The tests in a file, imported as pytest does."""
    spec = importlib.util.spec_from_file_location("made_test", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = [value for name, value in vars(module).items() if name.startswith("test_")]
    assert found
    return found


def test_what_cannot_be_made_is_refused_and_nothing_is_left(executor: Run, tmp_path: Path) -> None:
    """An existing folder, bad names and unknown languages: one line each, with the nearest right one."""
    (tmp_path / "there").mkdir()
    for arguments, told in (
        (("there",), "there exists already; nothing is overwritten"),
        (("My_Price",), "did you mean my-price?"),
        (("-x", "--lang", "c"), ""),
        (("a" * 65,), "1 to 64 lower-case letters"),
        (("price", "--lang", "javascrpt"), "did you mean javascript?"),
        (("price", "--lang", "cobol"), f"there are {', '.join(languages())}"),
    ):
        done = executor("new", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    (tmp_path / "file").touch()
    done = executor("new", "file/price")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
