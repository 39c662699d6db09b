"""Exact decimals: agreed numbers are `decimal.Decimal`, and what contracts take are scaled integers.

The default context has 78 digits, as many as an agreed number, so that sums, differences and products of up to that
many are exact; what has more (most quotients) is rounded there, as anywhere in Python.
"""

from __future__ import annotations

import decimal
import re
from decimal import Decimal
from typing import Literal, TypeAlias

Number: TypeAlias = Decimal | int | float | str
Rounding: TypeAlias = Literal["trunc", "floor", "ceil", "half-up", "half-even", "exact"]
MAX_DIGITS = 78  # docs/wire.md: agreed decimals are at most this long
MAX_PLACES = 1100
TEXT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")  # the decimals of the protocol

# The longest double written out has 309 digits before the point and 1,074 after.
_EXACT = decimal.Context(prec=6000, traps=[decimal.InvalidOperation], Emin=-9999, Emax=9999)
_ROUNDINGS = {
    "trunc": decimal.ROUND_DOWN,
    "floor": decimal.ROUND_FLOOR,
    "ceil": decimal.ROUND_CEILING,
    "half-up": decimal.ROUND_HALF_UP,
    "half-even": decimal.ROUND_HALF_EVEN,
    "exact": decimal.ROUND_DOWN,
}


def decimal_of(value: Number) -> Decimal:
    """Exactly: floats as their shortest form says, text in plain notation; zero has no sign."""
    if isinstance(value, str):
        if not TEXT.fullmatch(value):
            raise ValueError(f"not a decimal: {value[:80]!r}")
        found = Decimal(value)
    elif isinstance(value, float):
        found = Decimal(repr(value))
    elif isinstance(value, (Decimal, int)) and not isinstance(value, bool):
        found = Decimal(value)
    else:
        raise TypeError(f"not a number: {type(value).__name__}")
    if not found.is_finite():
        raise ValueError(f"not a decimal: {found}")
    return found.copy_abs() if found.is_zero() else found


def plain(value: Number) -> str:
    """A number as the protocol writes it: no exponent; digits behind the point stay, but for a float's `.0`."""
    found = decimal_of(value)
    if isinstance(value, float) and found == found.to_integral_value(context=_EXACT):
        return str(int(value))
    return format(found, "f")


def rounded(value: Number, places: int, rounding: Rounding = "half-even") -> Decimal:
    """The value with so many digits after the point; "exact" raises ValueError if anything would be lost."""
    _check(places, rounding)
    found = decimal_of(value)
    result = found.quantize(Decimal((0, (1,), -places)), rounding=_ROUNDINGS[rounding], context=_EXACT)
    if rounding == "exact" and result != found:
        raise ValueError(f"digits would be lost: {found} has more than {places} after the point")
    return result.copy_abs() if result.is_zero() else result


def scaled(value: Number, places: int, rounding: Rounding = "trunc") -> int:
    """The value times 10**places as an int, which is what contracts want; digits beyond are cut off by default."""
    return int(rounded(value, places, rounding).scaleb(places, context=_EXACT))


def _check(places: int, rounding: str) -> None:
    if isinstance(places, bool) or not isinstance(places, int) or not 0 <= places <= MAX_PLACES:
        raise ValueError(f"places must be 0 to {MAX_PLACES}, not {places!r}")
    if rounding not in _ROUNDINGS:
        raise ValueError(f"unknown rounding {rounding!r}: use {', '.join(_ROUNDINGS)}")
