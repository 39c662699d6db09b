"""A variant's process: `python -m executor.testing.variant_process FD SETTING=VALUE…`; ends when the socket closes."""

from __future__ import annotations

import ast
import socket
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from executor.errors import ExecutorError
from executor.model.ids import FunctionId
from executor.receipts import Loader
from executor.testing.runs import traced
from executor.testing.variant_frames import read_case, read_function, trace_frame
from executor.vm import Program, engine
from executor.worker.frames import Frame, receive, send
from executor.worker.messages import fault_frame


def configure(settings: Mapping[str, Any]) -> None:
    """Change the engine of this process, before its first use."""
    engine.SETTINGS = MappingProxyType({**engine.SETTINGS, **settings})  # type: ignore[misc]  # the point of it


def serve(connection: socket.socket) -> None:
    """Answer cases until the other side closes."""
    programs: dict[FunctionId, Program] = {}
    load = Loader(modules=4)
    while True:
        try:
            frame = receive(connection)
        except EOFError:
            return
        if frame.kind == "function":
            program = load(read_function(frame))
            programs[program.function_id] = program
        else:
            send(connection, _answer(programs, frame))


def _answer(programs: Mapping[FunctionId, Program], frame: Frame) -> Frame:
    function, request, transcript = read_case(frame)
    try:
        return trace_frame(traced(programs[function], request, transcript))
    except ExecutorError as error:
        return fault_frame(error)


if __name__ == "__main__":
    configure({name: ast.literal_eval(value) for name, _, value in (text.partition("=") for text in sys.argv[2:])})
    serve(socket.socket(fileno=int(sys.argv[1])))
