"""Aggregation: many observations of one slot become one agreed value (protocol.md, "Aggregation strategies").

Rule 1. A set is one of three cases: (a) exactly q values; (b) f + 1 errors; (c) q observations with 1 to f errors.
Rule 2. Only case (a) can agree on a value. Case (b) agrees on the errors' code if they name the same one, else on
        `observation-failed`; case (c) on `no-agreement`, because a median over a mixed set would break its bound.
Rule 3. `identical`: the value with at least q - f equal observations. `mode`: the most frequent value if at least
        f + 1 agree, the smallest bytes among equals. `median`: the lower middle, compared as exact decimals, ties by
        bytes, returned as it was observed. `fields`: each field by its own strategy; one failing field fails all.
Rule 4. The spec's default replaces every agreed error, whatever its case, as an entry of its own kind.
Rule 5. An error of the committee's own says why after its code: the strategy and how many, and nothing a node wrote.

All pure; the order in which observations are given never matters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
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
MAX_NAME = 64  # characters of a field's name in a reason
UNSPEAKABLE = re.compile(r"[^A-Za-z0-9_.-]")  # in a reason, "?" stands for each


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
            if isinstance(value, Shortfall):
                return _error_or_default(parsed, value.error)
            return Kind.VALUE, value
        case Case.ERRORS:
            codes = {observation.value for observation in observations}
            differing = OBSERVATION_FAILED + f": {f + 1} of {n} nodes failed, in {len(codes)} ways".encode()
            return _error_or_default(parsed, codes.pop() if len(codes) == 1 else differing)
        case Case.MIXED:
            errors = sum(observation.kind is Kind.ERROR for observation in observations)
            short = f"{_name(parsed.aggregate)} needs {n - f} values, had {n - f - errors}"
            return _error_or_default(parsed, Shortfall(short).error)
        case _:
            assert_never(case)


def error_code(error: bytes) -> bytes:
    """The code of an agreed error, without its reason."""
    return error.partition(b": ")[0]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a strategy has no value."""

    reason: str

    @property
    def error(self) -> bytes:
        """The agreed error that says so."""
        return NO_AGREEMENT + b": " + self.reason.encode("ascii")


def _name(aggregate: Aggregate) -> str:
    return aggregate.value if isinstance(aggregate, Strategy) else "fields"


def _error_or_default(spec: Spec, error: bytes) -> tuple[Kind, bytes]:
    if spec.default is None:
        return Kind.ERROR, error
    return Kind.DEFAULT, spec.default.encode("utf-8")


def _aggregate(aggregate: Aggregate, values: Sequence[bytes], f: int) -> bytes | Shortfall:
    match aggregate:
        case Strategy():
            return _single(aggregate, values, f)
        case Fields():
            return _fields(aggregate, values, f)
        case _:
            assert_never(aggregate)


def _single(strategy: Strategy, values: Sequence[bytes], f: int) -> bytes | Shortfall:
    match strategy:
        case Strategy.IDENTICAL:
            return _most_frequent(strategy, values, len(values) - f)
        case Strategy.MODE:
            return _most_frequent(strategy, values, f + 1)
        case Strategy.MEDIAN:
            return sorted(values, key=_decimal_then_bytes)[(len(values) - 1) // 2]
        case _:
            assert_never(strategy)


def _most_frequent(strategy: Strategy, values: Sequence[bytes], needed: int) -> bytes | Shortfall:
    value, count = min(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    if count >= needed:
        return value
    return Shortfall(f"{strategy.value} needs {needed} equal of {len(values)}, had {count}")


def _decimal_then_bytes(value: bytes) -> tuple[Decimal, bytes]:
    return Decimal(value.decode("ascii")), value  # Decimal compares exactly, whatever the context's precision


def _fields(fields: Fields, values: Sequence[bytes], f: int) -> bytes | Shortfall:
    objects = [decode_json(value, limit=PROFILE.ceilings.observation_bytes) for value in values]
    agreed: dict[str, str] = {}
    for name, strategy in fields.strategies:
        value = _single(strategy, [plain[name].encode("utf-8") for plain in objects], f)
        if isinstance(value, Shortfall):
            return Shortfall(f"{UNSPEAKABLE.sub('?', name)[:MAX_NAME]}: {value.reason}")
        agreed[name] = value.decode("utf-8")
    return encode_json(agreed)
