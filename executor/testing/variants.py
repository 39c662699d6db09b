"""Other places to run a function in: fresh processes with another environment and another engine configuration.

Each is one child process that answers one case after the other; it ends when its parent does, or when closed.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol, Self

from executor.errors import HostFault, WorkerDied
from executor.model.ids import FunctionId
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.testing.runs import Trace, traced
from executor.testing.variant_frames import case_frame, function_frame, read_trace
from executor.vm import Program
from executor.worker.frames import receive, send

START_S: Final = 120.0  # a child imports and compiles on a busy machine


class Variant(Protocol):
    """A place to run a function in. Whoever has another engine or machine writes one."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def run(self, program: Program, request: Request, transcript: Transcript) -> Trace:
        """The run of `execute` there."""
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """This process, once more: every run is a fresh instance."""

    name: str = "again in this process"

    def run(self, program: Program, request: Request, transcript: Transcript) -> Trace:
        """The run of `execute` here."""
        return traced(program, request, transcript)


@dataclass(frozen=True, slots=True)
class Place:
    """How a child differs: environment variables, and engine settings (executor/vm/engine.py)."""

    name: str
    environment: Mapping[str, str]
    settings: Mapping[str, str | bool | int] = field(default_factory=dict)


PLACES: Final = (
    Place(
        "a fresh process in Kathmandu",
        MappingProxyType({"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LANG": "C", "LC_ALL": "C"}),
    ),
    Place(
        "code that is not optimised, in a fresh process",
        MappingProxyType({"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LANG": "tr_TR.UTF-8"}),
        MappingProxyType({"cranelift_opt_level": "none"}),
    ),
    Place(
        "the Pulley interpreter, in a fresh process",
        MappingProxyType({"PYTHONHASHSEED": "3", "TZ": "UTC", "LANG": "C.UTF-8"}),
        MappingProxyType({"target": "pulley64"}),
    ),
)
"""Where `assert_deterministic` runs functions: the last shares no instruction with this processor."""


class Child:
    """One child process at a place; a `Variant`."""

    def __init__(self, place: Place) -> None:
        self.name = place.name
        ours, theirs = socket.socketpair()
        self._directory = tempfile.TemporaryDirectory(prefix="executor-")
        keep = {name: value for name in ("PATH", "HOME") if (value := os.environ.get(name)) is not None}
        settings = [f"{name}={value!r}" for name, value in place.settings.items()]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "executor.testing.variant_process", str(theirs.fileno()), *settings],
            pass_fds=[theirs.fileno()],
            cwd=self._directory.name,
            env={**keep, "PYTHONPATH": path, **place.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the parent alone, whose end is theirs
        )
        theirs.close()
        ours.settimeout(START_S)
        self._connection = ours
        self._known: set[FunctionId] = set()

    def prepare(self, program: Program) -> None:
        """Have the function compiled there, without waiting for it; raises WorkerDied when the process is gone."""
        if program.function_id in self._known:
            return
        try:
            send(self._connection, function_frame(program.function))
        except OSError as error:
            raise WorkerDied(f"{self.name}: the process is gone ({error})") from error
        self._known.add(program.function_id)

    def run(self, program: Program, request: Request, transcript: Transcript) -> Trace:
        """The run of `execute` there; raises what it raised, WorkerDied when the process is gone."""
        self.prepare(program)
        try:
            send(self._connection, case_frame(program.function_id, request, transcript))
            return read_trace(receive(self._connection))
        except (EOFError, OSError) as error:
            raise WorkerDied(f"{self.name}: the process is gone ({error})") from error

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process, which ends by itself when its connection does."""
        self._connection.close()
        try:
            self._process.wait(START_S)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            raise HostFault(f"{self.name}: the process did not end") from error
        finally:
            self._directory.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_children: Final[dict[str, Child]] = {}


def elsewhere(program: Program) -> tuple[Variant, ...]:
    """A child at every place, each compiling the function; kept for later calls, until this process ends."""
    for place in PLACES:
        child = _children.get(place.name)
        if child is None or not child.running:
            child = _children[place.name] = Child(place)
            atexit.register(child.close)
        child.prepare(program)
    return tuple(_children[place.name] for place in PLACES)
