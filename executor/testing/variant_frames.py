"""What a variant's process and its parent say: a function once, then cases, each answered by a trace or a fault."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from executor.model.codec import from_plain
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.manifest import parse_terms
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.testing.runs import Trace
from executor.vm import Diagnostics, Event
from executor.worker.frames import Frame
from executor.worker.messages import end_frame, read_end, read_fault, read_run, run_frame

_SIZE: Final = struct.Struct("<I")


def function_frame(function: Function) -> Frame:
    """A function's bytes and terms."""
    return Frame("function", {"terms": function.terms.model_dump(mode="json")}, (function.module, function.source))


def read_function(frame: Frame) -> Function:
    """The function in its frame."""
    module, source = frame.blobs
    return Function(module, parse_terms(frame.fields["terms"]), source)


def case_frame(function: FunctionId, request: Request, transcript: Transcript) -> Frame:
    """One case of a function that was sent before."""
    run = run_frame("execute", request, transcript)
    return Frame("case", {**run.fields, "function_id": str(function)}, run.blobs)


def read_case(frame: Frame) -> tuple[FunctionId, Request, Transcript]:
    """(function, request, transcript) of a case frame."""
    _, request, transcript = read_run(frame)
    return from_plain(FunctionId, frame.fields["function_id"]), request, transcript


def trace_frame(trace: Trace) -> Frame:
    """A run: its end as workers write it, its events packed into one more blob."""
    end = end_frame(trace.end, Diagnostics(logs=list(trace.logs), message=trace.message))
    heads = [[event.name, event.fuel_used] for event in trace.events]
    bodies = [part for event in trace.events for part in (event.argument, event.answer)]
    return Frame("end", {**end.fields, "events": heads}, (*end.blobs, _pack(bodies)))


def read_trace(frame: Frame) -> Trace:
    """The run in a trace frame; raises what a fault frame says."""
    if frame.kind != "end":
        raise read_fault(frame)
    data, packed = frame.blobs
    end, diagnostics = read_end(Frame("end", frame.fields, (data,)))
    parts = _unpack(packed)
    events = tuple(
        Event(name, fuel, parts[2 * at], parts[2 * at + 1]) for at, (name, fuel) in enumerate(frame.fields["events"])
    )
    return Trace(events, end, tuple(diagnostics.logs), diagnostics.message)


def _pack(parts: Sequence[bytes]) -> bytes:
    """How many there are, their sizes, and all of them in a row."""
    return b"".join([_SIZE.pack(len(parts)), *(_SIZE.pack(len(part)) for part in parts), *parts])


def _unpack(data: bytes) -> list[bytes]:
    (count,) = _SIZE.unpack_from(data)
    ends = [4 + 4 * count]
    for (size,) in _SIZE.iter_unpack(data[4 : 4 + 4 * count]):
        ends.append(ends[-1] + size)
    return [data[start:end] for start, end in pairwise(ends)]
