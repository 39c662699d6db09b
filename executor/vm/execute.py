"""The two verbs. A recording is a replay that ran out of transcript: both share one code path (vm/run.py)."""

from __future__ import annotations

from executor.errors import HostFault
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.vm.capabilities import Capabilities
from executor.vm.diagnostics import Diagnostics
from executor.vm.program import Program
from executor.vm.run import run


def execute(
    program: Program, request: Request, transcript: Transcript = (), *, diagnostics: Diagnostics | None = None
) -> Outcome:
    """The outcome of a request over a transcript. Pure: the same four values give the same bytes and fuel (D1).

    Raises TranscriptMismatch when the transcript is not consumed exactly (D2), HostFault for our own failures.
    """
    end = run(program, request, transcript, None, diagnostics or Diagnostics())
    if isinstance(end, Observation):
        raise HostFault("an agreed run ended in an observation")
    return end


def observe(
    program: Program,
    request: Request,
    transcript: Transcript,
    capabilities: Capabilities,
    *,
    diagnostics: Diagnostics | None = None,
) -> Observation:
    """What this host sees at the first slot the transcript does not answer.

    D13: nothing but an observation comes out, whatever the guest does there. Raises TranscriptMismatch when the guest
    never gets there, HostFault for our own failures.
    """
    end = run(program, request, transcript, capabilities, diagnostics or Diagnostics())
    if not isinstance(end, Observation):
        raise HostFault("an observe run ended in an outcome")
    return end
