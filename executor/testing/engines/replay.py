"""`execute` on V8: guest-sdk/web/replay.mjs, which a web browser runs too, driven from Python."""

from __future__ import annotations

import base64
import json
from typing import Any

from executor.crypto.draws import draw_spec, value_of
from executor.errors import HostFault, TranscriptMismatch
from executor.model.draw import parse_draw
from executor.model.function import Function
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Failed, Outcome, Returned, TrapCode, Trapped
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.testing.engines.cases import encode
from executor.testing.engines.catalogue import FLAGS, v8_command
from executor.testing.engines.process import LineProcess
from executor.vm.diagnostics import Diagnostics, Event
from executor.vm.metering import instrument
from executor.vm.operations import input_context


class WebReplay(LineProcess):
    """Executes requests as executor.vm.execute does, by another implementation of the ABI on another engine.

    The functions have been loaded by executor.vm before: what that refuses is not looked for again here.
    """

    def __init__(self, name: str = "v8") -> None:
        super().__init__(name, lambda: v8_command(FLAGS[name]))
        self._module: bytes | None = None

    def execute(
        self,
        function: Function,
        request: Request,
        transcript: Transcript = (),
        *,
        diagnostics: Diagnostics | None = None,
    ) -> Outcome:
        """The outcome; of `diagnostics` only the events are filled, when asked for.

        Raises TranscriptMismatch, HostFault.
        """
        wants_events = diagnostics is not None and diagnostics.record_events
        line: dict[str, Any] = {
            "source": _encode(function.source),
            "limits": function.terms.limits.model_dump(mode="json"),
            "request": {
                "input": _encode(request.input),
                "context": _encode(input_context(request, b"")),
                "draws": _draws(function, request),
            },
            "transcript": [_entry(request, entry) for entry in transcript],
            "record": wants_events,
        }
        if not self.running or self._module != function.module:
            line["module"] = _encode(instrument(function.module))
            self._module = function.module
        answer = json.loads(self.ask(encode(line), f"request {request.nonce} of function {request.function_id}"))
        if diagnostics is not None and wants_events:
            diagnostics.events += map(_event, answer.get("events", ()))
        if "mismatch" in answer:
            raise TranscriptMismatch(answer["mismatch"])
        if "fault" in answer:
            raise HostFault(answer["fault"])
        return _outcome(answer["outcome"])


def _draws(function: Function, request: Request) -> list[dict[str, str]]:
    grant = function.terms.capabilities.random
    return [] if grant is None else [_encode(draw_spec(grant, request, ordinal)) for ordinal in range(grant.draws)]


def _entry(request: Request, entry: Entry) -> dict[str, Any]:
    plain = {"spec": _encode(entry.spec), "kind": int(entry.kind), "value": _encode(entry.value)}
    if entry.kind is Kind.DRAW:
        plain["drawn"] = _encode(value_of(parse_draw(entry.spec), request, entry.value))
    return plain


def _outcome(value: dict[str, Any]) -> Outcome:
    match value:
        case {"returned": output, "fuel_used": fuel}:
            return Returned(_decode(output), int(fuel))
        case {"failed": error, "fuel_used": fuel}:
            return Failed(_decode(error), int(fuel))
        case {"trapped": code, "fuel_used": fuel}:
            return Trapped(TrapCode[code], int(fuel))
        case {"awaiting": slot, "spec": spec}:
            return Awaiting(slot, _decode(spec))
        case _:
            raise HostFault(f"no outcome: {value}")


def _event(value: dict[str, Any]) -> Event:
    return Event(value["name"], int(value["fuel_used"]), _decode(value["argument"]), _decode(value["answer"]))


def _encode(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode("ascii")}


def _decode(value: dict[str, str]) -> bytes:
    return base64.b64decode(value["base64"], validate=True)
