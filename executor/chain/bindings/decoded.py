"""What the generated classes share: making them of decoded ABI values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Self, get_args, get_type_hints


class Decoded:
    """A struct or an event's arguments; subclasses are dataclasses whose fields are the ABI's in its order."""

    __slots__ = ()

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Self:
        """From the sequence that a call's result or an event's arguments decode to."""
        return cls(*(_value(kind, value) for kind, value in zip(_kinds(cls), values, strict=True)))


def abi_name(field: str) -> str:
    """The ABI's name of a field: `requestId` for request_id, `from` for from_."""
    first, *rest = field.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


_known: dict[type[Decoded], tuple[Any, ...]] = {}  # evaluating hints takes longer than everything else of a decoding


def _kinds(cls: type[Decoded]) -> tuple[Any, ...]:
    if cls not in _known:
        hints = get_type_hints(cls)
        _known[cls] = tuple(hints[field.name] for field in fields(cls))  # type: ignore[arg-type]  # every subclass is a dataclass
    return _known[cls]


def _value(kind: Any, raw: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Decoded):
        return kind.from_abi(raw)
    inner = get_args(kind)
    return [_value(inner[0], each) for each in raw] if inner else raw
