"""Aggregation: q values, at most f of them lies, become one (docs/protocol.md, "Aggregation strategies").

Rule 1. `identical`: the value with at least q - f equal observations. `mode`: the most frequent value if at least
        f + 1 agree, the smallest bytes among equals.
Rule 2. Decimals are compared exactly, equal ones by their bytes, and returned as they were observed. `median`: the
        lower middle. `min` and `max`: the (f + 1)-th from below and from above. `trimmed-mean`: without the f smallest
        and the f largest, the exact mean, rounded half to even to as many places as the kept values have at most.
Rule 3. Sets. `union`: items of at least f + 1 observations. `intersection`: of at least q - f. `frequency`: the items
        of the union, each with how many observations hold it, as an object of decimal strings.
Rule 4. Lists. `common-prefix` and `common-suffix`: the longest one that at least q - f observations begin or end with.
Rule 5. `consent`: the word yes, of q members; nothing else is a value, so that one who refuses observes an error.
Rule 6. `fields`: each field by its own strategy; one failing field fails all.
Rule 7. A value longer than an observation may be is none.

All pure; the order in which values are given never matters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias, assert_never

from executor.errors import InvalidValue
from executor.model.codec import decode_json, encode_json
from executor.model.profile import PROFILE
from executor.model.spec import Aggregate, Fields, Strategy
from executor.model.values import MAX_DIGITS, encode_items, encode_set, items_of

MAX_NAME = 64  # characters of a field's name in a reason
UNSPEAKABLE = re.compile(r"[^A-Za-z0-9_.-]")  # in a reason, "?" stands for each


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a strategy has no value."""

    reason: str


def aggregate_values(aggregate: Aggregate, values: Sequence[bytes], f: int) -> bytes | Shortfall:
    """What q values that fit the aggregation make."""
    match aggregate:
        case Strategy():
            value = _RULES[aggregate](values, f)
        case Fields():
            value = _fields(aggregate, values, f)
        case _:
            assert_never(aggregate)
    limit = PROFILE.ceilings.observation_bytes
    if isinstance(value, bytes) and len(value) > limit:
        return Shortfall(f"{aggregate_name(aggregate)} makes {len(value)} bytes, the limit is {limit}")
    return value


def aggregate_name(aggregate: Aggregate) -> str:
    """The strategy's name in a reason."""
    return aggregate.value if isinstance(aggregate, Strategy) else "fields"


def _identical(values: Sequence[bytes], f: int) -> bytes | Shortfall:
    return _most_frequent(Strategy.IDENTICAL, values, len(values) - f)


def _mode(values: Sequence[bytes], f: int) -> bytes | Shortfall:
    return _most_frequent(Strategy.MODE, values, f + 1)


def _most_frequent(strategy: Strategy, values: Sequence[bytes], needed: int) -> bytes | Shortfall:
    value, count = min(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    if count >= needed:
        return value
    return Shortfall(f"{strategy.value} needs {needed} equal of {len(values)}, had {count}")


def _median(values: Sequence[bytes], _f: int) -> bytes:
    return _ascending(values)[(len(values) - 1) // 2]


def _min(values: Sequence[bytes], f: int) -> bytes:
    return _ascending(values)[f]


def _max(values: Sequence[bytes], f: int) -> bytes:
    return _ascending(values)[-1 - f]


def _ascending(values: Sequence[bytes]) -> list[bytes]:
    # Decimal compares exactly, whatever the context's precision.
    return sorted(values, key=lambda value: (Decimal(value.decode("ascii")), value))


def _trimmed_mean(values: Sequence[bytes], f: int) -> bytes:
    kept = [value.decode("ascii") for value in _ascending(values)[f : len(values) - f]]
    places = max(len(text.partition(".")[2]) for text in kept)
    total = sum(_units(text, places) for text in kept)
    whole = abs(total) // (len(kept) * 10**places)
    # Within the digits a decimal may have; then all kept values of that size lie on the coarser grid, too.
    fewer = max(0, len(str(whole)) + places - MAX_DIGITS)
    units = _half_even(total, len(kept) * 10**fewer)
    return _decimal(units, places - fewer)


def _units(text: str, places: int) -> int:
    digits, _, fraction = text.partition(".")
    return int(digits + fraction.ljust(places, "0"))


def _half_even(numerator: int, denominator: int) -> int:
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))


def _decimal(units: int, places: int) -> bytes:
    """The decimal string of units / 10^places, without trailing zeros after the point, and zero without a sign."""
    digits = str(abs(units)).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :].rstrip("0")
    return f"{'-' if units < 0 else ''}{whole}{'.' if fraction else ''}{fraction}".encode("ascii")


def _union(values: Sequence[bytes], f: int) -> bytes:
    return encode_set(_held(values, f + 1))


def _intersection(values: Sequence[bytes], f: int) -> bytes:
    return encode_set(_held(values, len(values) - f))


def _frequency(values: Sequence[bytes], f: int) -> bytes:
    return encode_json({item: str(count) for item, count in _held(values, f + 1).items()})


def _held(values: Sequence[bytes], needed: int) -> dict[str, int]:
    """Items that at least `needed` sets hold, with how many do."""
    counts = Counter(item for value in values for item in items_of(value))
    return {item: count for item, count in counts.items() if count >= needed}


def _common_prefix(values: Sequence[bytes], f: int) -> bytes:
    return encode_items(_shared_start([items_of(value) for value in values], len(values) - f))


def _common_suffix(values: Sequence[bytes], f: int) -> bytes:
    return encode_items(_shared_start([items_of(value)[::-1] for value in values], len(values) - f)[::-1])


def _shared_start(lists: Sequence[Sequence[str]], needed: int) -> list[str]:
    """The longest list that at least `needed` begin with; one alone, for `needed` is more than half."""
    shared: list[str] = []
    while True:
        at = len(shared)
        counts = Counter(each[at] for each in lists if len(each) > at)
        item, count = max(counts.items(), key=lambda pair: pair[1], default=("", 0))
        if count < needed:
            return shared
        shared.append(item)
        lists = [each for each in lists if len(each) > at and each[at] == item]


def _single(_values: Sequence[bytes], _f: int) -> bytes:
    raise InvalidValue("single takes one member's observation and nothing of the others")


_Rule: TypeAlias = Callable[[Sequence[bytes], int], "bytes | Shortfall"]
_RULES: Mapping[Strategy, _Rule] = MappingProxyType(
    {
        Strategy.IDENTICAL: _identical,
        Strategy.MODE: _mode,
        Strategy.MEDIAN: _median,
        Strategy.MIN: _min,
        Strategy.MAX: _max,
        Strategy.TRIMMED_MEAN: _trimmed_mean,
        Strategy.UNION: _union,
        Strategy.INTERSECTION: _intersection,
        Strategy.FREQUENCY: _frequency,
        Strategy.COMMON_PREFIX: _common_prefix,
        Strategy.COMMON_SUFFIX: _common_suffix,
        Strategy.SINGLE: _single,
        Strategy.CONSENT: _identical,
    }
)


def _fields(fields: Fields, values: Sequence[bytes], f: int) -> bytes | Shortfall:
    objects = [decode_json(value, limit=PROFILE.ceilings.observation_bytes) for value in values]
    agreed: dict[str, str] = {}
    for name, strategy in fields.strategies:
        value = aggregate_values(strategy, [plain[name].encode("utf-8") for plain in objects], f)
        if isinstance(value, Shortfall):
            return Shortfall(f"{UNSPEAKABLE.sub('?', name)[:MAX_NAME]}: {value.reason}")
        agreed[name] = value.decode("utf-8")
    return encode_json(agreed)
