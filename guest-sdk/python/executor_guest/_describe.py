"""How an uncaught exception is told: one line for the contract, the traceback for people.

The traceback is written here and not by the standard library, which parses each frame's source again to place its
carets: seconds of fuel for a deep recursion.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from types import CodeType, TracebackType

from executor_guest import _streams, log

FILE = "function.py"
_MESSAGE_BYTES = 1024  # error bytes go into the report; the rest of the story goes to the log
_FIRST, _LAST = 3, 6  # frames that are shown of a long traceback
_CHAINED = 3
_lines: list[str] = []

Place = tuple[CodeType, int, int]  # code, instruction, line
Position = tuple[str, str, int | None, int | None, int | None, int | None]  # file, function, line, end line, columns


def keep_source(text: str) -> None:
    """The lines that tracebacks show."""
    _lines[:] = text.split("\n")


def describe(raised: BaseException, exhausted: bool) -> bytes:
    """ "TypeError: message (function.py:3:9)", never empty, at most 1024 bytes; the traceback goes to the log."""
    _streams.finish()
    text = headline(raised, exhausted)
    try:
        log.write(log.ERROR, "\n".join([text, *_traceback(raised, _CHAINED)]), beyond_budget=True)
    except MemoryError:
        log.write(log.ERROR, text, beyond_budget=True)
    return text.encode("utf-8", "replace")[:_MESSAGE_BYTES].decode("utf-8", "ignore").encode("utf-8")


def headline(raised: BaseException, exhausted: bool = False) -> str:
    """The exception in one line, with the place in the user's file."""
    if exhausted and isinstance(raised, (MemoryError, SystemError)):  # CPython loses some MemoryErrors on its way
        said = "MemoryError: out of memory"
    else:
        said = _said(raised)
    if isinstance(raised, SyntaxError) and raised.filename == FILE:
        return f"{said} ({FILE}:{raised.lineno}:{raised.offset})"
    places = [place for place in _places(raised.__traceback__) if place[0].co_filename == FILE]
    if not places:
        return said
    _, _, line, _, column, _ = _position(places[-1])
    return f"{said} ({FILE}:{line})" if column is None else f"{said} ({FILE}:{line}:{column + 1})"


def _said(raised: BaseException) -> str:
    kind = type(raised).__name__
    try:
        message = raised.msg if isinstance(raised, SyntaxError) else str(raised)
    except Exception:
        message = "(its message cannot be shown)"
    return f"{kind}: {message}" if message else kind


def _traceback(raised: BaseException, chained: int) -> Iterator[str]:
    if isinstance(raised, SyntaxError) and raised.filename == FILE:
        yield from _shown(
            (FILE, "", raised.lineno, raised.end_lineno, (raised.offset or 1) - 1, (raised.end_offset or 1) - 1)
        )
    else:
        places = _places(raised.__traceback__)
        first = next((i for i, place in enumerate(places) if place[0].co_filename == FILE), 0)
        places = places[first:]
        yield "Traceback (most recent call last):"
        for place in places if len(places) <= _FIRST + _LAST else places[:_FIRST]:
            yield from _shown(_position(place))
        if len(places) > _FIRST + _LAST:
            yield f"  [{len(places) - _FIRST - _LAST} more calls]"
            for place in places[-_LAST:]:
                yield from _shown(_position(place))
    cause = raised.__cause__ or (None if raised.__suppress_context__ else raised.__context__)
    if cause is not None and chained:
        yield f"{'caused by' if raised.__cause__ else 'raised while handling'} {headline(cause)}"
        yield from _traceback(cause, chained - 1)


def _places(traceback: TracebackType | None) -> list[Place]:
    places: list[Place] = []
    while traceback is not None:
        places.append((traceback.tb_frame.f_code, traceback.tb_lasti, traceback.tb_lineno))
        traceback = traceback.tb_next
    return places


def _position(place: Place) -> Position:
    """What is shown of a place; looking it up in the code takes time, so only where it is shown."""
    code, instruction, line = place
    found = next(islice(code.co_positions(), instruction // 2, None), (line, None, None, None))
    return (code.co_filename, code.co_qualname, *found)


def _shown(position: Position) -> Iterator[str]:
    """A frame, its source line and carets below what went wrong."""
    file, function, line, end, column, end_column = position
    yield f'  File "{file}", line {line}' + (f", in {function}" if function else "")
    if file != FILE or line is None or not 0 < line <= len(_lines):
        return
    source = _lines[line - 1]
    text = source.lstrip()
    yield f"    {text[:200]}"
    if column is None or end_column is None:
        return
    encoded = source.encode("utf-8", "replace")  # columns count bytes
    start = len(encoded[:column].decode("utf-8", "ignore"))
    stop = len(encoded[:end_column].decode("utf-8", "ignore")) if end == line else len(source)
    indent = start - (len(source) - len(text))
    if 0 <= indent < 200:
        yield "    " + " " * indent + "^" * max(1, min(stop, 200) - start)
