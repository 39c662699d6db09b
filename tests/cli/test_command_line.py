"""The command itself: fast help, one-line errors, documented exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_types import Run

from executor.cli._exits import exit_code
from executor.cli._verbs import VERBS
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


def test_the_command_runs_in_a_process_of_its_own() -> None:
    """Output on stdout, errors on stderr, plain text when nobody's terminal is attached."""
    command = [sys.executable, "-c", "from executor.cli import main; main()"]
    done = subprocess.run([*command, "version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    done = subprocess.run([*command, "verify", "none.json"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "executor: none.json: No such file or directory\n"


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
