"""Aggregation: many observations of one slot become one agreed value (protocol.md, "Aggregation strategies").

Rule 1. A set is one of three cases: (a) exactly q values; (b) f + 1 errors; (c) q observations with 1 to f errors.
Rule 2. Only case (a) can agree on a value. Case (b) agrees on the errors' code if they name the same one, else on
        `observation-failed`; case (c) on `no-agreement`, because a median over a mixed set would break its bound.
Rule 3. `identical`: the value with at least q - f equal observations. `mode`: the most frequent value if at least
        f + 1 agree, the smallest bytes among equals. `median`: the lower middle, compared as exact decimals, ties by
        bytes, returned as it was observed. `fields`: each field by its own strategy; one failing field fails all.
Rule 4. The spec's default replaces every agreed error, whatever its case, as an entry of its own kind.

All pure; the order in which observations are given never matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import assert_never

from executor.errors import InvalidValue
from executor.model.codec import decode_json, encode_json
from executor.model.observation import Kind, Observation
from executor.model.profile import PROFILE
from executor.model.spec import Aggregate, Fields, Spec, Strategy, parse_spec
from executor.model.values import check_value

NO_AGREEMENT = b"no-agreement"
OBSERVATION_FAILED = b"observation-failed"


class Case(Enum):
    """Which kind of observation set an entry rests on (Rule 1)."""

    VALUES = "a"
    ERRORS = "b"
    MIXED = "c"


def case_of(observations: Sequence[Observation], n: int, f: int) -> Case:
    """The case of an observation set; raises InvalidValue for a set that is none (Rule 1)."""
    errors = sum(observation.kind is Kind.ERROR for observation in observations)
    match len(observations), errors:
        case count, 0 if count == n - f:
            return Case.VALUES
        case count, _ if count == errors == f + 1:
            return Case.ERRORS
        case count, _ if count == n - f and 1 <= errors <= f:
            return Case.MIXED
        case count, _:
            raise InvalidValue(f"{count} observations with {errors} errors are no set of n = {n}, f = {f}")


def check_observation(spec: bytes, observation: Observation) -> None:
    """Raises InvalidSpec, or InvalidValue when a value cannot take part in the spec's aggregation."""
    if observation.kind is Kind.VALUE:
        check_value(parse_spec(spec).aggregate, observation.value)


def agree(spec: bytes, observations: Sequence[Observation], n: int, f: int) -> tuple[Kind, bytes]:
    """Kind and value of the entry these observations make.

    Raises InvalidSpec, and InvalidValue for a set of no case or a value that does not fit the strategy.
    """
    parsed = parse_spec(spec)
    case = case_of(observations, n, f)
    for observation in observations:
        if observation.kind is Kind.VALUE:
            check_value(parsed.aggregate, observation.value)
    match case:
        case Case.VALUES:
            value = _aggregate(parsed.aggregate, [observation.value for observation in observations], f)
            return _error_or_default(parsed, NO_AGREEMENT) if value is None else (Kind.VALUE, value)
        case Case.ERRORS:
            codes = {observation.value for observation in observations}
            return _error_or_default(parsed, codes.pop() if len(codes) == 1 else OBSERVATION_FAILED)
        case Case.MIXED:
            return _error_or_default(parsed, NO_AGREEMENT)
        case _:
            assert_never(case)


def _error_or_default(spec: Spec, code: bytes) -> tuple[Kind, bytes]:
    if spec.default is None:
        return Kind.ERROR, code
    return Kind.DEFAULT, spec.default.encode("utf-8")


def _aggregate(aggregate: Aggregate, values: Sequence[bytes], f: int) -> bytes | None:
    match aggregate:
        case Strategy():
            return _single(aggregate, values, f)
        case Fields():
            return _fields(aggregate, values, f)
        case _:
            assert_never(aggregate)


def _single(strategy: Strategy, values: Sequence[bytes], f: int) -> bytes | None:
    match strategy:
        case Strategy.IDENTICAL:
            return _most_frequent(values, len(values) - f)
        case Strategy.MODE:
            return _most_frequent(values, f + 1)
        case Strategy.MEDIAN:
            return sorted(values, key=_decimal_then_bytes)[(len(values) - 1) // 2]
        case _:
            assert_never(strategy)


def _most_frequent(values: Sequence[bytes], needed: int) -> bytes | None:
    value, count = min(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return value if count >= needed else None


def _decimal_then_bytes(value: bytes) -> tuple[Decimal, bytes]:
    return Decimal(value.decode("ascii")), value  # Decimal compares exactly, whatever the context's precision


def _fields(fields: Fields, values: Sequence[bytes], f: int) -> bytes | None:
    objects = [decode_json(value, limit=PROFILE.ceilings.observation_bytes) for value in values]
    agreed: dict[str, str] = {}
    for name, strategy in fields.strategies:
        value = _single(strategy, [plain[name].encode("utf-8") for plain in objects], f)
        if value is None:
            return None
        agreed[name] = value.decode("utf-8")
    return encode_json(agreed)
