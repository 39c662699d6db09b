"""Serverless functions for smart contracts that nobody has to trust.

    from executor import Function, Request, execute, load

    program = load(Function(module))
    outcome = execute(program, Request.local(program.function_id, b"input"), transcript=())

Names are imported on first use, so that `import executor` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from executor.errors import (
        ExecutorError,
        HostFault,
        InvalidManifest,
        InvalidModule,
        InvalidValue,
        TranscriptMismatch,
    )
    from executor.model.function import Function
    from executor.model.manifest import Manifest, Terms, parse_manifest
    from executor.model.observation import Kind, Observation
    from executor.model.outcome import Awaiting, Failed, Outcome, Returned, TrapCode, Trapped
    from executor.model.profile import PROFILE, Profile
    from executor.model.request import Request
    from executor.model.transcript import Entry, Transcript
    from executor.vm import Answer, Capabilities, Diagnostics, Program, Refusal, execute, load, observe

__all__ = [
    "load",
    "execute",
    "observe",
    "parse_manifest",
    "Function",
    "Terms",
    "Manifest",
    "Request",
    "Entry",
    "Transcript",
    "Kind",
    "Observation",
    "Outcome",
    "Returned",
    "Failed",
    "Trapped",
    "TrapCode",
    "Awaiting",
    "Program",
    "Diagnostics",
    "Capabilities",
    "Answer",
    "Refusal",
    "Profile",
    "PROFILE",
    "ExecutorError",
    "InvalidValue",
    "InvalidManifest",
    "InvalidModule",
    "TranscriptMismatch",
    "HostFault",
]

_MODULES = {
    "executor.vm": "load execute observe Program Diagnostics Capabilities Answer Refusal",
    "executor.model.manifest": "parse_manifest Terms Manifest",
    "executor.model.function": "Function",
    "executor.model.request": "Request",
    "executor.model.transcript": "Entry Transcript",
    "executor.model.observation": "Kind Observation",
    "executor.model.outcome": "Outcome Returned Failed Trapped TrapCode Awaiting",
    "executor.model.profile": "Profile PROFILE",
    "executor.errors": "ExecutorError InvalidValue InvalidManifest InvalidModule TranscriptMismatch HostFault",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'executor' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
