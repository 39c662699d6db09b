"""docs/tutorial.md, typed as it stands: every command of it, in order, on the network that tests share.

`…` in what the page shows stands for anything; alone on a line, for any lines. What a command says on standard error is
not on the page. An argument `0x…` is the consumer after --consumer, else the request made last.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.cli import main
from executor.cli._devnet import remove_settings, write_settings
from executor.demos.story import price_of
from executor.receipts import read_receipt
from executor.templates import languages
from executor.testing.devnet import Devnet
from tests.rust_compiler import use_pinned_rustc

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
FASTER = {
    "check": ["--examples", "5", "--seconds", "300", "--no-engines"]
}  # tests/cli/test_check.py has the whole of it


class Terminal:
    """A folder, and a devnet that wrote its settings there."""

    def __init__(self, folder: Path, consumer: str) -> None:
        self._folder, self._consumer = folder, consumer
        self._request = ""

    def type(self, line: str) -> tuple[int, str, str]:
        """Exit code, output and errors of a command."""
        words = shlex.split(line)[1:]
        for place, word in enumerate(words):
            if word == "0x…":
                words[place] = self._consumer if words[place - 1] == "--consumer" else self._request
        words += FASTER.get(words[0], [])
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors), contextlib.chdir(self._folder):
            sys.argv = ["executor", *words]
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        if found := re.search(r"^request +(0x[0-9a-f]{64})$", output.getvalue(), re.MULTILINE):
            self._request = found[1]
        return code, output.getvalue(), errors.getvalue()


@pytest.fixture
def terminal(devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal in an empty folder, beside a running devnet."""
    monkeypatch.setattr(sys, "argv", ["executor"])
    (tmp_path / "devnet").mkdir()
    file = tmp_path / "devnet" / "executor.toml"
    written = write_settings(file, devnet)
    yield Terminal(tmp_path, str(devnet.deployment.consumer))
    remove_settings(file, written)


async def test_the_tutorial_is_what_happens(terminal: Terminal, tmp_path: Path) -> None:
    """Every command, and what the page shows of its output."""
    blocks = re.findall(r"```console\n\$ (executor .*)\n((?:.*\n)*?)```", PAGE.read_text(encoding="utf-8"))
    assert [command.split()[1] for command, _ in blocks] == [
        *("new", "build", "run", "simulate", "simulate", "check", "run", "quote", "deploy", "request", "request"),
        *("verify", "receipt", "logs"),
    ]
    for command, shown in blocks:
        code, output, errors = await asyncio.to_thread(terminal.type, command)
        assert code == 0, f"$ {command}\n{output}{errors}"
        assert pattern(shown).fullmatch(output), f"$ {command}\n{output}\nis not\n{shown}"
    told = f"0x{read_receipt(tmp_path / 'receipt.json').payload.hex()}"
    assert 1_000 < float(price_of(told)) < 3_000
    recorded = {"request.block", "http://exchange-a.test/price?pair=ETH-USD"}
    assert set(json.loads((tmp_path / "live.json").read_text())) == recorded


@pytest.mark.parametrize("language", [each for each in languages() if each != "javascript"])
async def test_every_language_gets_from_an_empty_folder_to_a_callback(
    terminal: Terminal, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New, build, deploy, request through a contract that is called back."""
    if language == "rust":
        use_pinned_rustc(monkeypatch)
    for command in (
        f"executor new it --lang {language}",
        "executor build it",
        "executor deploy it",
        "executor request it --consumer 0x… --json",
    ):
        code, output, errors = await asyncio.to_thread(terminal.type, command)
        assert code == 0, f"$ {command}\n{output}{errors}"
    told = json.loads(output)
    assert (told["status"], told["callback_succeeded"], told["receipt_passed"]) == ("returned", True, True)
    for phase in ("requested", "observed", "agreed", "executed", "attested", "delivered"):
        assert f"s  {phase} " in errors


def pattern(shown: str) -> re.Pattern[str]:
    """What matches everything that the page's lines stand for."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.splitlines()
    ]
    return re.compile("".join(lines))
