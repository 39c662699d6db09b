"""Exit codes (docs/cli.md)."""

from __future__ import annotations

from executor.errors import (
    ChainUnavailable,
    ExecutorError,
    HostFault,
    SignerUnavailable,
    StoreError,
    TransactionFailed,
    VerificationFailed,
)

FAILED = 1
USAGE = 2
HOST = 3
INCONCLUSIVE = 4  # `check`: no run could be judged
UNFINISHED = 5  # `request`: still open when the time was over
STOPPED = 130  # by Ctrl-C: typer's code, and shells'

_CODES: tuple[tuple[type[ExecutorError], int], ...] = (
    (VerificationFailed, FAILED),
    (TransactionFailed, FAILED),
    (HostFault, HOST),
    (StoreError, HOST),
    (ChainUnavailable, HOST),
    (SignerUnavailable, HOST),
    (ExecutorError, USAGE),
)


def exit_code(error: ExecutorError) -> int:
    """The exit code of an error that ended a command; wrong input unless listed otherwise."""
    return next(code for kind, code in _CODES if isinstance(error, kind))
