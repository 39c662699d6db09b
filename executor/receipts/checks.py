"""The verdict of a verification: every check by name, passed or not, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from executor.errors import InvalidValue, PeerFault, TranscriptMismatch, VerificationFailed

SHOWN: Final = 60  # characters of a guest's value: more is in the receipt


@dataclass(frozen=True, slots=True)
class Check:
    """One fact that was checked; `detail` says what was found, for people."""

    name: str
    passed: bool
    detail: str


def check(name: str, rule: Callable[[], str]) -> Check:
    """Runs a rule that returns what it found, and raises the package's errors for what is wrong."""
    try:
        return Check(name, True, rule())
    except VerificationFailed as error:
        return Check(name, False, str(error).removeprefix(f"{error.check}: "))
    except (InvalidValue, PeerFault, TranscriptMismatch) as error:
        return Check(name, False, str(error))


def require(holds: bool, otherwise: str) -> None:
    """Raises VerificationFailed unless a condition holds."""
    if not holds:
        raise VerificationFailed("receipt", otherwise)


def all_passed(checks: Iterable[Check]) -> bool:
    """Whether no check failed."""
    return all(check.passed for check in checks)


def printable(value: bytes) -> str:
    """A guest's bytes for a terminal: text that prints, else hex, cut; nothing in it moves a cursor or hides a line."""
    text = value.decode("utf-8", "replace")
    if not text.isprintable() or "\ufffd" in text:
        text = "0x" + value.hex()
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
