"""What an observation's value must look like under its spec's strategy (guest ABI, "The observation spec")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from executor.errors import InvalidEncoding, InvalidValue
from executor.model.codec import decode_json, encode_json
from executor.model.profile import PROFILE
from executor.model.spec import FORMS, Aggregate, Fields, Form, Strategy

YES = b"yes"  # all that a member can consent with; who does not observes an error
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


def items_of(value: bytes) -> list[str]:
    """The strings of a set or list; raises InvalidValue for anything but a canonical JSON array of strings."""
    try:
        plain = decode_json(value, limit=PROFILE.ceilings.observation_bytes)
    except InvalidEncoding as error:
        raise InvalidValue(f"not a canonical JSON array of strings: {error}") from error
    if not isinstance(plain, list) or not all(isinstance(item, str) for item in plain):
        raise InvalidValue("not a canonical JSON array of strings")
    return plain


def encode_items(items: Iterable[str]) -> bytes:
    """The value of a list."""
    return encode_json(list(items))


def encode_set(items: Iterable[str]) -> bytes:
    """The value of a set: each item once, in the order of UTF-16 code units (as RFC 8785 sorts an object's keys)."""
    return encode_items(sorted(set(items), key=_utf_16))


def _utf_16(text: str) -> bytes:
    return text.encode("utf-16-be")


def _check_single(strategy: Strategy, value: bytes, where: str) -> None:
    match FORMS[strategy]:
        case Form.BYTES:
            pass
        case Form.YES:
            if value != YES:
                raise InvalidValue(f"{where}: {strategy.value} takes {FORMS[strategy].value}")
        case Form.DECIMAL:
            if not is_decimal(value):
                raise InvalidValue(f"{where}: {strategy.value} takes a decimal string of at most {MAX_DIGITS} digits")
        case Form.SET | Form.LIST as form:
            try:
                items = items_of(value)
            except InvalidValue as error:
                raise InvalidValue(f"{where}: {strategy.value} takes {form.value}: {error}") from error
            if form is Form.SET and encode_set(items) != value:
                raise InvalidValue(f"{where}: {strategy.value} takes {form.value}")
        case form:
            assert_never(form)


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
