"""Logs of node and signer: one line an event, JSON for programs, text for a terminal.

Rule 1. One event is one line of ASCII, whatever a guest, a peer or an endpoint wrote into it: control characters,
        newlines and everything that moves a cursor or reverses text are escaped, in values and in names of fields.
Rule 2. A text longer than the limit is cut and says how long it was; lists, tables and depth are bounded, too.
Rule 3. A field whose name says that it is secret is not written, nor is the path of an RPC URL, which may hold a key.
Rule 4. What modules say through `logging` takes the same way, as the event `message`.
Rule 5. What others can cause (`limited`, and each place that speaks through `logging`) is written BURST times at once,
        and PER_SECOND in the long run; what was left out is counted in the next line of its kind.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Literal, TextIO, TypeAlias
from typing import Final as Constant
from urllib.parse import urlsplit

import structlog

Format: TypeAlias = Literal["auto", "json", "text"]
FIRST: Constant = ("time", "level", "event", "request_id", "epoch", "member")
OWN: Constant = frozenset({"time", "level", "event", "self"})
VALUE_BYTES: Constant = 256  # an id in hex is 66; most reasons are shorter than this
MAX_ITEMS: Constant = 32  # of a list or table: a committee of 31
MAX_DEPTH: Constant = 4
TRACEBACK_BYTES: Constant = 4_096  # the frames of one error
PER_SECOND: Constant = 2.0  # of one kind; a member may send 200 messages a second, each of them wrong
BURST: Constant = 60.0
MAX_KINDS: Constant = 256
HIDDEN: Constant = "(not written)"
_SECRET = re.compile(r"password|passphrase|secret|private|credential|authorization|cookie|mnemonic", re.I)
_URL = re.compile(r"https?://[^\s\"'<>;,]+")
_PLAIN = re.compile(r"[A-Za-z0-9_.:/@%+-]+")


def configure_logs(
    *,
    level: str = "info",
    format: Format = "auto",
    value_bytes: int = VALUE_BYTES,
    secrets: Sequence[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send this process's logs to `stream` (standard error). `secrets`: URLs of which only the origin is written."""
    out = sys.stderr if stream is None else stream
    as_text = format == "text" or (format == "auto" and out.isatty())
    hidden = {url: origin(url) for url in secrets if origin(url) != url.rstrip("/")}

    def clean(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        known = {name: event[name] for name in FIRST if event.get(name) not in (None, "")}
        return {
            _cut(name, 64, {}): HIDDEN if _SECRET.search(name) else _bounded(value, value_bytes, hidden, 0)
            for name, value in {**known, **{k: v for k, v in event.items() if k not in FIRST}}.items()
        }

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            clean,
            _as_text if as_text else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,  # a process may configure itself twice: before and after reading its file
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(_Forward())
    root.setLevel(level.upper())
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def identify(**fields: object) -> None:
    """Have every later line of this context say who writes it, such as epoch and member."""
    structlog.contextvars.bind_contextvars(**fields)


class Quota:
    """Rule 5, by kind: (lines left, when, left out). Time is an argument."""

    def __init__(self, per_second: float = PER_SECOND, burst: float = BURST) -> None:
        self._per_second, self._burst = per_second, burst
        self._kinds: OrderedDict[object, tuple[float, float, int]] = OrderedDict()

    def take(self, kind: object, now: float) -> int | None:
        """How many were left out since the last line of this kind, or None when this one is left out, too."""
        left, when, missed = self._kinds.pop(kind, (self._burst, now, 0))
        left = min(self._burst, left + max(0.0, now - when) * self._per_second)
        allowed = left >= 1
        self._kinds[kind] = (left - 1, now, 0) if allowed else (left, now, missed + 1)
        if len(self._kinds) > MAX_KINDS:
            self._kinds.popitem(last=False)
        return missed if allowed else None


_quota = Quota()


def limited(level: str, event: str, /, **fields: object) -> None:
    """`say` for what others can cause (Rule 5)."""
    missed = _quota.take(event, time.monotonic())
    if missed is not None:
        say(level, event, **fields, **({"left_out": missed} if missed else {}))


def say(level: str, event: str, /, **fields: object) -> None:
    """Write one line; Fields named like a line's own (`OWN`) get a prefix; a pipe that nobody reads costs the line."""
    _write(logging.getLevelNamesMapping()[level.upper()], event, fields)


def _write(level: int, event: str, fields: Mapping[str, object]) -> None:
    named = {f"of_{name}" if name in OWN else name: value for name, value in fields.items()}
    with contextlib.suppress(OSError, ValueError):  # ValueError: the stream is closed
        structlog.get_logger().log(level, event, **named)


def origin(url: str) -> str:
    """Scheme, host and port of a URL: all of it that may be shown."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(a URL)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


class _Forward(logging.Handler):
    """Rule 4."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record of `logging`."""
        missed = _quota.take((record.name, record.lineno), time.monotonic())
        if missed is None:
            return
        fields: dict[str, Any] = {"logger": record.name} | ({"left_out": missed} if missed else {})
        if record.exc_info and record.exc_info[1] is not None:
            fields["traceback"] = _Long("".join(traceback.format_exception(record.exc_info[1])))
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # words that do not fit their format
            text = str(record.msg)
        _write(record.levelno, "message", {"text": text, **fields})


class _Long(str):
    """A text of ours with a limit of its own."""


def _bounded(value: Any, limit: int, hidden: Mapping[str, str], depth: int) -> Any:
    match value:
        case bool() | int() | float() | None:
            return value if not isinstance(value, int) or abs(value) < 1 << 64 else hex(value)
        case str():
            return _cut(value, TRACEBACK_BYTES if isinstance(value, _Long) else limit, hidden)
        case bytes():
            return _cut("0x" + value[:limit].hex(), limit, {})
        case Mapping() if depth < MAX_DEPTH:
            items = list(value.items())
            told = {
                _cut(str(name), 64, {}): HIDDEN
                if _SECRET.search(str(name))
                else _bounded(each, limit, hidden, depth + 1)
                for name, each in items[:MAX_ITEMS]
            }
            return told | ({"…": f"{len(items) - MAX_ITEMS} more"} if len(items) > MAX_ITEMS else {})
        case list() | tuple() | set() | frozenset() if depth < MAX_DEPTH:
            items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
            told_list = [_bounded(each, limit, hidden, depth + 1) for each in items[:MAX_ITEMS]]
            return told_list + ([f"… {len(items) - MAX_ITEMS} more"] if len(items) > MAX_ITEMS else [])
        case _:
            return _cut(str(value), limit, hidden)


def _cut(text: str, limit: int, hidden: Mapping[str, str]) -> str:
    if hidden:
        text = _URL.sub(lambda found: _hide(found[0], hidden), text)
    size = len(text)
    return text if size <= limit else f"{text[:limit]}… ({size} characters)"


def _hide(found: str, hidden: Mapping[str, str]) -> str:
    for url, shown in hidden.items():
        if found.startswith(url.rstrip("/")):
            return shown
    return found


def _as_json(_logger: object, _method: str, event: Mapping[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":"), allow_nan=True)


def _as_text(_logger: object, _method: str, event: Mapping[str, Any]) -> str:
    time = str(event.get("time", ""))[11:23]
    rest = [f"{_word(name)}={_word(value)}" for name, value in event.items() if name not in ("time", "level", "event")]
    head = f"{time} {event.get('level', ''):<7} {_word(event.get('event', ''))}"
    return " ".join([head, *rest])


def _word(value: Any) -> str:
    """A value on one line: bare where it is a plain word, else as JSON, which escapes everything else (Rule 1)."""
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else json.dumps(value, separators=(",", ":"))
