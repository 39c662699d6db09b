"""A worker process: `python -m executor.worker.process FD CACHE MEMORY_BYTES WATCHDOG_S`.

It holds no key (K1), inherits nothing but one socket, and does one run at a time. It ends when the socket closes.
"""

from __future__ import annotations

import socket
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Final

from executor.errors import ExecutorError, HostFault
from executor.model.ids import FunctionId
from executor.model.profile import PROFILE
from executor.vm import Diagnostics, Program, Response, execute, observe, self_test
from executor.worker.cache import CodeCache
from executor.worker.frames import Frame, receive, send
from executor.worker.limits import check_room, confine, limit_cpu
from executor.worker.messages import end_frame, fault_frame, read_function, read_load, read_response, read_run

MAX_PROGRAMS: Final = 16  # JavaScript functions of one engine take 4 MB each


class Parent:
    """The parent's side of the socket as the guest's capabilities."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def call(self, operation: str, request: bytes) -> Response:
        """Ask the parent and wait."""
        send(self._connection, Frame("call", {"operation": operation}, (request,)))
        return read_response(receive(self._connection))


class Worker:
    """Programs in memory, least recently used first to go, and the run in progress."""

    def __init__(self, connection: socket.socket, cache: CodeCache, watchdog_s: float) -> None:
        self._connection, self._cache, self._watchdog_s = connection, cache, watchdog_s
        self._programs: OrderedDict[FunctionId, Program] = OrderedDict()

    def serve(self) -> None:
        """Run what comes until the parent is gone."""
        send(self._connection, Frame("ready"))
        while True:
            try:
                frame = receive(self._connection)
            except EOFError:
                return
            try:
                end = self._run(frame)
            except ExecutorError as error:
                end = fault_frame(error)
            except MemoryError as error:
                end = fault_frame(HostFault(f"out of host memory: {error}"))
            send(self._connection, end)

    def _run(self, frame: Frame) -> Frame:
        if frame.kind == "load":
            self._program(read_load(frame))
            return Frame("loaded")
        verb, request, transcript = read_run(frame)
        program = self._program(request.function_id)
        check_room(program.function.terms.limits.memory_mib << 20)
        limit_cpu(self._watchdog_s)
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
            program = self._cache.load(read_function(receive(self._connection)))
            self._programs[program.function_id] = program
            if len(self._programs) > MAX_PROGRAMS:
                self._programs.popitem(last=False)
        self._programs.move_to_end(program.function_id)
        return program


def main(arguments: list[str]) -> None:
    """Confine the process, show that the engine is what the profile says, and serve."""
    descriptor, cache, memory_bytes, watchdog_s = arguments
    confine(int(memory_bytes))
    connection = socket.socket(fileno=int(descriptor))
    try:
        self_test()
        worker = Worker(connection, CodeCache(Path(cache), PROFILE), float(watchdog_s))
    except ExecutorError as error:
        send(connection, fault_frame(error))
        return
    worker.serve()


if __name__ == "__main__":
    main(sys.argv[1:])
