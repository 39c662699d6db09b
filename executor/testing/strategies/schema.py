"""A generator for the part of JSON Schema (2020-12) that describes inputs; what it does not know it refuses by name.

Rule 1. Every keyword is in one of the tables below; a schema with any other raises InvalidValue.
Rule 2. Branches of `oneOf` are taken to exclude each other. `additionalProperties` are never generated.
Rule 3. References go into the schema itself (`#/…`) and may be recursive where the schema lets the recursion end.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from executor.errors import InvalidValue

Schema: TypeAlias = "Mapping[str, Any] | bool"
Values: TypeAlias = "st.SearchStrategy[Any]"
MAX_SIZE: Final = 8  # of lists and texts without a maximum, beyond their minimum
WORDS: Final = frozenset(
    {"$schema", "$id", "$defs", "$comment", "definitions", "title", "description", "default", "examples"}
    | {"deprecated", "readOnly", "writeOnly"}
)
_KEYWORDS: Final = {
    "null": frozenset[str](),
    "boolean": frozenset[str](),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"properties", "required", "additionalProperties"}),
}
_CHOICES: Final = ("const", "enum", "anyOf", "oneOf", "$ref")
_ANYTHING: Final = st.one_of(st.none(), st.booleans(), st.integers(-1_000, 1_000), st.text(max_size=MAX_SIZE))


def from_schema(schema: Schema) -> Values:
    """JSON values that a schema allows; raises InvalidValue for what this generator does not know."""
    return _Generator(schema).values(schema, "schema")


class _Generator:
    """Strategies of one schema, and those of its references once they were met."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._references: dict[str, Values] = {}

    def values(self, schema: Schema, where: str) -> Values:
        if schema is True:
            return _ANYTHING
        if not isinstance(schema, Mapping):
            raise InvalidValue(f"{where}: a schema that allows something is an object or true")
        for word in _CHOICES:
            if word in schema:
                self._refuse_others(schema, {word, "type"}, where)
                return self._choice(word, schema[word], where)
        kinds = schema["type"] if "type" in schema else _implied(schema, where)
        names = [kinds] if isinstance(kinds, str) else list(kinds)
        if unknown := [name for name in names if name not in _KEYWORDS]:
            raise InvalidValue(f"{where}: there is no type {unknown[0]!r}")
        self._refuse_others(schema, {"type"}.union(*(_KEYWORDS[name] for name in names)), where)
        makers = _makers(self)
        return st.one_of([makers[name](schema, where) for name in names])

    def _choice(self, word: str, value: Any, where: str) -> Values:
        match word:
            case "const":
                return st.just(value)
            case "enum":
                return st.sampled_from(list(value))
            case "$ref":
                return self._reference(str(value), where)
            case _:
                return st.one_of([self.values(each, f"{where}.{word}") for each in value])

    def _reference(self, name: str, where: str) -> Values:
        if name not in self._references:
            target: Any = self._root
            for part in name.removeprefix("#").strip("/").split("/") if name != "#" else ():
                part = part.replace("~1", "/").replace("~0", "~")
                if not name.startswith("#") or not isinstance(target, Mapping) or part not in target:
                    raise InvalidValue(f"{where}: {name} is nowhere in this schema")
                target = target[part]
            self._references[name] = st.deferred(lambda: made)
            made = self.values(target, name)
        return self._references[name]

    def object(self, schema: Mapping[str, Any], where: str) -> Values:
        properties, required = schema.get("properties", {}), set(schema.get("required", ()))
        made = {name: self.values(each, f"{where}.{name}") for name, each in properties.items() if each is not False}
        made |= dict.fromkeys(sorted(required - set(properties)), _ANYTHING)
        return st.fixed_dictionaries(
            {name: each for name, each in made.items() if name in required},
            optional={name: each for name, each in made.items() if name not in required},
        )

    def array(self, schema: Mapping[str, Any], where: str) -> Values:
        first = [self.values(each, f"{where}[{at}]") for at, each in enumerate(schema.get("prefixItems", ()))]
        rest, least = schema.get("items", True), int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, len(first)) + MAX_SIZE))
        least_rest = max(0, least - len(first))
        if rest is False or most <= len(first):
            tail: Values = st.just([])
        else:
            unique = _identity if schema.get("uniqueItems") else None
            tail = st.lists(
                self.values(rest, f"{where}[]"), min_size=least_rest, max_size=most - len(first), unique_by=unique
            )
        whole = st.tuples(st.tuples(*first[:most]), tail).map(lambda parts: [*parts[0], *parts[1]])
        if first and schema.get("uniqueItems"):
            return whole.filter(lambda items: len({_identity(item) for item in items}) == len(items))
        return whole

    @staticmethod
    def _refuse_others(schema: Mapping[str, Any], known: set[str], where: str) -> None:
        if unknown := sorted(set(schema) - known - WORDS):
            raise InvalidValue(f"{where}: this generator does not know {unknown[0]!r} there; write an example instead")


def _makers(generator: _Generator) -> dict[str, Callable[[Mapping[str, Any], str], Values]]:
    return {
        "null": lambda *_: st.none(),
        "boolean": lambda *_: st.booleans(),
        "integer": _integers,
        "number": _numbers,
        "string": _strings,
        "array": generator.array,
        "object": generator.object,
    }


def _implied(schema: Mapping[str, Any], where: str) -> list[str] | str:
    """The type that a schema without `type` speaks of."""
    words = set(schema) - WORDS
    if not words:
        return list(_KEYWORDS)
    for name in ("object", "array", "string", "number"):
        if words <= _KEYWORDS[name]:
            return name
    raise InvalidValue(f"{where}: this generator cannot tell what {', '.join(map(repr, sorted(words)))} are about")


def _integers(schema: Mapping[str, Any], where: str) -> Values:
    step = schema.get("multipleOf", 1)
    if not isinstance(step, int) or step < 1:
        raise InvalidValue(f"{where}: this generator knows whole multiples only")
    low, high = schema.get("minimum"), schema.get("maximum")
    least = None if low is None else math.ceil(low / step)
    most = None if high is None else high // step
    if (above := schema.get("exclusiveMinimum")) is not None:
        least = max(above // step + 1, least if least is not None else above // step + 1)
    if (below := schema.get("exclusiveMaximum")) is not None:
        most = min(math.ceil(below / step) - 1, most if most is not None else math.ceil(below / step) - 1)
    return st.integers(None if least is None else int(least), None if most is None else int(most)).map(
        lambda value: value * step
    )


def _numbers(schema: Mapping[str, Any], _where: str) -> Values:
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    low, high = schema.get("minimum", above), schema.get("maximum", below)
    made = st.floats(low, high, allow_nan=False, allow_infinity=False)
    return made.filter(lambda value: (above is None or value > above) and (below is None or value < below))


def _strings(schema: Mapping[str, Any], where: str) -> Values:
    least = int(schema.get("minLength", 0))
    most = int(schema.get("maxLength", least + MAX_SIZE))
    if "format" in schema:
        made = _FORMATS.get(schema["format"])
        if made is None:
            raise InvalidValue(f"{where}: this generator knows the formats {', '.join(sorted(_FORMATS))}")
    elif "pattern" in schema:
        made = st.from_regex(schema["pattern"]).filter(lambda text: not text.endswith("\n"))  # `$` is the very end
        most = int(schema.get("maxLength", 1_000))
    else:
        return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most)
    limits = {"minLength", "maxLength"} & set(schema)
    return made.filter(lambda text: least <= len(text) <= most) if limits else made


def _identity(value: Any) -> str:
    """Equal exactly for what JSON Schema calls equal numbers, texts and values."""
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value, sort_keys=True)


_FORMATS: Final[dict[str, st.SearchStrategy[str]]] = {
    "date": st.dates().map(lambda day: day.isoformat()),
    "date-time": st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='seconds')}Z"),
    "uuid": st.uuids().map(str),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
    "email": st.from_regex(r"\A[a-z]{1,8}@[a-z]{1,8}\.example\Z"),
    "uri": st.from_regex(r"\Ahttps://[a-z]{1,8}\.example/[a-z0-9]{0,8}\Z"),
}
