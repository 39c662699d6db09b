"""Serverless functions for smart contracts that nobody has to trust.

    from executor import Function, Request, execute, load

    program = load(Function(module))
    outcome = execute(program, Request.local(program.function_id, b"input"), transcript=())

Names are imported on first use, so that `import executor` costs nothing;
their types are in __init__.pyi.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = [
    "load",
    "execute",
    "observe",
    "parse_manifest",
    "engine_for",
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
    "Response",
    "Refusal",
    "self_test",
    "WorkerPool",
    "Execution",
    "AsyncCapabilities",
    "Receipt",
    "Verdict",
    "Loader",
    "Check",
    "Profile",
    "PROFILE",
    "agree",
    "profile_id",
    "function_id",
    "request_id",
    "transcript_hash",
    "ExecutorError",
    "InvalidValue",
    "InvalidManifest",
    "InvalidModule",
    "InvalidReceipt",
    "TranscriptMismatch",
    "VerificationFailed",
    "HostFault",
    "WatchdogExpired",
    "WorkerDied",
    "WorkersBusy",
    "FunctionSuspended",
]

_MODULES = {
    "executor.vm": "load execute observe self_test Program Diagnostics Capabilities Answer Response Refusal",
    "executor.worker": "WorkerPool Execution AsyncCapabilities",
    "executor.receipts": "Receipt Verdict Check Loader engine_for",
    "executor.crypto.digests": "profile_id function_id request_id transcript_hash",
    "executor.protocol.strategies": "agree",
    "executor.model.manifest": "parse_manifest Terms Manifest",
    "executor.model.function": "Function",
    "executor.model.request": "Request",
    "executor.model.transcript": "Entry Transcript",
    "executor.model.observation": "Kind Observation",
    "executor.model.outcome": "Outcome Returned Failed Trapped TrapCode Awaiting",
    "executor.model.profile": "Profile PROFILE",
    "executor.errors": "ExecutorError InvalidValue InvalidManifest InvalidModule InvalidReceipt TranscriptMismatch"
    " VerificationFailed HostFault WatchdogExpired WorkerDied WorkersBusy FunctionSuspended",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("executor")
    if name not in _HOMES:
        raise AttributeError(f"module 'executor' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
