"""What an observation's value must look like under its spec's strategy (guest ABI, "The observation spec")."""

from __future__ import annotations

import re
from typing import assert_never

from executor.errors import InvalidEncoding, InvalidValue
from executor.model.codec import decode_json
from executor.model.profile import PROFILE
from executor.model.spec import Aggregate, Fields, Strategy

MAX_DIGITS = 78  # the digits of 2^256, so that every uint256 fits
DECIMAL = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def is_decimal(value: bytes) -> bool:
    """Whether `value` is a decimal string of at most 78 digits, before and after the point together."""
    if not DECIMAL.fullmatch(value):
        return False
    return len(value) - value.count(b"-") - value.count(b".") <= MAX_DIGITS


def check_value(aggregate: Aggregate, value: bytes) -> None:
    """Raises InvalidValue when `value` cannot take part in this aggregation."""
    if len(value) > PROFILE.ceilings.observation_bytes:
        raise InvalidValue(f"the value has {len(value)} bytes, the limit is {PROFILE.ceilings.observation_bytes}")
    match aggregate:
        case Strategy():
            _check_single(aggregate, value, "value")
        case Fields():
            _check_fields(aggregate, value)
        case _:
            assert_never(aggregate)


def _check_single(strategy: Strategy, value: bytes, where: str) -> None:
    match strategy:
        case Strategy.MEDIAN:
            if not is_decimal(value):
                raise InvalidValue(f"{where}: median takes a decimal string of at most {MAX_DIGITS} digits")
        case Strategy.IDENTICAL | Strategy.MODE:
            pass  # any bytes
        case _:
            assert_never(strategy)


def _check_fields(aggregate: Fields, value: bytes) -> None:
    try:
        plain = decode_json(value, limit=PROFILE.ceilings.observation_bytes)
    except InvalidEncoding as error:
        raise InvalidValue(f"fields takes a canonical JSON object: {error}") from error
    strategies = dict(aggregate.strategies)
    if not isinstance(plain, dict) or set(plain) != set(strategies):
        raise InvalidValue(f"fields takes an object with exactly the names {', '.join(sorted(strategies))}")
    for name, strategy in aggregate.strategies:
        text = plain[name]
        if not isinstance(text, str):
            raise InvalidValue(f"{name}: field values are strings")
        _check_single(strategy, text.encode("utf-8"), name)
