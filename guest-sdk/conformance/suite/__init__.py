"""The conformance suite of the guest SDKs: cases, languages, runs and what is recorded of them (../README.md)."""

from suite.cases import CASES_VERSION, MODULES, Case, all_cases
from suite.languages import HERE, Language, languages
from suite.recording import recorded_of
from suite.running import Ending, mismatch, run

__all__ = [
    "CASES_VERSION",
    "HERE",
    "MODULES",
    "Case",
    "all_cases",
    "Language",
    "languages",
    "Ending",
    "run",
    "mismatch",
    "recorded_of",
]
