"""executor check: verdicts, exit codes, and what it says to people and programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_types import Run
from wasmtime import wat2wasm

ROOT = Path(__file__).resolve().parents[2]
PLANTED = ROOT / "fixtures" / "functions" / "planted"
QUICK = ("--examples", "60", "--seconds", "300", "--no-engines")
CHEAP = """
[function]
name = "cheap"
language = "wasm"
source = "cheap.wasm"
[limits]
observations = 0
"""
ECHO = """
(module (import "executor" "fail" (func $fail (param i32 i32)))
  (memory (export "memory") 4)
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "run") (param $at i32) (param $size i32) (result i64)
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 98))
      (then (call $fail (local.get $at) (i32.const 3)) (unreachable)))
    (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32))))
"""


@pytest.fixture
def cheap(tmp_path: Path) -> Path:
    """A function that returns nothing, and fails on inputs that begin with "b"."""
    folder = tmp_path / "cheap"
    folder.mkdir()
    (folder / "function.toml").write_text(CHEAP)
    (folder / "cheap.wasm").write_bytes(wat2wasm(ECHO))
    return folder


def test_a_clean_function_passes_on_every_engine(executor: Run, cheap: Path) -> None:
    """Exit code 0, one line with the counts; runs were compared with other engines."""
    done = executor("check", cheap, "--input", "7", "--examples", "40", "--seconds", "300")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("✓ cheap passed: nothing found; tried 1 examples, 39 inputs, 12 comparisons, ")
    assert "seed 0" in done.stdout
    assert done.stderr == ""


def test_a_finding_is_exit_one_with_its_counterexample(executor: Run) -> None:
    """What the nodes saw, and what to do."""
    done = executor("check", PLANTED / "price_in_fields", *QUICK)
    assert done.returncode == 1
    for shown in (
        "✗ numbers-differ: observation 0: field price: nodes saw 1842.17 and 1842.18 under `identical`",
        "  reply    node 1: https://api.example.com/eth-usd: last digits +1",
        '  node 2   saw {"name":"ETHUSD","price":"1842.19"}',
        "  advice   numbers move between two looks",
        "✗ price-in-fields failed: 1 finding; tried 1 examples, 8 differing replies, ",
    ):
        assert shown in done.stdout
    assert "\x1b" not in done.stdout


def test_json_has_the_same(executor: Run) -> None:
    """Verdict, counts, and each finding with its parts."""
    done = executor("check", PLANTED / "unbounded_loop", "--json", *QUICK)
    assert done.returncode == 1
    plain = json.loads(done.stdout)
    assert plain["verdict"] == "failed"
    assert plain["function_id"].startswith("0x")
    (finding,) = plain["findings"]
    assert finding["kind"] == "unbounded-loop"
    assert len(bytes.fromhex(finding["input"][2:])) <= 4
    assert finding["tries"] < 20
    assert plain["tried"]["inputs"] == 59


def test_the_project_is_here_by_default(executor: Run, cheap: Path) -> None:
    """No argument: the folder one stands in; function.toml itself is as good."""
    assert executor("check", cheap / "function.toml", *QUICK).returncode == 0
    (cheap.parent / "function.toml").write_text(CHEAP.replace("cheap.wasm", "cheap/cheap.wasm"))
    assert executor("check", *QUICK).returncode == 0


def test_check_toml_changes_no_function_id(executor: Run, cheap: Path) -> None:
    """It is no part of the function."""
    before = json.loads(executor("check", cheap, "--json", *QUICK).stdout)["function_id"]
    (cheap / "check.toml").write_text('inputs = ["hello"]\n')
    done = executor("check", cheap, "--json", *QUICK)
    assert json.loads(done.stdout)["function_id"] == before


def test_examples_on_the_command_line_come_before_the_file(executor: Run, cheap: Path) -> None:
    """--input replaces inputs of check.toml."""
    (cheap / "cheap.js").write_text(
        'export default (i) => { if (i.text() === "bad") throw new Error("no"); return ""; };'
    )
    (cheap / "check.toml").write_text('inputs = ["bad"]\n')
    done = executor("check", cheap, *QUICK)
    assert (done.returncode, "example-fails" in done.stdout) == (1, True)
    assert executor("check", cheap, "--input", "good", *QUICK).returncode == 0


def test_replies_on_the_command_line(executor: Run, tmp_path: Path) -> None:
    """--replies replaces the file that check.toml names."""
    (tmp_path / "r.json").write_text(json.dumps({"https://api.example.com/height": {"body": '{"height": 182}'}}))
    done = executor("check", PLANTED / "words_under_median", "--replies", "r.json", *QUICK)
    assert done.returncode == 0, done.stdout


def test_nothing_to_judge_is_exit_four(executor: Run, cheap: Path) -> None:
    """Neither passed nor failed: CI must not be green."""
    (cheap / "cheap.wasm").write_bytes(wat2wasm(ECHO.replace("i32.eq ", "i32.or ")))
    done = executor("check", cheap, *QUICK)
    assert done.returncode == 4
    assert "inconclusive" in done.stdout
    assert "no run returned" in done.stdout
    assert "give an example input" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nowhere"], "function.toml not found in nowhere"),
        (["cheap", "--input", "@none"], "--input @none"),
        (["cheap", "--replies", "none.json"], "none.json"),
        (["cheap", "--replies", "broken.json"], "broken.json: not JSON"),
        (["cheap", "--examples", "0"], "--examples"),
        (["cheap", "--seconds", "x"], "--seconds"),
        (["strange"], "check.toml: colour: unknown key"),
    ],
)
def test_wrong_usage_is_named(executor: Run, cheap: Path, tmp_path: Path, arguments: list[str], named: str) -> None:
    """Exit code 2, before anything runs."""
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "function.toml").write_text(CHEAP)
    (tmp_path / "strange" / "check.toml").write_text("colour = 1\n")
    done = executor("check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr


def test_a_source_that_never_loads_is_told_with_its_line_and_nothing_is_hunted_for(
    executor: Run, project: Path
) -> None:
    """An example input would not help."""
    (project / "greet.js").write_text("export default () => {\n  return 1 +;\n};\n")
    done = executor("check", project, *QUICK)
    assert (done.returncode, done.stdout) == (2, "")
    assert "function.source: greet.js: " in done.stderr
    assert "greet.js:2" in done.stderr
