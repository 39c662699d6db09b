"""Canonical JSON (RFC 8785): one value, one byte string (D7).

Rule 1. Only strings, integers within 2^53 - 1, booleans, null, arrays and objects; never a float.
Rule 2. Decoding accepts exactly the bytes that encoding produces, so nothing is accepted in two spellings.
Rule 3. Size and depth are checked before parsing: other packages raise Python's recursion limit so far that a deeply
        nested text would overflow the native stack of the parser.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, TypeAlias, TypeVar

import rfc8785
from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter, ValidationError, WithJsonSchema

from executor.errors import InvalidEncoding

T = TypeVar("T")
Json: TypeAlias = Any

MAX_INTEGER = 2**53 - 1  # RFC 8785 §3.2.2.3: what every JSON implementation agrees on
_NESTING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')  # strings are skipped whole
_ONE_BRACKET = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
MAX_DEPTH = 32  # our deepest value, a receipt, has 9 levels
# What RFC 8785 writes where no key needs UTF-16's order, in C: ten times faster than the package in Python.
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def _bytes_from_hex(value: object) -> object:
    if isinstance(value, str):
        if not value.startswith("0x"):
            raise ValueError("bytes are written as 0x-prefixed hex")
        return bytes.fromhex(value[2:])
    return value


Hex = Annotated[
    bytes,
    BeforeValidator(_bytes_from_hex),
    PlainSerializer(lambda value: "0x" + value.hex(), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^0x([0-9a-f]{2})*$"}),
]
"""Bytes of any length; JSON form 0x-prefixed lower-case hex."""

Natural = Annotated[int, Field(ge=0, le=MAX_INTEGER, strict=True)]
"""An integer in [0, 2^53 - 1]."""
Uint16 = Annotated[int, Field(ge=0, le=2**16 - 1, strict=True)]
Uint32 = Annotated[int, Field(ge=0, le=2**32 - 1, strict=True)]


def encode_json(value: Json) -> bytes:
    """Canonical bytes of a plain JSON value; raises InvalidEncoding for floats, big integers or other types."""
    if not _check(value, 0):
        return rfc8785.dumps(value)
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidEncoding(f"text that is no Unicode: {error}") from error


def decode_json(data: bytes, *, limit: int) -> Json:
    """The plain value of canonical JSON bytes of at most `limit` bytes; raises InvalidEncoding otherwise."""
    value = _parse(data, limit)
    _check_canonical(value, data)
    return value


def _parse(data: bytes, limit: int) -> Json:
    if len(data) > limit:
        raise InvalidEncoding(f"{len(data)} bytes, the limit is {limit}")
    try:
        text = data.decode("utf-8")
        check_nesting(text)
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise InvalidEncoding(f"not canonical JSON: {error}") from error


def _check_canonical(value: Json, data: bytes) -> None:
    try:
        canonical = encode_json(value)
    except (ValueError, RecursionError) as error:
        raise InvalidEncoding(f"not canonical JSON: {error}") from error
    if canonical != data:
        raise InvalidEncoding("JSON, but not in canonical form (RFC 8785)")


def check_nesting(text: str, limit: int = MAX_DEPTH) -> None:
    """Raises InvalidEncoding for JSON text nested deeper than `limit`; anything else wrong with it is the parser's."""
    parts = text.split('"')
    if len(parts) % 2 == 0 or "\\" in text:
        _count_nesting(text, limit)
        return
    brackets = "".join(parts[::2]).encode("utf-8", "replace").translate(_ONE_BRACKET, _NO_BRACKETS)
    for _ in range(limit):  # each takes the innermost pairs away: what is left of balanced ones was nested deeper
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        _count_nesting(text, limit)


def _count_nesting(text: str, limit: int) -> None:
    """The same one bracket after the other: where they are not balanced, and where a string escapes something."""
    depth = 0
    for token in _NESTING.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
                if depth > limit:
                    raise InvalidEncoding(f"nested deeper than {limit} levels")
            case "]" | "}":
                depth -= 1


def encode(value: object, kind: Any = None) -> bytes:
    """Canonical bytes of a model value; pass the union type as `kind` when the value is a member of one."""
    return encode_json(_adapter(kind or type(value)).dump_python(value, mode="json"))


def to_plain(value: object, kind: Any = None) -> Json:
    """The plain JSON value of a model value."""
    return _adapter(kind or type(value)).dump_python(value, mode="json")


def from_plain(kind: type[T] | Any, value: Json) -> T:
    """The model value of a plain JSON value; raises InvalidEncoding with the path of what is wrong."""
    try:
        return _adapter(kind).validate_python(value)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise InvalidEncoding(_explain(error)) from error


def decode(kind: type[T] | Any, data: bytes, *, limit: int) -> T:
    """The model value of canonical bytes; raises InvalidEncoding (size, form, extra fields)."""
    plain = _parse(data, limit)
    try:
        value: T = from_plain(kind, plain)
    except InvalidEncoding:
        _check_canonical(plain, data)  # whoever wrote it learns of the first thing that is wrong
        raise
    if encode(value, kind) != data:  # then it is canonical, too
        _check_canonical(plain, data)
        raise InvalidEncoding("unknown or missing fields, or a value in a second spelling")
    return value


def json_schema(kind: Any) -> dict[str, Any]:
    """JSON Schema of a model type, for publication."""
    return _adapter(kind).json_schema()


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Adapters are built on first use (building one costs milliseconds) and kept."""
    adapter = _adapters.get(kind)
    if adapter is None:
        adapter = _adapters[kind] = TypeAdapter(kind)
    return adapter


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "value"
    return f"{where}: {first['msg']}"


def _refuse_float(text: str) -> float:
    raise InvalidEncoding(f"the number {text} is no integer; agreed and signed values never hold floats")


_DECODER = json.JSONDecoder(parse_float=_refuse_float, parse_constant=_refuse_float)


def _check(value: Json, depth: int) -> bool:
    """Raises InvalidEncoding for what has no canonical form; whether all keys are ASCII, the same in every order."""
    if depth > MAX_DEPTH:
        raise InvalidEncoding(f"nested deeper than {MAX_DEPTH} levels")
    deepest = depth == MAX_DEPTH
    match value:
        case str() | None | bool():
            return True
        case int():
            if abs(value) > MAX_INTEGER:
                raise InvalidEncoding(f"the integer {value} is outside ±(2^53 - 1)")
            return True
        case list():
            ascii_keys = True
            for item in value:  # every one is checked, whatever the ones before were
                kind = type(item)
                if kind is not str and (kind is not int or deepest or abs(item) > MAX_INTEGER):
                    ascii_keys &= _check(item, depth + 1)
            return ascii_keys
        case dict():
            ascii_keys = True
            for key, item in value.items():
                if not isinstance(key, str):
                    raise InvalidEncoding("object keys are strings")
                kind = type(item)
                if kind is not str and (kind is not int or deepest or abs(item) > MAX_INTEGER):
                    ascii_keys &= _check(item, depth + 1)
                ascii_keys &= key.isascii()
            return ascii_keys
        case _:
            raise InvalidEncoding(f"{type(value).__name__} has no canonical JSON form")
