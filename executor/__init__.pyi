from executor.crypto.digests import function_id, profile_id, request_id, transcript_hash
from executor.errors import (
    ExecutorError,
    FunctionSuspended,
    HostFault,
    InvalidManifest,
    InvalidModule,
    InvalidReceipt,
    InvalidValue,
    TranscriptMismatch,
    VerificationFailed,
    WatchdogExpired,
    WorkerDied,
    WorkersBusy,
)
from executor.model.function import Function
from executor.model.manifest import Manifest, Terms, parse_manifest
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Outcome, Returned, TrapCode, Trapped
from executor.model.profile import PROFILE, Profile
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.protocol.strategies import agree
from executor.receipts import Check, Loader, Receipt, Verdict, engine_for
from executor.vm import (
    Answer,
    Capabilities,
    Diagnostics,
    Program,
    Refusal,
    Response,
    execute,
    load,
    observe,
    self_test,
)
from executor.worker import AsyncCapabilities, Execution, WorkerPool

__version__: str

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
