"""How many observations become one: aggregation strategies, and how values travel through them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

from executor_guest._bytes import Bytes, bytes_of, encode_text, kind_of
from executor_guest._canonical import canonical, code_units
from executor_guest._decimals import MAX_DIGITS, TEXT, Number, plain

MAX_FIELDS = 32
I = TypeVar("I")  # noqa: E741 - what a closure may return
O = TypeVar("O")  # noqa: E741 - what observe gives

Text: TypeAlias = str | Decimal | int | float
Items: TypeAlias = Iterable[Text]


class BadValue(TypeError):
    """The value cannot be observed under this strategy; proposed as the error "bad-value"."""

    code = "bad-value"


class Strategy(Generic[I, O]):
    """One rule of agreement. Use the ones of this package; `fields` makes others of them."""

    __slots__ = ("_from_text", "_takes_bytes", "_to_text", "aggregate")

    def __init__(
        self, aggregate: object, to_text: Callable[[Any], str], from_text: Callable[[str], O], takes_bytes: bool = False
    ) -> None:
        self.aggregate, self._to_text, self._from_text, self._takes_bytes = aggregate, to_text, from_text, takes_bytes

    def __repr__(self) -> str:
        return f"<strategy {json.dumps(self.aggregate)}>"

    def to_text(self, value: I) -> str:
        """How a value travels."""
        return self._to_text(value)

    def from_text(self, text: str) -> O:
        """The value of what travelled."""
        return self._from_text(text)

    def encode(self, value: I) -> bytes:
        """The bytes a node proposes; raises BadValue."""
        found = bytes_of(value) if self._takes_bytes else None
        return encode_text(self._to_text(value)) if found is None else found

    def decode(self, agreed: bytes, *, as_bytes: bool = False) -> O | bytes:
        """The agreed value."""
        if not as_bytes:
            return self._from_text(agreed.decode("utf-8"))
        if not self._takes_bytes:
            raise TypeError("as_bytes is for identical, mode and single")
        return agreed


def _decimal_text(value: object) -> str:
    try:
        text = value if isinstance(value, str) else plain(value)  # type: ignore[arg-type]  # refused below
    except (TypeError, ValueError) as error:
        raise BadValue(str(error)[:200]) from None
    if not TEXT.fullmatch(text) or len(text) - text.startswith("-") - ("." in text) > MAX_DIGITS:
        raise BadValue(f"not a decimal of at most {MAX_DIGITS} digits (rounded(value, places) makes one): {text[:100]}")
    return text


def _plain_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _decimal_text(value)
    raise BadValue(f"an observation must be text, bytes or a number, not {kind_of(value)}: encode it yourself")


def _items_text(arrange: Callable[[list[str]], list[str]], refused: tuple[type, ...]) -> Callable[[object], str]:
    """Canonical JSON of a list of strings."""

    def to_text(value: object) -> str:
        if isinstance(value, (str, bytes, bytearray, memoryview, Mapping, *refused)) or not isinstance(value, Iterable):
            raise BadValue(f"a set or list is observed as a list of strings, not {kind_of(value)}")
        return canonical(arrange([_plain_text(item) for item in value]))

    return to_text


def _as_set(texts: list[str]) -> list[str]:
    return sorted(set(texts), key=code_units)


def _counted(text: str) -> dict[str, int]:
    return {item: int(count) for item, count in json.loads(text).items()}


def _strings(text: str) -> list[str]:
    return list(json.loads(text))


_as_list: Callable[[list[str]], list[str]] = list
_set_text, _list_text = _items_text(_as_set, ()), _items_text(_as_list, (set, frozenset))

median: Strategy[Number, Decimal] = Strategy("median", _decimal_text, Decimal)
"""The lower middle observation."""
min: Strategy[Number, Decimal] = Strategy("min", _decimal_text, Decimal)
"""The smallest that no liar can make up: the (f + 1)-th from below."""
max: Strategy[Number, Decimal] = Strategy("max", _decimal_text, Decimal)
"""The largest that no liar can make up: the (f + 1)-th from above."""
trimmed_mean: Strategy[Number, Decimal] = Strategy("trimmed-mean", _decimal_text, Decimal)
"""The exact mean without the f smallest and the f largest, rounded half to even to the digits they have."""
identical: Strategy[Text | Bytes, str] = Strategy("identical", _plain_text, str, takes_bytes=True)
"""The value of all honest nodes, else the agreed error "no-agreement"."""
mode: Strategy[Text | Bytes, str] = Strategy("mode", _plain_text, str, takes_bytes=True)
"""The most frequent value, if frequent enough, else "no-agreement"."""
union: Strategy[Items, list[str]] = Strategy("union", _set_text, _strings)
"""The items that at least one honest node saw for sure."""
intersection: Strategy[Items, list[str]] = Strategy("intersection", _set_text, _strings)
"""The items that nearly all nodes saw."""
frequency: Strategy[Items, dict[str, int]] = Strategy("frequency", _set_text, _counted)
"""The items of union, with how many nodes saw each."""
common_prefix: Strategy[Items, list[str]] = Strategy("common-prefix", _list_text, _strings)
"""The longest list that nearly all nodes' lists begin with."""
common_suffix: Strategy[Items, list[str]] = Strategy("common-suffix", _list_text, _strings)
"""The longest list that nearly all nodes' lists end with."""
single: Strategy[Text | Bytes, str] = Strategy("single", _plain_text, str, takes_bytes=True)
"""One node looks for all, and may tell anything: for calls that must not run n times."""

_OF_FIELDS = {
    "median": median, "min": min, "max": max, "trimmed_mean": trimmed_mean, "identical": identical, "mode": mode,
    "union": union, "intersection": intersection, "frequency": frequency, "common_prefix": common_prefix,
    "common_suffix": common_suffix,
}  # fmt: skip


def fields(strategies: Mapping[str, Strategy[Any, Any]]) -> Strategy[Mapping[str, Any], dict[str, Any]]:
    """A strategy for each field of a dict: fields({"price": median, "venue": mode})."""
    parts = dict(strategies)
    if not 1 <= len(parts) <= MAX_FIELDS:
        raise TypeError(f"fields needs 1 to {MAX_FIELDS} fields")
    for name, strategy in parts.items():
        if not any(strategy is each for each in _OF_FIELDS.values()):
            raise TypeError(f"field {name!r}: use {', '.join(_OF_FIELDS)}")

    def to_text(value: object) -> str:
        if not isinstance(value, Mapping):
            raise BadValue(f"fields needs a dict, not {kind_of(value)}")
        if extra := [name for name in value if name not in parts]:
            raise BadValue(f"field {extra[0]!r} has no strategy")
        if missing := [name for name in parts if name not in value]:
            raise BadValue(f"field {missing[0]!r} is missing")
        return canonical({name: strategy.to_text(value[name]) for name, strategy in parts.items()})

    def from_text(text: str) -> dict[str, Any]:
        texts = json.loads(text)
        return {name: strategy.from_text(texts[name]) for name, strategy in parts.items()}

    return Strategy({"fields": {name: strategy.aggregate for name, strategy in parts.items()}}, to_text, from_text)
