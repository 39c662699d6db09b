"""Observation specs: how the committee's values for one slot become one (guest ABI, "The observation spec")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from executor.errors import InvalidEncoding, InvalidSpec
from executor.model.codec import decode_json
from executor.model.profile import PROFILE

MAX_LABEL = 64
MAX_FIELDS = 32


class Strategy(StrEnum):
    """Aggregation of one value from each member; what liars can do to each: docs/protocol.md."""

    IDENTICAL = "identical"
    MODE = "mode"
    MEDIAN = "median"
    MIN = "min"
    MAX = "max"
    TRIMMED_MEAN = "trimmed-mean"
    UNION = "union"
    INTERSECTION = "intersection"
    FREQUENCY = "frequency"
    COMMON_PREFIX = "common-prefix"
    COMMON_SUFFIX = "common-suffix"
    SINGLE = "single"
    CONSENT = "consent"


class Form(Enum):
    """What an observed value looks like."""

    BYTES = "any bytes"
    YES = "the word yes"
    DECIMAL = "a decimal string"
    SET = "a canonical JSON array of strings, sorted by UTF-16 code units, each once"
    LIST = "a canonical JSON array of strings"


FORMS: Mapping[Strategy, Form] = MappingProxyType(
    {
        Strategy.IDENTICAL: Form.BYTES,
        Strategy.MODE: Form.BYTES,
        Strategy.MEDIAN: Form.DECIMAL,
        Strategy.MIN: Form.DECIMAL,
        Strategy.MAX: Form.DECIMAL,
        Strategy.TRIMMED_MEAN: Form.DECIMAL,
        Strategy.UNION: Form.SET,
        Strategy.INTERSECTION: Form.SET,
        Strategy.FREQUENCY: Form.SET,
        Strategy.COMMON_PREFIX: Form.LIST,
        Strategy.COMMON_SUFFIX: Form.LIST,
        Strategy.SINGLE: Form.BYTES,
        Strategy.CONSENT: Form.YES,
    }
)


@dataclass(frozen=True, slots=True)
class Fields:
    """An object whose fields are aggregated one by one, in the order of their names."""

    strategies: tuple[tuple[str, Strategy], ...]


Aggregate: TypeAlias = Strategy | Fields


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed spec; `default` is the value that replaces every agreed error."""

    aggregate: Aggregate
    label: str
    default: str | None

    @property
    def alone(self) -> bool:
        """Whether one member looks for all (docs/protocol.md, "Single")."""
        return self.aggregate is Strategy.SINGLE


@lru_cache(maxsize=64)  # every observation of a slot is checked against its spec, of at most 4 kB
def parse_spec(data: bytes) -> Spec:
    """The spec in canonical JSON bytes; raises InvalidSpec."""
    try:
        plain = decode_json(data, limit=PROFILE.ceilings.spec_bytes)
    except InvalidEncoding as error:
        raise InvalidSpec(f"observation spec: {error}") from error
    if not isinstance(plain, dict):
        raise InvalidSpec("observation spec: not an object")
    if unknown := sorted(set(plain) - {"aggregate", "label", "default"}):
        raise InvalidSpec(f"observation spec: unknown key {unknown[0]!r}")
    label, default = plain.get("label", ""), plain.get("default")
    if not isinstance(label, str) or len(label) > MAX_LABEL:
        raise InvalidSpec(f"observation spec: label is a string of at most {MAX_LABEL} characters")
    if "default" in plain and not isinstance(default, str):
        raise InvalidSpec("observation spec: default is a string")
    return Spec(_aggregate(plain.get("aggregate")), label, default)


def _aggregate(plain: object) -> Aggregate:
    match plain:
        case str():
            return _strategy(plain)
        case {"fields": dict(fields), **others} if not others:
            if not 0 < len(fields) <= MAX_FIELDS:
                raise InvalidSpec(f"observation spec: fields has 1 to {MAX_FIELDS} members")
            return Fields(tuple((name, _of_a_field(fields[name])) for name in sorted(fields)))
        case _:
            raise InvalidSpec('observation spec: aggregate is a strategy or {"fields": {name: strategy}}')


def _of_a_field(plain: object) -> Strategy:
    strategy = _strategy(plain)
    if strategy is Strategy.SINGLE:  # who looks is decided for a whole observation
        raise InvalidSpec("observation spec: single stands for a whole observation, not for one of its fields")
    return strategy


def _strategy(plain: object) -> Strategy:
    try:
        return Strategy(plain)  # type: ignore[arg-type]  # any object may be asked for
    except ValueError:
        raise InvalidSpec(f"observation spec: unknown strategy {plain!r}; known: {', '.join(Strategy)}") from None
