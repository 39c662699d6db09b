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
