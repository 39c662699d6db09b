"""What the generated classes share: making them of what web3 decodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Self, get_args, get_type_hints


class Decoded:
    """A struct or an event's arguments; subclasses are dataclasses whose fields are the ABI's in its order."""

    __slots__ = ()

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """From the mapping that web3 decodes an event to."""
        return cls(*(_value(kind, args[name], "from_args") for name, kind in _members(cls)))

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Self:
        """From the sequence that web3 decodes a call's result to."""
        members = zip(_members(cls), values, strict=True)
        return cls(*(_value(kind, value, "from_abi") for (_, kind), value in members))


def abi_name(field: str) -> str:
    """The ABI's name of a field: `requestId` for request_id, `from` for from_."""
    first, *rest = field.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _members(cls: type[Decoded]) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(cls)
    return tuple((abi_name(field.name), hints[field.name]) for field in fields(cls))  # type: ignore[arg-type]  # every subclass is a dataclass


def _value(kind: Any, raw: Any, maker: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, Decoded):
        return getattr(kind, maker)(raw)
    inner = get_args(kind)
    return [_value(inner[0], each, maker) for each in raw] if inner else raw
