"""Log lines: kept beside the outcome for people, bounded, in no digest.

`print` writes lines of level info, what goes to sys.stderr lines of level error.
"""

from __future__ import annotations

from executor_guest import _native

DEBUG, INFO, WARNING, ERROR = range(4)


def write(level: int, text: str, *, beyond_budget: bool = False) -> None:
    """One line; what is too long is cut, what is too much is dropped."""
    _native.log(level, text.encode("utf-8", "replace"), beyond_budget)


def _shown(parts: tuple[object, ...]) -> str:
    return " ".join(
        [f"{type(part).__name__}: {part}" if isinstance(part, BaseException) else str(part) for part in parts]
    )


def debug(*parts: object) -> None:
    """A line of level debug."""
    write(DEBUG, _shown(parts))


def info(*parts: object) -> None:
    """A line of level info."""
    write(INFO, _shown(parts))


def warn(*parts: object) -> None:
    """A line of level warning."""
    write(WARNING, _shown(parts))


def error(*parts: object) -> None:
    """A line of level error."""
    write(ERROR, _shown(parts))
