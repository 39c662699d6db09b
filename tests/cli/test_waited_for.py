"""What is said while something takes long: on a terminal only, and nothing of it stays there."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import pytest
from cli_types import Run
from pydantic import PlainSerializer, TypeAdapter

WAITING = "import sys, time\nfrom executor.cli._show import waiting\nwith waiting('the \\x1b[2J chain'):\n    "
SHOW, HIDE = "\x1b[?25h", "\x1b[?25l"  # the cursor


def test_a_terminal_is_told_what_takes_long_and_nothing_else_is() -> None:
    """Not what is over at once; a name moves no cursor; without a terminal there is nothing."""
    told, code = on_a_terminal("-c", f"{WAITING}sys.stdin.readline()", at="\\x1b[2J chain", then=b"\n")
    assert (code, "the \\x1b[2J chain" in told, told.rindex(SHOW) > told.rindex(HIDE)) == (0, True, True)
    assert on_a_terminal("-c", f"{WAITING}pass") == ("", 0)
    slow = [sys.executable, "-c", f"{WAITING}time.sleep(0.8)"]
    piped = subprocess.run(slow, capture_output=True, text=True, timeout=60)
    assert (piped.returncode, piped.stdout + piped.stderr) == (0, "")


def test_ctrl_c_ends_a_progress_bar_and_gives_the_cursor_back(project: Path) -> None:
    """With the code that shells know, and no traceback."""
    (project / "greet.js").write_text("export default () => 'hello'")
    options = (str(project), "--seconds", "60", "--examples", "1000000", "--no-engines")
    command = ("-c", "from executor.cli import main; main()", "check", *options)
    told, code = on_a_terminal(*command, at=HIDE, then=signal.SIGINT)
    assert (code, told.rindex(SHOW) > told.rindex(HIDE), "Traceback" in told) == (130, True, False)


def test_an_interrupt_that_another_library_wraps_is_one(executor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """pydantic makes an error of its own of what it calls."""

    def interrupted(_value: object) -> str:
        raise KeyboardInterrupt

    plain = TypeAdapter(Annotated[int, PlainSerializer(interrupted)])
    monkeypatch.setattr("executor.cli.version.profile_id", plain.dump_json)
    done = executor("version")
    assert (done.returncode, done.stderr) == (130, "")


def on_a_terminal(*arguments: str, at: str = "", then: bytes | signal.Signals = b"") -> tuple[str, int]:
    """What a Python program writes to a terminal, and its code; a key or a signal once it wrote `at`."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "40"}
    command = [sys.executable, *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    told, deadline = b"", time.monotonic() + 60
    try:
        while time.monotonic() < deadline and select.select([ours], [], [], 60)[0]:
            told += (piece := os.read(ours, 4_096))
            if at and at.encode() in told:
                at = ""
                if isinstance(then, bytes):
                    os.write(ours, then)
                else:
                    process.send_signal(then)
            if not piece:
                break
    except OSError:
        pass  # closed at its end
    finally:
        os.close(ours)
    return told.decode(), process.wait(60)
