"""Model values in frames, and back. What a worker sends is checked like any other input."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Final, TypeAlias, assert_never

from executor import errors
from executor.crypto.digests import function_id
from executor.errors import ExecutorError, HostFault
from executor.model.codec import from_plain, to_plain
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.manifest import parse_terms
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Outcome, Returned, TrapCode, Trapped
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.vm import Answer, Diagnostics, LogLine, Refusal, Response
from executor.vm.diagnostics import MAX_MESSAGE_CHARACTERS
from executor.worker.confinement import Confinement
from executor.worker.frames import Frame

End: TypeAlias = Outcome | Observation

_RAISABLE: Final = ("HostFault", "TranscriptMismatch", "InvalidModule", "InvalidManifest", "InvalidValue")


def run_frame(verb: str, request: Request, transcript: Transcript) -> Frame:
    """What starts a run; observation sets are evidence for people and stay behind."""
    entries = [to_plain(replace(entry, observations=())) for entry in transcript]
    return Frame("run", {"verb": verb, "request": to_plain(request), "transcript": entries})


def read_run(frame: Frame) -> tuple[str, Request, Transcript]:
    """(verb, request, transcript) of a run frame."""
    entries: Transcript = tuple([from_plain(Entry, entry) for entry in frame.fields["transcript"]])
    return frame.fields["verb"], from_plain(Request, frame.fields["request"]), entries


def load_frame(function: Function) -> Frame:
    """What has a function loaded, and compiled where that is new."""
    return Frame("load", {"function_id": str(function_id(function))})


def read_load(frame: Frame) -> FunctionId:
    """The id in a load frame."""
    return FunctionId.from_hex(frame.fields["function_id"])


def compile_frame(function: Function) -> Frame:
    """What has a function checked and compiled, and its code sent back."""
    return Frame("compile", {"terms": function.terms.model_dump(mode="json")}, (function.module, function.source))


def function_frame(function: Function, code: bytes) -> Frame:
    """A function's bytes and terms, with its module's compiled code."""
    terms = function.terms.model_dump(mode="json")
    return Frame("function", {"terms": terms}, (function.module, function.source, code))


def read_function(frame: Frame) -> tuple[Function, bytes]:
    """(function, compiled code) of a compile or function frame; raises HostFault when the parent sent none."""
    if frame.kind not in ("compile", "function"):
        raise HostFault("the parent has no code for the function")
    module, source, *code = frame.blobs
    return Function(module, parse_terms(frame.fields["terms"]), source), b"".join(code)


def ready_frame(confinement: Confinement) -> Frame:
    """A worker takes runs, and is held by this."""
    return Frame("ready", asdict(confinement))


def read_ready(frame: Frame) -> Confinement:
    """What holds a worker that is ready; raises what it says it failed with."""
    if frame.kind != "ready":
        raise read_fault(frame)
    return Confinement(**frame.fields)


def response_frame(response: Response) -> Frame:
    """What a capability answered."""
    match response:
        case Answer(data):
            return Frame("response", {"status": 0}, (data,))
        case Refusal(code):
            return Frame("response", {"status": 1}, (code.encode("ascii"),))
        case _:
            assert_never(response)


def read_response(frame: Frame) -> Response:
    """The response in a response frame; raises HostFault when the parent's adapter failed."""
    if frame.kind != "response":
        raise HostFault(str(frame.fields.get("message", frame.kind)))
    (data,) = frame.blobs
    return Answer(data) if frame.fields["status"] == 0 else Refusal(data.decode("ascii"))


def end_frame(end: End, diagnostics: Diagnostics) -> Frame:
    """How a run ended, with what people may want to know."""
    fields: dict[str, Any] = {
        "logs": [[line.level, line.text] for line in diagnostics.logs],
        "message": diagnostics.message,
        "memory_bytes": diagnostics.memory_bytes,
        "loaded": diagnostics.loaded,
    }
    match end:
        case Returned(output, fuel_used):
            return Frame("end", fields | {"end": "returned", "number": fuel_used}, (output,))
        case Failed(error, fuel_used):
            return Frame("end", fields | {"end": "failed", "number": fuel_used}, (error,))
        case Trapped(code, fuel_used):
            return Frame("end", fields | {"end": "trapped", "number": fuel_used}, (bytes([code]),))
        case Awaiting(slot, spec):
            return Frame("end", fields | {"end": "awaiting", "number": slot}, (spec,))
        case Observation(kind, value):
            return Frame("end", fields | {"end": "observation", "number": int(kind)}, (value,))
        case _:
            assert_never(end)


def read_end(frame: Frame) -> tuple[End, Diagnostics]:
    """The end in an end frame; raises HostFault when it makes no sense. Whether it can be a run's: ends.py."""
    try:
        fields, (data,) = frame.fields, frame.blobs
        number = _integer(fields["number"])
        diagnostics = Diagnostics(
            logs=_read_logs(fields["logs"]), message=_text(fields["message"])[:MAX_MESSAGE_CHARACTERS],
            memory_bytes=_integer(fields["memory_bytes"]), loaded=bool(fields["loaded"]),
        )  # fmt: skip
        match fields["end"]:
            case "returned":
                return Returned(data, number), diagnostics
            case "failed":
                return Failed(data, number), diagnostics
            case "trapped":
                return Trapped(TrapCode(data[0]), number), diagnostics
            case "awaiting":
                return Awaiting(number, data), diagnostics
            case "observation":
                return Observation(Kind(number), data), diagnostics
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise HostFault(f"a worker sent a malformed end: {error}") from error
    raise HostFault("a worker sent an end of no known kind")


def fault_frame(error: ExecutorError) -> Frame:
    """An exception of the run."""
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in (*_RAISABLE, "ExecutorError"))
    return Frame("fault", {"error": name, "message": str(error)})


def read_fault(frame: Frame) -> ExecutorError:
    """The exception in a fault frame; what no run may raise becomes a HostFault."""
    name, message = frame.fields.get("error"), str(frame.fields.get("message"))[:MAX_MESSAGE_CHARACTERS]
    kind = getattr(errors, name) if name in _RAISABLE else HostFault
    return kind(message.encode("utf-8", "replace").decode("utf-8"))


def _read_logs(told: list[list[Any]]) -> list[LogLine]:
    """Lines within what guests may log, once before and once in an observe run's own part; raises ValueError."""
    lines = [LogLine(_integer(level), _text(text)) for level, text in told]
    size_bytes = sum(len(line.text.encode("utf-8")) for line in lines)
    if len(lines) > 2 * PROFILE.ceilings.log_lines or size_bytes > 2 * PROFILE.ceilings.log_bytes:
        raise ValueError(f"{len(lines)} lines of logs, {size_bytes} bytes")
    return lines


def _integer(value: object) -> int:
    """A number from 0 that fits 63 bits, and nothing that merely converts to one; raises ValueError."""
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError(f"{str(value)[:40]} is no number of fuel, slots or bytes")
    return value


def _text(value: object) -> str:
    """A text that UTF-8 can hold; raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("a text that is none")
    value.encode("utf-8")
    return value
