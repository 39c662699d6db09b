"""One worker process, from its parent's side."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from executor.errors import ExecutorError, HostFault, WatchdogExpired, WorkerDied
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.observation import Observation
from executor.model.outcome import Trapped
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.vm import Diagnostics
from executor.vm.host import OBSERVED_TRAPS
from executor.vm.host_functions import MAX_OPERATION_BYTES
from executor.worker.confinement import Confinement
from executor.worker.ends import check_end
from executor.worker.frames import MAX_CODE_BYTES, TOLD_BLOB_BYTES, Frame, receive_async
from executor.worker.messages import (
    End,
    compile_frame,
    function_frame,
    load_frame,
    read_end,
    read_fault,
    read_ready,
    response_frame,
    run_frame,
)
from executor.worker.serving import TimeLimits
from executor.worker.spawn import Child, spawn
from executor.worker.worlds import AsyncCapabilities

START_S: Final = 30.0  # a worker is ready in 0.5 s on an idle machine
LAST_WORDS_BYTES: Final = 2_000
SAID_BYTES: Final = 65_536  # of standard error that is read at all: a traceback has some thousand, warnings a few
_END_S: Final = 1.0  # between the end of a socket and the end of its process
_STOPPED: Final = frozenset(code.encode("ascii") for code in OBSERVED_TRAPS.values())

Code = Callable[[], Awaitable[bytes | None]]
"""Fetches the compiled code of the function at hand."""


class CodeMissing(Exception):
    """There is no code for the function, or the engine refuses it: compile it again."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How workers are started. `memory_bytes` bounds a whole worker, compiler included."""

    limits: TimeLimits
    memory_bytes: int
    require_confinement: bool


class WorkerHandle:
    """A running worker process. Not shared: one run at a time."""

    def __init__(self, child: Child, settings: WorkerSettings) -> None:
        self._process, self._reader, self._writer = child
        self._settings = settings
        self._last_words = b""
        self._listener = asyncio.create_task(self._listen())
        self.confinement = Confinement(system_calls=False, landlock=0, privileges=False)
        self.runs = 0
        self.heard_bytes = 0
        """Of its standard error."""
        self.alone: FunctionId | None = None
        """The one function that it runs, if it runs no other."""
        self.compiled = False
        """Whether it compiled a module, which was a stranger's."""
        self.stopped_a_guest = False
        """Whether a guest of it trapped or broke a rule, or it told a fault of a function."""
        self.running = False
        self.condemned = False
        """Whether it told a fault of its own: its state is not trusted any more."""
        self.holds: set[FunctionId] = set()
        """Functions it was given; it may have forgotten some."""

    @classmethod
    async def start(cls, settings: WorkerSettings) -> WorkerHandle:
        """Start a process and wait until it is ready; raises HostFault when it says why not, else WorkerDied."""
        limits = settings.limits
        handle = cls(
            await spawn(
                ["-m", "executor.worker.process"],
                [str(settings.memory_bytes), str(limits.run_s), str(limits.compile_s)],
            ),
            settings,
        )
        try:
            async with asyncio.timeout(START_S):
                handle.confinement = read_ready(await handle._receive())
            if settings.require_confinement and not handle.confinement.complete:
                raise HostFault(f"confinement is required, this host has: {handle.confinement}")
        except BaseException as error:
            await asyncio.shield(handle.kill())
            if isinstance(error, TimeoutError):
                raise WorkerDied(f"a worker was not ready after {START_S} s") from error
            raise
        return handle

    @property
    def alive(self) -> bool:
        """Whether the process can take another run."""
        return self._process.returncode is None and not self._writer.is_closing() and not self.condemned

    @property
    def fresh(self) -> bool:
        """Whether it ran no guest and compiled no module: whoever made code before may make bad code now."""
        return not self.runs and not self.compiled and self.alone is None

    @property
    def process_id(self) -> int:
        """Of the process, for people and tests."""
        return self._process.pid

    async def run(
        self,
        verb: str,
        function: Function,
        request: Request,
        transcript: Transcript,
        world: AsyncCapabilities | None,
        code: Code,
    ) -> tuple[End, Diagnostics]:
        """One run. After WatchdogExpired, WorkerDied or cancellation the process is gone: use another.

        Raises also what the run raised: HostFault, TranscriptMismatch, InvalidModule, InvalidManifest, InvalidValue;
        CodeMissing.
        """
        self.runs += 1
        async with self._killed_on_interruption():
            frame = await self._begin(function, request.function_id, run_frame(verb, request, transcript), code)
            if frame.kind == "running":
                self.running = True
                with _expiring(f"a run of {self._settings.limits.run_s} s"):
                    async with asyncio.timeout(self._settings.limits.run_s):
                        frame = await self._converse(world)
                self.running = False
            self._check(frame, "end")
            end, diagnostics = read_end(frame)
            check_end(end, function, request, transcript)
            self.stopped_a_guest |= isinstance(end, Trapped) or (isinstance(end, Observation) and end.value in _STOPPED)
            return end, diagnostics

    async def load(self, function: Function, function_id: FunctionId, code: Code) -> None:
        """Have a function checked whose module was compiled before; raises as `run` does."""
        async with self._killed_on_interruption():
            self._check(await self._begin(function, function_id, load_frame(function), code), "loaded")

    async def compile(self, function: Function) -> bytes:
        """The compiled code of a function, which is checked; raises as `run` does."""
        self.compiled = True
        async with self._killed_on_interruption():
            with _expiring(f"compiling a function for {self._settings.limits.compile_s} s"):
                async with asyncio.timeout(self._settings.limits.compile_s):
                    await self._send(compile_frame(function))
                    frame = await self._receive(MAX_CODE_BYTES)
            self._check(frame, "compiled")
            return b"".join(frame.blobs)

    async def kill(self) -> None:
        """End the process."""
        self._writer.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._listener.cancel()
        # What it wrote and nobody read would keep its pipe open, and the loop's object for it.
        self._process._transport.close()  # type: ignore[attr-defined]

    async def _begin(self, function: Function, function_id: FunctionId, run: Frame, code: Code) -> Frame:
        """Send the run, and the function if asked for it: until the guest runs."""
        with _expiring(f"loading a function for {self._settings.limits.compile_s} s"):
            async with asyncio.timeout(self._settings.limits.compile_s):
                await self._send(run)
                frame = await self._receive()
                if frame.kind == "need":
                    found = await code()
                    await self._send(Frame("none") if found is None else function_frame(function, found))
                    frame = await self._receive()
                    if found is None or frame.kind == "stale":
                        self.condemned = frame.kind == "stale"  # if it is the code, the next one refuses it, too
                        raise _Answered(CodeMissing())
                self.holds.add(function_id)
                return frame

    def _check(self, frame: Frame, kind: str) -> None:
        """Raises the fault a worker told, or HostFault when it says what it was not asked."""
        if frame.kind == "fault":
            fault = read_fault(frame)
            self.condemned = isinstance(fault, HostFault)
            self.stopped_a_guest = True
            raise _Answered(fault)
        if frame.kind != kind:
            raise HostFault(f"a worker said {frame.kind}")

    async def _converse(self, world: AsyncCapabilities | None) -> Frame:
        """Answer the guest's calls until the run ends; the machine's limits hold for a worker that lies, too."""
        calls = 0
        while (frame := await self._receive()).kind == "call":
            calls += 1
            operation, request_bytes = frame.fields.get("operation"), sum(len(blob) for blob in frame.blobs)
            named = isinstance(operation, str) and len(operation) <= MAX_OPERATION_BYTES
            sized = len(frame.blobs) == 1 and request_bytes <= PROFILE.ceilings.call_request_bytes
            if world is None or not named or not sized:
                raise HostFault("a worker made a call that it cannot make")
            if calls > PROFILE.ceilings.calls:
                raise HostFault(f"a worker made more than {PROFILE.ceilings.calls} calls in one run")
            response = await world.call(str(operation), frame.blobs[0])
            await self._send(response_frame(response))
        return frame

    async def _send(self, frame: Frame) -> None:
        try:
            self._writer.write(frame.encode())
            await self._writer.drain()
        except ConnectionError as error:
            raise WorkerDied(await self._obituary()) from error

    async def _receive(self, blob_bytes: int = TOLD_BLOB_BYTES) -> Frame:
        try:
            return await receive_async(self._reader, blob_bytes)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise WorkerDied(await self._obituary()) from error

    async def _obituary(self) -> str:
        """How the process ended, with the last it said."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _END_S)
        match self._process.returncode:
            case None:
                how = "closed its socket"
            case int(code) if code < 0:
                how = f"was killed by {signal.Signals(-code).name}"
            case code:
                how = f"ended with status {code}"
        said = self._last_words.decode("utf-8", "replace").strip()
        return f"the worker process {how} before it answered" + (f": {said}" if said else "")

    async def _listen(self) -> None:
        """Keep the end of what the process writes to its standard error; one that goes on and on is heard no more."""
        if self._process.stderr is None:
            return
        while part := await self._process.stderr.read(LAST_WORDS_BYTES):
            self._last_words = (self._last_words + part)[-LAST_WORDS_BYTES:]
            self.heard_bytes += len(part)
            if self.heard_bytes > SAID_BYTES:
                self.condemned = True
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                return

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


class _Answered(Exception):
    """A worker ended its run by telling an error; it is ready for the next."""

    def __init__(self, error: ExecutorError | CodeMissing) -> None:
        self.error = error


@contextlib.contextmanager
def _expiring(what: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise WatchdogExpired(f"{what} is over the limit") from error
