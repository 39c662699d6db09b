"""The command itself: fast help, one-line errors, documented exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from cli_types import Run
from typer.testing import CliRunner

from executor.cli import _exits
from executor.cli._exits import exit_code
from executor.cli._verbs import VERBS, app
from executor.errors import (
    ChainUnavailable,
    ExecutorError,
    HostFault,
    InvalidValue,
    VerificationFailed,
    WorkerDied,
    WrongPassword,
)


def test_help_lists_every_verb_and_loads_none(executor: Run) -> None:
    """Help stays fast because no verb, and nothing heavy, is imported for it."""
    done = executor("--help")
    assert done.returncode == 0
    for name, text in VERBS.items():
        assert name in done.stdout
        assert text.split()[0] in done.stdout
    probe = (
        "import sys\nfrom typer.testing import CliRunner\nfrom executor.cli._verbs import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'wasmtime', 'aiohttp', 'web3', 'pydantic', 'executor.vm', 'executor.model'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)


def test_verbs_that_start_at_once_import_no_network() -> None:
    """`version`, `new`, `run` and `simulate` with replies: what takes longest to import is left out."""
    probe = (
        "import sys, executor.cli.version, executor.cli.new\n"
        "assert not {'wasmtime', 'rich', 'executor.vm'} & set(sys.modules)\n"
        "import executor.cli.run, executor.cli.simulate\n"
        "heavy = {'aiohttp', 'web3', 'eth_abi', 'hypothesis', 'executor.worker.pool'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)


def test_shells_complete_verbs_and_options() -> None:
    """Verbs from the table alone; a verb's options from the verb."""

    def completed(words: str, place: int) -> list[str]:
        asked = {"_EXECUTOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        code = "import sys; sys.argv = ['executor']; from executor.cli import main; main()"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.split()

    assert completed("executor re", 1) == ["request", "receipt", "requests"]
    assert completed("executor ", 1) == list(VERBS)
    assert {"--replay", "--record"} <= set(completed("executor run --re", 2))
    assert completed("executor new price --lang ja", 4) == ["javascript"]


SERVERS = {"signer", "node run"}  # what they tell is their log, which is JSON where no terminal reads it


def test_every_verb_has_json() -> None:
    """But those that serve until they are stopped."""

    def without(command: Any, name: str) -> set[str]:
        if verbs := getattr(command, "commands", None):
            return {each for verb, inner in verbs.items() for each in without(inner, f"{name} {verb}")}
        return set() if any("--json" in parameter.opts for parameter in command.params) else {name}

    root: Any = typer.main.get_command(app)
    assert {each for verb in VERBS for each in without(root.get_command(None, verb), verb)} == SERVERS


def test_no_color_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://no-color.org: also where a terminal would show colours."""
    assert "\x1b" in CliRunner().invoke(app, ["version"], color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    done = CliRunner().invoke(app, ["version"], color=True)
    assert (done.exit_code, "\x1b" in done.stdout, "engine" in done.stdout) == (0, False, True)


def test_the_release_is_told_as_other_commands_tell_theirs(executor: Run) -> None:
    assert executor("--version").stdout == f"executor {version('executor')}\n"


def test_the_command_runs_in_a_process_of_its_own() -> None:
    """Output on stdout, errors on stderr, plain text when nobody's terminal is attached."""
    command = [sys.executable, "-c", "from executor.cli import main; main()"]
    done = subprocess.run([*command, "version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    done = subprocess.run([*command, "verify", "none.json"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "executor: none.json: No such file or directory\n"


def test_a_reader_that_had_enough_is_no_failure() -> None:
    """As of `executor version | head -1`."""
    command = [sys.executable, "-c", "from executor.cli import main; main()", "version"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert (process.stderr.read(), process.wait(60)) == ("", 0)


def test_every_verb_is_a_file_with_a_command() -> None:
    """The table and the files agree."""
    folder = Path(__file__).resolve().parents[2] / "executor" / "cli"
    files = {path.stem.replace("_", "-") for path in folder.glob("[a-z]*.py")}
    assert files == set(VERBS)


def test_wrong_usage_is_exit_two(executor: Run) -> None:
    """Unknown verbs, options and missing arguments."""
    for arguments in (["nope"], ["verify"], ["version", "--nope"]):
        done = executor(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("simulat", "simulate"),
        ("verifybuild", "verify-build"),
        ("trigger rergister", "register"),
        ("keys record expor", "export"),
    ],
)
def test_a_mistyped_verb_is_answered_with_the_nearest(executor: Run, typed: str, meant: str) -> None:
    """One that is like none is not."""
    *before, last = typed.split()
    assert f"No such command '{last}'. Did you mean '{meant}'?" in executor(*before, last).stderr
    assert "Did you mean" not in executor(*before, "zzz").stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VerificationFailed("x", "y"), 1),
        (InvalidValue("x"), 2),
        (WrongPassword("x"), 2),
        (ExecutorError("x"), 2),
        (HostFault("x"), 3),
        (WorkerDied("x"), 3),
        (ChainUnavailable("x"), 3),
    ],
)
def test_errors_have_documented_codes(error: ExecutorError, code: int) -> None:
    """docs/cli.md, "Exit codes"."""
    assert exit_code(error) == code


def test_the_page_names_every_exit_code() -> None:
    """And no other."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text().split("## Exit codes", 1)[1]
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert named == {0, *(value for name, value in vars(_exits).items() if name.isupper() and isinstance(value, int))}


def test_version_names_what_consensus_depends_on(executor: Run) -> None:
    """Package, profile id, engine ids, and the machine beneath."""
    plain = json.loads(executor("version", "--json").stdout)
    assert plain["profile"].startswith("m1 0x")
    assert plain["engines"]["quickjs"].startswith("0x")
    assert plain["engines"]["quickjs"] in executor("version").stdout


def test_keygen_makes_keys_once(executor: Run, tmp_path: Path) -> None:
    """Password from the environment or a file; a second run overwrites nothing."""
    done = executor("keygen", "keys", "--json", env={"EXECUTOR_PASSWORD": "correct horse"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["signer"].startswith("0x")
    (tmp_path / "password").write_text("battery staple\n")
    (tmp_path / "password").chmod(0o600)
    again = executor("keygen", "keys", "--password-file", "password")
    assert again.returncode == 2
    assert again.stderr.startswith("executor: ")
    assert "never overwritten" in again.stderr
    assert again.stderr.count("\n") == 1
    assert "empty" in executor("keygen", "other", env={"EXECUTOR_PASSWORD": ""}).stderr


def test_keygen_without_a_terminal_asks_nobody(executor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that names the two other ways; nothing is made."""
    monkeypatch.delenv("EXECUTOR_PASSWORD", raising=False)
    with Path("/dev/null").open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        done = executor("keygen", "keys")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "executor: no terminal to ask for a password: use --password-file or the environment variable "
        "EXECUTOR_PASSWORD\n"
    )
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("verb", [*VERBS, "keys record"])
def test_help_cuts_no_sentence(executor: Run, verb: str) -> None:
    done = executor(*verb.split(), "--help")
    assert done.returncode == 0
    assert not re.search(r"\w\.\.\.$", done.stdout, re.MULTILINE)
