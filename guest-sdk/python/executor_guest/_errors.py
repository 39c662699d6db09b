"""What can go wrong, with stable codes."""

from __future__ import annotations

import re

_CODE = re.compile(r"[a-z0-9-]{1,64}")


class CapabilityError(Exception):
    """A capability answered with an error; `code` is its stable code, such as "http-timeout"."""

    def __init__(self, operation: str, code: str) -> None:
        super().__init__(f"{operation} failed: {code}")
        self.code = code


class ObservationError(Exception):
    """The committee agreed on an error for an observation; `code` is its stable code, such as "no-agreement".

    Where the committee found no value itself, the message says why: the strategy and how many values it had.
    """

    def __init__(self, label: str | None, error: str) -> None:
        super().__init__(f"agreed error: {error}" if label is None else f"agreed error for {label}: {error}")
        self.code = error.split(": ", 1)[0]


def code_of(raised: BaseException) -> str:
    """The stable code of an exception: its own `code` if it is one, else "threw"."""
    code = None if isinstance(raised, SystemExit) else getattr(raised, "code", None)
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "threw"
