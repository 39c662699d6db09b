"""A process that answers a line of JSON with a line of JSON, under a watchdog."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Final, Self

from executor.errors import WatchdogExpired, WorkerDied

TIMEOUT_S: Final = 120.0  # the slowest committed case takes seconds; a loaded machine is slower
WORDS_SHOWN: Final = 2_000  # of what a dying process said


class LineProcess:
    """Starts with the first line, and anew after one that killed it. One thread at a time; a context manager."""

    def __init__(
        self, name: str, command: Callable[[], list[str]], *, version: str = "", timeout_s: float = TIMEOUT_S
    ) -> None:
        self.name = name
        self.version = version  # after the start, what the process said
        self._command, self._wanted, self._timeout_s = command, version, timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._words: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether it has started, and what was sent before is still known to it."""
        return self._process is not None

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):  # what it has not read is of no use to it now
                        pipe.close()
        if self._words is not None:
            self._words.close()
            self._words = None

    def ask(self, line: str, what: str) -> str:
        """The answer to a line; raises WorkerDied or WatchdogExpired (both HostFault) naming `what` was asked."""
        if self._process is None:
            self._start()
        return self._exchange(line, what)

    def _start(self) -> None:
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process writes to it
        self._process = subprocess.Popen(
            self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words
        )
        greeting: dict[str, Any] = json.loads(self._exchange("", "its start"))
        self.version = greeting["version"]
        if self._wanted not in ("", self.version):
            self.close()
            raise WorkerDied(f"engine {self.name}: is version {self.version}, not {self._wanted}")

    def _exchange(self, line: str, what: str) -> str:
        """Send a line, unless empty, and wait for one."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise WorkerDied(f"engine {self.name}: has no process")
        late = threading.Event()

        def expire() -> None:
            late.set()
            process.kill()

        watchdog = threading.Timer(self._timeout_s, expire)
        watchdog.start()
        try:
            if line:
                process.stdin.write(line.encode("ascii") + b"\n")
                process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        finally:
            watchdog.cancel()
            watchdog.join()
        if answer.endswith(b"\n"):
            return answer.decode("utf-8")
        code, words = process.wait(), self._last_words()
        self.close()
        if late.is_set():
            raise WatchdogExpired(f"engine {self.name}: no answer in {self._timeout_s:g} s to {what}")
        raise WorkerDied(f"engine {self.name}: ended with {code} at {what}: {words}")

    def _last_words(self) -> str:
        if self._words is None:
            return ""
        self._words.seek(0)
        return self._words.read()[-WORDS_SHOWN:].decode("utf-8", "backslashreplace").strip()
