"""Serverless functions for smart contracts that nobody has to trust.

    from executor import Function, Request, execute, load

    program = load(Function(module))
    outcome = execute(program, Request.local(program.function_id, b"input"), transcript=())

Names are imported on first use, so that `import executor` costs nothing;
their types are in __init__.pyi.
"""

from __future__ import annotations

from typing import Any

from executor.parts import on_first_use

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

_part = on_first_use(
    __name__,
    {
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
    },
)


def __getattr__(name: str) -> Any:
    if name != "__version__":
        return _part(name)
    from importlib.metadata import version

    return version("executor")


def __dir__() -> list[str]:
    return sorted(__all__)
