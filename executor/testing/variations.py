"""How real APIs answer two askers of one moment differently: all of it means the same, none of it is the same bytes.

A variation is a few small numbers, all zero for "exactly the example", so that a failing test shrinks to the one
difference that matters. JSON bodies vary in the order of fields, white space, the last digits of fractions, how numbers
are written, times and request ids; other bodies stay; headers vary always.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum
from hashlib import sha256
from typing import Any, Final

from executor.testing.json_text import parse_json
from executor.testing.replies import Reply

START: Final = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)  # 1,700,000,000, where a reply has no time of its own
_FRACTION: Final = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_ISO_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ID_NAME: Final = re.compile(r"(request|req|trace|correlation|session|span)[-_]?id|nonce|etag", re.IGNORECASE)
_MAX_EXPONENT: Final = 50  # numbers beyond are left alone: written out they would be very long
_SECONDS: Final = range(1_000_000_000, 4_000_000_000)  # integers that are times: 2001 to 2096
_MILLISECONDS: Final = range(1_000_000_000_000, 4_000_000_000_000)


class Order(Enum):
    """The order of an object's fields."""

    GIVEN = "as given"
    REVERSED = "fields reversed"
    SORTED = "fields sorted"


class Space(Enum):
    """White space between the tokens of JSON."""

    USUAL = "usual spacing"
    NONE = "no white space"
    INDENTED = "indented"


class Digits(Enum):
    """How a number with a fraction is written; its value is the same."""

    SHORTEST = "shortest"
    PADDED = "a zero appended to fractions"
    EXPONENT = "numbers with an exponent"


@dataclass(frozen=True, slots=True)
class Variation:
    """One way to answer: `ulps` is added to the last digit of every fraction, `seconds` to every time."""

    ulps: int = 0
    order: Order = Order.GIVEN
    space: Space = Space.USUAL
    digits: Digits = Digits.SHORTEST
    seconds: int = 0
    request: int = 0

    def __str__(self) -> str:
        said = [
            f"last digits {self.ulps:+d}" if self.ulps else "",
            self.order.value if self.order is not Order.GIVEN else "",
            self.space.value if self.space is not Space.USUAL else "",
            self.digits.value if self.digits is not Digits.SHORTEST else "",
            f"clock {self.seconds:+d} s" if self.seconds else "",
            "another request id" if self.request else "",
        ]
        return ", ".join(filter(None, said)) or "as given"


def vary(reply: Reply, variation: Variation, *, steady: Collection[str] = ()) -> Reply:
    """The same answer, varied; fields and headers named in `steady` keep their values. Pure."""
    varied = replace(reply, headers=_headers(reply, variation, steady), about=str(variation))
    try:
        plain = parse_json(reply.body, parse_float=_Written)
    except (ValueError, RecursionError):
        return varied
    if variation == Variation() or not isinstance(plain, dict | list):
        return varied
    written = _value("", plain, variation, frozenset(steady))
    return replace(varied, body=_dump(written, variation.space).encode("utf-8", "replace"))  # a lone surrogate is a ?


class _Written(str):
    """A JSON number in the very characters it is written in."""

    __slots__ = ()


def _value(name: str, value: Any, variation: Variation, steady: Collection[str]) -> Any:
    match value:
        case dict():
            names = _ORDERS[variation.order](list(value))
            return {key: value[key] if key in steady else _value(key, value[key], variation, steady) for key in names}
        case list():
            return [_value(name, item, variation, steady) for item in value]
        case _Written():
            return _written(_moved(value, variation.ulps), variation.digits)
        case str():
            return _text(name, value, variation)
        case bool() | None:
            return value
        case int() if value in _SECONDS:
            return value + variation.seconds
        case int() if value in _MILLISECONDS:
            return value + 1000 * variation.seconds
        case _:
            return value


def _text(name: str, value: str, variation: Variation) -> str:
    if _FRACTION.fullmatch(value):
        moved = _moved(value, variation.ulps)
        return f"{moved}0" if variation.digits is Digits.PADDED else str(moved)
    if _ISO_TIME.fullmatch(value):
        return _later(value, variation.seconds)
    if _UUID.fullmatch(value) or _ID_NAME.fullmatch(name):
        return _another_id(value, variation.request)
    return value


def _later(value: str, seconds: int) -> str:
    try:
        moment = datetime.fromisoformat(value) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return value
    text = moment.isoformat(sep=value[10])
    return text.replace("+00:00", "Z") if value.endswith("Z") else text


def _moved(text: str, ulps: int) -> str:
    """The decimal text with its last digit moved, in as many digits."""
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if not ulps or not isinstance(exponent, int) or abs(number.adjusted()) > _MAX_EXPONENT:
        return str(text)
    with localcontext(prec=len(text) + 2 * _MAX_EXPONENT):
        moved = number + Decimal(ulps).scaleb(exponent)
        return f"{abs(moved) if number > 0 else moved:f}"  # a price near zero stays a price


def _written(text: str, digits: Digits) -> _Written:
    match digits:
        case Digits.PADDED if "." in text and "e" not in text.lower():
            return _Written(f"{text}0")
        case Digits.EXPONENT:
            return _Written(f"{Decimal(text):e}")
        case _:
            return _Written(text)


def _another_id(value: str, request: int) -> str:
    if not request:
        return value
    stream = iter(sha256(f"{value} {request}".encode()).hexdigest() * (len(value) // 64 + 1))
    return "".join(next(stream) if char.isalnum() else char for char in value)


def _dump(value: Any, space: Space, depth: int = 1) -> str:
    """JSON text in which numbers keep their characters."""
    colon, comma = (":", ",") if space is Space.NONE else (": ", ", ")
    inner, outer = "", ""
    if space is Space.INDENTED:
        inner, outer, comma = "\n" + "  " * depth, "\n" + "  " * (depth - 1), ","
    match value:
        case dict():
            parts = [f"{inner}{_dump(key, space)}{colon}{_dump(item, space, depth + 1)}" for key, item in value.items()]
            return f"{{{comma.join(parts)}{outer if parts else ''}}}"
        case list():
            parts = [f"{inner}{_dump(item, space, depth + 1)}" for item in value]
            return f"[{comma.join(parts)}{outer if parts else ''}]"
        case _Written():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _headers(reply: Reply, variation: Variation, steady: Collection[str]) -> dict[str, str]:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    try:
        moment = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        moment = START
    noise = {
        "date": format_datetime((moment + timedelta(seconds=variation.seconds)).astimezone(UTC), usegmt=True),
        "x-request-id": _another_id(headers.get("x-request-id", "5f0c1c1e9b7d4c60"), variation.request),
    }
    return {**headers, **{name: value for name, value in noise.items() if name not in steady}}


_ORDERS: Final[dict[Order, Callable[[list[str]], list[str]]]] = {
    Order.GIVEN: list,
    Order.REVERSED: lambda names: names[::-1],
    Order.SORTED: sorted,
}
