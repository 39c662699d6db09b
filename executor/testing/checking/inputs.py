"""Inputs at which functions break: boundary values in the shape of an example, and of none. Deterministic by seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, Final

from executor.model.profile import PROFILE
from executor.testing.json_text import parse_json

MAX_BYTES: Final = PROFILE.ceilings.input_bytes
WORD: Final = 32  # bytes of an ABI-encoded value

NUMBERS: Final = (
    0,
    1,
    -1,
    2,
    10,
    255,
    256,
    1000,
    2**31 - 1,
    2**31,
    2**32,
    2**53,
    2**53 + 1,
    10**18,
    2**256 - 1,
    0.5,
    -0.1,
    1e308,
)
WORDS: Final = (0, 1, 2**31, 2**53, 2**255, 2**256 - 1)
TEXTS: Final = ("", " ", "0", "-1", "a" * 300, "é漢😀", "\\u0000", "<>&'\"", "__proto__", "NaN")
PLAIN: Final = (
    b"",
    *(str(number).encode() for number in NUMBERS),
    *(b"null", b"true", b"{}", b"[]", b'""', b"NaN", b"[[]]", b'{"":0}', b"a", b"\xff\xfe", b"\x00", b"a" * 5000),
    *(value.to_bytes(WORD, "big") for value in WORDS),
    b"[" * 2000,
    b"9" * MAX_BYTES,
)
"""Tried whatever the example is."""


def boundary_inputs(examples: tuple[bytes, ...]) -> list[bytes]:
    """The fixed part: every example with each of its parts at a boundary, then what has no shape."""
    found: dict[bytes, None] = {}
    for example in examples:
        for candidate in _near(example):
            found.setdefault(candidate[:MAX_BYTES])
    return [*found, *(data for data in PLAIN if data not in found)]


def random_input(examples: tuple[bytes, ...], source: random.Random) -> bytes:
    """Some input near an example, or a plain one."""
    if not examples or source.random() < 0.2:
        return source.choice(PLAIN)
    example = source.choice(examples)
    plain = _parsed(example)
    if isinstance(plain, dict | list):
        for _ in range(source.randint(1, 3)):
            changed = source.choice(list(_changed(plain)) or [plain])
            plain = changed if isinstance(changed, dict | list) else plain
        return _text(plain)[:MAX_BYTES]
    near = list(_near(example))
    return source.choice(near)[:MAX_BYTES] if near else example


def _near(example: bytes) -> Iterator[bytes]:
    plain = _parsed(example)
    if plain is not None:
        for changed in _changed(plain):
            yield _text(changed)
    elif len(example) % WORD == 0:
        for at in range(0, len(example), WORD):
            for value in WORDS:
                yield example[:at] + value.to_bytes(WORD, "big") + example[at + WORD :]
    if example:
        yield example[: len(example) // 2]
        yield example[:-1]
        yield example + example
        yield example * max(2, min(MAX_BYTES // len(example), 100))


def _changed(value: Any) -> Iterator[Any]:
    """The JSON value with one part changed, everywhere in turn."""
    match value:
        case dict():
            for key in value:
                yield {other: item for other, item in value.items() if other != key}
            for key, item in value.items():
                for changed in _changed(item):
                    yield {**value, key: changed}
        case list():
            if value:
                yield []
                yield value[:1]
                yield value * 20
                yield _filled(value)
            for place, item in enumerate(value[:3]):
                for changed in _changed(item):
                    yield [*value[:place], changed, *value[place + 1 :]]
        case bool():
            yield not value
            yield None
        case int() | float():
            yield from NUMBERS
            yield from (None, "1", [])
        case str():
            yield from TEXTS
            if _is_number(value):
                yield from (str(number) for number in NUMBERS)
            yield from (None, 0, [])
        case _:
            yield from (0, "", [], {})


def _filled(items: list[Any]) -> list[Any]:
    """The list repeated until an input is full."""
    size = len(_text(items))
    return items * max(1, (MAX_BYTES - 200) // max(size, 1))


def _parsed(data: bytes) -> Any:
    try:
        return parse_json(data)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
