"""One of everything before the doors close: what Python imports late and the engine opens late happens here.

A guest that can do whatever guests do runs through the very code that serves the parent, over a socket pair of this
process's own; its source is tests/worker/warmup.wat. What it answers is checked: a worker that cannot do this is not
started.
"""

from __future__ import annotations

import base64
import socket
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from executor.errors import HostFault
from executor.model.function import Function
from executor.model.manifest import parse_terms
from executor.model.observation import Kind
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.vm import Answer, Program, load
from executor.worker.frames import Frame, receive, send
from executor.worker.messages import (
    compile_frame,
    function_frame,
    load_frame,
    read_end,
    read_fault,
    response_frame,
    run_frame,
)
from executor.worker.serving import Server, TimeLimits

GUEST: Final = base64.b64decode(
    "AGFzbQEAAAABJgdgAn9/AX5gA39/fwBgBH9/f38BfmABfwBgAn9/AGABfwF/YAAAAmYGCGV4ZWN1dG9yB29ic2VydmUAAAhleGVj"
    "dXRvcgdwcm9wb3NlAAEIZXhlY3V0b3IEY2FsbAACCGV4ZWN1dG9yBHJlYWQAAwhleGVjdXRvcgRmYWlsAAQIZXhlY3V0b3IDbG9n"
    "AAEDBAMFBgAFAwEAAQcYAwZtZW1vcnkCAAVhbGxvYwAGA3J1bgAICqwBAwYAQYCAAgsEABAHC50BAgF/AX4gAC0AACECQQFAABpB"
    "ASAAIAEQBUEjQQ1BAEEAEAIaQYAIEAMgAkH0AEYEQAALIAJB7ABGBEADQAwACwsgAkHkAEYEQBAHCyACQeYARgRAIAAgARAECyAC"
    "Qe8ARgRAQQBBFhAAIQMgA0J/UQRAQRZBCkEgQQMQAhpBgAgQA0EAQYAIQQMQAQtBgAgQAwsgAK1CIIYgAa2ECws2AQBBAAsweyJh"
    "Z2dyZWdhdGUiOiJtZWRpYW4ifWh0dHAuZmV0Y2gxLjVpbnB1dC5jb250ZXh0AE8EbmFtZQEwBwAHb2JzZXJ2ZQEHcHJvcG9zZQIE"
    "Y2FsbAMEcmVhZAQEZmFpbAUDbG9nBwRkZWVwAhYBCAQAA3B0cgEDbGVuAgR3aGF0AwFu"
)
SPEC: Final = b'{"aggregate":"median"}'
TERMS: Final = {
    "limits": {"fuel": 20_000_000, "observe_fuel": 20_000_000, "memory_mib": 1},
    "capabilities": {"http": {"hosts": ["example.com"]}},
}


@dataclass(frozen=True, slots=True)
class Step:
    """What the parent says, and the kinds of frames it must be answered with."""

    frames: tuple[Frame, ...]
    kinds: tuple[str, ...]


def warm_up(limits: TimeLimits) -> None:
    """Run every step; raises HostFault naming the first one that goes wrong."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        rehearse(ours, Server(theirs, limits))


def rehearse(ours: socket.socket, server: Server) -> None:
    """The steps, said over our end of the server's connection."""
    for number, step in enumerate(steps(load(Function(GUEST, parse_terms(TERMS))))):
        for frame in step.frames:
            send(ours, frame)
        server.serve_one()
        for kind in step.kinds:
            answer = receive(ours)
            if answer.kind != kind:
                raise HostFault(f"warm-up: step {number} was answered by {answer.kind} {answer.fields}")
        _read(answer)
    _format(HostFault("warm-up"))


def steps(program: Program) -> Iterator[Step]:
    """A run that needs the function first, runs of every end, a compilation, and errors."""
    function, run = program.function, ("running", "end")
    entry = Entry(SPEC, Kind.VALUE, b"1.5")

    def execute(what: bytes, *entries: Entry) -> Frame:
        return run_frame("execute", Request.local(program.function_id, what), entries)

    observing = run_frame("observe", Request.local(program.function_id, b"observe"), ())
    yield Step((compile_frame(function),), ("compiled",))
    yield Step((execute(b""), function_frame(function, program.serialize())), ("need", *run))
    for what in (b"fail", b"trap", b"loop", b"observe"):
        yield Step((execute(what),), run)
    yield Step((execute(b"observe", entry),), run)
    yield Step((execute(b"", entry),), ("running", "fault"))
    yield Step((observing, response_frame(Answer(b"1.5"))), ("running", "call", "end"))
    yield Step((load_frame(function),), ("loaded",))
    yield Step((compile_frame(Function(b"no module")),), ("fault",))
    other = Function(GUEST)
    yield Step((load_frame(other), function_frame(other, b"no code")), ("need", "stale"))


def _read(answer: Frame) -> None:
    match answer.kind:
        case "end":
            read_end(answer)
        case "fault":
            read_fault(answer)


def _format(error: Exception) -> None:
    """Formatting a traceback imports and looks for source files."""
    try:
        raise error
    except HostFault:
        traceback.format_exc()
