"""Development chains as child processes: started, awaited and stopped alike, whichever EVM they run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self
from typing import Final as Constant

from executor.errors import ChainUnavailable
from executor.lifeline import tied_to_parent

DEV_CHAIN_ID: Constant = 31337  # what Hardhat and anvil use, so that tools treat it as a development chain
START_TIMEOUT_S: Constant = 30.0
STOP_TIMEOUT_S: Constant = 5.0
MAX_OUTPUT_BYTES: Constant = 64 * 1024


class Devchain(Protocol):
    """What the devnet and the tests need of a chain; use it as a context manager, plain or async."""

    @property
    def url(self) -> str:
        """JSON-RPC endpoint, once started."""

    @property
    def chain_id(self) -> int:
        """The chain id it serves."""

    def start(self) -> None:
        """Start and wait until it serves; raises ChainUnavailable."""

    def close(self) -> None:
        """Stop; harmless when stopped."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ChainProcess(Protocol):
    """A chain in a child process that says on its standard output when and where it serves.

    Each kind of chain inherits this and brings `command` and `ready`.
    """

    chain_id: int
    _url: str | None
    _process: subprocess.Popen[bytes] | None
    _drain: threading.Thread | None

    def __init__(self, chain_id: int) -> None:
        self.chain_id, self._url, self._process, self._drain = chain_id, None, None, None

    @property
    def url(self) -> str:
        """JSON-RPC endpoint; raises ChainUnavailable before `start`."""
        if self._url is None:
            raise ChainUnavailable("the development chain is not started")
        return self._url

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process else None

    def command(self) -> list[str | Path]:
        """The child's command line."""
        ...

    def ready(self, output: str) -> str | None:
        """The URL, if what the child printed so far says it serves."""
        ...

    def start(self) -> None:
        """Start the child and wait until it serves; raises ChainUnavailable with what it printed."""
        try:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a terminal's Ctrl-C reaches us alone; we stop the child in order
                preexec_fn=tied_to_parent(signal.SIGKILL),  # it keeps nothing
            )
        except OSError as error:
            raise ChainUnavailable(f"the development chain cannot be started: {error}") from error
        try:
            self._url = self._await_url(self._process)
        except BaseException:
            self.close()
            raise
        # What it prints later nobody needs, but a pipe that nobody reads stops its writer after 64 kB.
        self._drain = threading.Thread(target=_drain, args=(self._process.stdout,), daemon=True)
        self._drain.start()

    def close(self) -> None:
        """Stop the child: asked first, killed if it does not listen."""
        process, self._process, self._url = self._process, None, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._drain is not None:
            self._drain.join()
            self._drain = None
        if process.stdout:
            process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _await_url(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        deadline, printed = time.monotonic() + START_TIMEOUT_S, b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0 and len(printed) < MAX_OUTPUT_BYTES:
                if not selector.select(left):
                    break
                piece = os.read(process.stdout.fileno(), 4096)
                printed += piece
                if (url := self.ready(printed.decode("utf-8", "replace"))) is not None:
                    return url
                if not piece:
                    break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
        said = printed.decode("utf-8", "replace").strip()[-2000:]
        raise ChainUnavailable(f"the development chain did not start (exit code {process.returncode}): {said}")


def _drain(stream: IO[bytes]) -> None:
    """Read to the end, which comes when the child does."""
    while os.read(stream.fileno(), 65_536):
        pass
