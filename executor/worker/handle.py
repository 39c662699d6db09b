"""One worker process, from its parent's side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import executor
from executor.errors import ExecutorError, HostFault, WatchdogExpired, WorkerDied
from executor.model.function import Function
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.vm import Diagnostics, Response
from executor.worker.frames import Frame, receive_async
from executor.worker.messages import End, function_frame, load_frame, read_end, read_fault, response_frame, run_frame

START_S: Final = 30.0  # a worker is ready in 0.3 s on an idle machine
LOAD_S: Final = 120.0  # modules of 12 MB were measured to compile in 9 to 15 s
PACKAGE_ROOT: Final = str(Path(executor.__file__ or "").resolve().parent.parent)


class AsyncCapabilities(Protocol):
    """Answers the calls of one observe run, in the parent: see `executor.vm.Capabilities`."""

    async def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How workers are started. `memory_bytes` bounds a whole worker, compiler included; `watchdog_s` one run."""

    cache: Path
    watchdog_s: float
    memory_bytes: int


class WorkerHandle:
    """A running worker process. Not shared: one run at a time."""

    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader,
                 writer: asyncio.StreamWriter, settings: WorkerSettings) -> None:  # fmt: skip
        self._process, self._reader, self._writer, self._settings = process, reader, writer, settings
        self.calls = 0
        self.running = False

    @classmethod
    async def start(cls, settings: WorkerSettings) -> WorkerHandle:
        """Start a process and wait until it is ready; raises HostFault when it says why not, else WorkerDied."""
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-s", "-P", "-m", "executor.worker.process", str(theirs.fileno()),
                str(settings.cache), str(settings.memory_bytes), str(settings.watchdog_s),
                pass_fds=(theirs.fileno(),), env={"PYTHONPATH": PACKAGE_ROOT, "LC_ALL": "C.UTF-8"},
                cwd=os.sep, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the parent's business
            )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours)
        handle = cls(process, reader, writer, settings)
        try:
            async with asyncio.timeout(START_S):
                frame = await handle._receive()
            if frame.kind != "ready":
                raise read_fault(frame)
        except BaseException as error:
            await handle.kill()
            if isinstance(error, TimeoutError):
                raise WorkerDied(f"a worker was not ready after {START_S} s") from error
            raise
        return handle

    async def run(
        self, verb: str, function: Function, request: Request, transcript: Transcript, world: AsyncCapabilities | None
    ) -> tuple[End, Diagnostics]:
        """One run. After WatchdogExpired, WorkerDied or cancellation the process is gone: use another.

        Raises also what the run raised: HostFault, TranscriptMismatch, InvalidModule, InvalidManifest, InvalidValue.
        """
        self.calls = 0
        async with self._killed_on_interruption():
            frame = await self._begin(function, run_frame(verb, request, transcript))
            if frame.kind == "running":
                self.running = True
                with _expiring(f"a run of {self._settings.watchdog_s} s"):
                    async with asyncio.timeout(self._settings.watchdog_s):
                        frame = await self._converse(world)
                self.running = False
            if frame.kind == "end":
                return read_end(frame)
            if frame.kind == "fault":
                raise _Answered(read_fault(frame))
            raise HostFault(f"a worker said {frame.kind}")

    async def load(self, function: Function) -> None:
        """Have the function checked and compiled; raises as `run` does."""
        self.calls = 0
        async with self._killed_on_interruption():
            frame = await self._begin(function, load_frame(function))
            if frame.kind == "fault":
                raise _Answered(read_fault(frame))
            if frame.kind != "loaded":
                raise HostFault(f"a worker said {frame.kind}")

    @property
    def alive(self) -> bool:
        """Whether the process can take another run."""
        return self._process.returncode is None and not self._writer.is_closing()

    async def kill(self) -> None:
        """End the process."""
        self._writer.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _begin(self, function: Function, run: Frame) -> Frame:
        """Send the run, and the function if asked for it: until the guest runs."""
        with _expiring(f"loading a function for {LOAD_S} s"):
            async with asyncio.timeout(LOAD_S):
                await self._send(run)
                frame = await self._receive()
                if frame.kind == "need":
                    await self._send(function_frame(function))
                    frame = await self._receive()
                return frame

    async def _converse(self, world: AsyncCapabilities | None) -> Frame:
        """Answer the guest's calls until the run ends."""
        while (frame := await self._receive()).kind == "call":
            if world is None or len(frame.blobs) != 1:
                raise HostFault("a worker made a call that it cannot make")
            self.calls += 1
            await self._send(response_frame(await _ask(world, str(frame.fields.get("operation")), frame.blobs[0])))
        return frame

    async def _send(self, frame: Frame) -> None:
        try:
            self._writer.write(frame.encode())
            await self._writer.drain()
        except ConnectionError as error:
            raise WorkerDied("the worker process ended") from error

    async def _receive(self) -> Frame:
        try:
            return await receive_async(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise WorkerDied("the worker process ended before it answered") from error

    @contextlib.asynccontextmanager
    async def _killed_on_interruption(self) -> AsyncIterator[None]:
        """Whatever interrupts a run leaves the process in the middle of it: end it. A fault it told us does not."""
        try:
            yield
        except _Answered as answered:
            raise answered.error from None
        except BaseException:
            await asyncio.shield(self.kill())
            raise


async def _ask(world: AsyncCapabilities, operation: str, request: bytes) -> Response:
    """What the adapter answers; what it raises is our fault."""
    try:
        return await world.call(operation, request)
    except ExecutorError:
        raise
    except Exception as error:
        raise HostFault(f"the capability {operation} failed: {type(error).__name__}: {error}") from error


class _Answered(Exception):
    """A worker ended its run by telling an error; it is ready for the next."""

    def __init__(self, error: ExecutorError) -> None:
        self.error = error


@contextlib.contextmanager
def _expiring(what: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise WatchdogExpired(f"{what} is over the limit") from error
