"""Answers cases with executor.vm itself: load the original module, and run it as a node would.

    python -m executor.testing.fuzz.host_machine

A case's module is the original one, its budget the function's fuel limit; its calls and meter are not used. A module
that exports `load` is given a source, as an engine is. The row
says "refused" with the reason as its note, or "ok" with the classes of the outcomes. Whatever else `load`, `execute` or
`observe` raise kills this process: a finding.

Rule 1. Every `execute` is made twice and must give equal outcomes (D1).
Rule 2. An `Awaiting` is answered by what `observe` proposes, at most SLOTS times.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from typing import Any, Final

from executor.errors import HostFault, InvalidModule
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Awaiting, Outcome, Trapped
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.vm import Answer, Program, Refusal, Response, execute, load, observe

SLOTS: Final = 4
MEMORY_MIB: Final = 2
ENGINE_SOURCE: Final = b"export default () => 1"
OBSERVE_FUEL: Final = 3_000_000


class World:
    """Refuses two of three calls."""

    def __init__(self) -> None:
        self._calls = 0

    def call(self, _operation: str, request: bytes) -> Response:
        """The response to one call."""
        self._calls += 1
        return Refusal("no-answer") if self._calls % 3 else Answer(request * 2)


def outcomes(program: Program, request: Request) -> list[Outcome]:
    """The outcome over every transcript that this machine would come to on its own."""
    found: list[Outcome] = []
    transcript: Transcript = ()
    for _ in range(SLOTS + 1):
        outcome = execute(program, request, transcript)
        if (again := execute(program, request, transcript)) != outcome:
            raise HostFault(f"two runs of one request: {outcome} and {again}")
        found.append(outcome)
        if not isinstance(outcome, Awaiting) or outcome.slot != len(transcript):
            break
        seen = observe(program, request, transcript, World())
        if observe(program, request, transcript, World()) != seen:
            raise HostFault("two observations of one world differ")
        transcript += (Entry(outcome.spec, seen.kind, seen.value),)
    return found


def answer(case: dict[str, Any], module: bytes) -> tuple[str, str]:
    """The row's `instance` and `note`."""
    terms = Terms.model_validate(
        {"limits": {"fuel": max(int(case["budget"]), 1), "observe_fuel": OBSERVE_FUEL, "memory_mib": MEMORY_MIB}}
    )
    try:
        program = load(Function(module, terms, ENGINE_SOURCE if b"\x04load\x00" in module else b""))
    except InvalidModule as error:
        return "refused", str(error)
    found = outcomes(program, Request.local(program.function_id, bytes(range(40))))
    return "ok", " ".join(_word(outcome) for outcome in found)


def _word(outcome: Outcome) -> str:
    return outcome.code.name if isinstance(outcome, Trapped) else type(outcome).__name__


def main() -> None:
    """Every line of the input, answered."""
    sys.stdout.write(json.dumps({"engine": "executor.vm", "version": "1"}) + "\n")
    sys.stdout.flush()
    module = b""
    for line in sys.stdin:
        case = json.loads(line)
        if "module" in case:
            module = base64.b64decode(case["module"]["base64"])
        instance, note = answer(case, module)
        host = {"count": 0, "digest": hashlib.sha256().hexdigest(), "first": []}
        row = {"name": case["name"], "instance": instance, "calls": [], "host": host, "ended": None, "pages": None,
               "memory": None, "globals": {}, "note": note}  # fmt: skip
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
