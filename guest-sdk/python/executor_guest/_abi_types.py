"""Solidity type names, parsed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["uint", "int", "address", "bool", "string", "fixed", "bytes", "array", "tuple"]
_ELEMENTARY = re.compile(r"(?:(uint|int)(\d*)|(address|bool|string)|bytes(\d*))", re.ASCII)
_ARRAY = re.compile(r"(.+)\[(\d*)\]", re.ASCII | re.DOTALL)
_WORDS: dict[str, Kind] = {"address": "address", "bool": "bool", "string": "string"}
_MAX_DEPTH = 32
_MAX_COUNT = 0xFFFF


@dataclass(frozen=True, slots=True)
class Type:
    """`size`: what it takes in a head, in bytes. `width`: bits of integers, bytes of bytesN."""

    kind: Kind
    dynamic: bool = False
    size: int = 32
    width: int = 0
    element: Type | None = None
    count: int | None = None
    parts: tuple[Type, ...] = ()

    @property
    def name(self) -> str:
        """The canonical name, as selectors hash it: uint is uint256."""
        match self.kind:
            case "uint" | "int":
                return f"{self.kind}{self.width}"
            case "fixed":
                return f"bytes{self.width}"
            case "array":
                assert self.element is not None
                return f"{self.element.name}[{'' if self.count is None else self.count}]"
            case "tuple":
                return f"({','.join([part.name for part in self.parts])})"
            case _:
                return self.kind


def parse_types(types: Sequence[str]) -> tuple[Type, ...]:
    """The types of a list of names; raises TypeError."""
    if isinstance(types, str) or not isinstance(types, Sequence):
        raise TypeError('types must be a list such as ["uint256", "bytes"]')
    return tuple([parse_type(name) for name in types])


def parse_type(name: str, depth: int = 0) -> Type:
    """One type; raises TypeError."""
    if not isinstance(name, str):
        raise TypeError('a type must be text such as "uint256"')
    if depth > _MAX_DEPTH:
        raise TypeError("the type is nested too deeply")
    text = name.replace(" ", "")
    if array := _ARRAY.fullmatch(text):
        return _array_of(parse_type(array[1], depth + 1), array[2], text)
    if text.startswith("(") and text.endswith(")"):
        parts = tuple([parse_type(part, depth + 1) for part in split_top_level(text[1:-1])])
        if not parts:
            raise TypeError("an empty tuple has no encoding")
        dynamic = any(part.dynamic for part in parts)
        return Type("tuple", dynamic, 32 if dynamic else sum([part.size for part in parts]), parts=parts)
    return _elementary(text)


def split_top_level(text: str) -> list[str]:
    """ "uint256,(bool,bytes)[]" at its outer commas."""
    if not text:
        return []
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _elementary(text: str) -> Type:
    match = _ELEMENTARY.fullmatch(text)
    if match is None:
        raise TypeError(f'unknown type "{text}"')
    integer, bits, word, width = match.groups()
    if integer:
        size = int(bits or 256)
        if not 8 <= size <= 256 or size % 8 or bits.startswith("0"):
            raise TypeError(f'unknown type "{text}"')
        return Type("uint" if integer == "uint" else "int", width=size)
    if word:
        return Type(_WORDS[word], dynamic=word == "string")
    if not width:
        return Type("bytes", dynamic=True)
    if not 1 <= int(width) <= 32 or width.startswith("0"):
        raise TypeError(f'unknown type "{text}"')
    return Type("fixed", width=int(width))


def _array_of(element: Type, length: str, text: str) -> Type:
    if not length:
        return Type("array", dynamic=True, element=element)
    if len(length) > 5 or not 1 <= int(length) <= _MAX_COUNT:
        raise TypeError(f'unknown type "{text}": a fixed array has 1 to {_MAX_COUNT} elements')
    count = int(length)
    return Type("array", element.dynamic, 32 if element.dynamic else count * element.size, element=element, count=count)
