"""What a worker does with its parent's frames, one after the other."""

from __future__ import annotations

import socket
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from executor.errors import ExecutorError, HostFault
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.vm import Diagnostics, Program, Response, execute, load, observe
from executor.worker.frames import Frame, receive, send
from executor.worker.limits import check_room, limit_cpu
from executor.worker.messages import end_frame, fault_frame, read_function, read_load, read_response, read_run

MAX_PROGRAMS: Final = 16  # JavaScript functions take 4 MB each, Python's 25: 400 MB of a worker's 2 GiB


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Wall-clock limits of the parent's watchdog; the processor-time limits here are a backstop above them."""

    run_s: float
    compile_s: float


class Parent:
    """The parent's side of the socket as the guest's capabilities."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def call(self, operation: str, request: bytes) -> Response:
        """Ask the parent and wait."""
        send(self._connection, Frame("call", {"operation": operation}, (request,)))
        return read_response(receive(self._connection))


class Server:
    """Programs in memory, least recently used first to go, and the run in progress."""

    def __init__(self, connection: socket.socket, limits: TimeLimits) -> None:
        self._connection, self._limits = connection, limits
        self._programs: OrderedDict[FunctionId, Program] = OrderedDict()

    def serve(self) -> None:
        """Do what comes until the parent is gone."""
        while self.serve_one():
            pass

    def serve_one(self) -> bool:
        """Do one thing; False when the parent is gone."""
        try:
            frame = receive(self._connection)
        except EOFError:
            return False
        try:
            answer = self._answer(frame)
        except _Stale as stale:
            answer = Frame("stale", {"message": str(stale)})
        except ExecutorError as error:
            answer = fault_frame(error)
        except MemoryError as error:
            answer = fault_frame(HostFault(f"out of host memory: {error}"))
        send(self._connection, answer)
        return True

    def _answer(self, frame: Frame) -> Frame:
        limit_cpu(self._limits.compile_s)
        match frame.kind:
            case "compile":
                function, _ = read_function(frame)
                return Frame("compiled", {}, (load(function).serialize(),))
            case "load":
                self._program(read_load(frame))
                return Frame("loaded")
            case _:
                return self._run(frame)

    def _run(self, frame: Frame) -> Frame:
        verb, request, transcript = read_run(frame)
        program = self._program(request.function_id)
        check_room(program.function.terms.limits.memory_mib << 20)
        limit_cpu(self._limits.run_s)
        send(self._connection, Frame("running"))
        diagnostics = Diagnostics()
        match verb:
            case "execute":
                return end_frame(execute(program, request, transcript, diagnostics=diagnostics), diagnostics)
            case "observe":
                world = Parent(self._connection)
                return end_frame(observe(program, request, transcript, world, diagnostics=diagnostics), diagnostics)
            case _:
                raise HostFault(f"unknown verb {verb!r}")

    def _program(self, wanted: FunctionId) -> Program:
        """The program of a function, asking the parent for its bytes on first use."""
        program = self._programs.get(wanted)
        if program is None:
            send(self._connection, Frame("need"))
            program = _load(*read_function(receive(self._connection)))
            self._programs[program.function_id] = program
            if len(self._programs) > MAX_PROGRAMS:
                self._programs.popitem(last=False)
        self._programs.move_to_end(program.function_id)
        return program


class _Stale(Exception):
    """The engine refuses the compiled code: another processor's, or a file made to look right."""


def _load(function: Function, code: bytes) -> Program:
    try:
        return load(function, compiled=code)
    except HostFault as fault:
        raise _Stale(str(fault)) from fault
