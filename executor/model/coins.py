"""Amounts of a chain's own coin, as people write them: `1.5 ether`, `250 gwei`, `7 wei`."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from typing import Final

from executor.errors import InvalidValue

UNITS: Final = {"ether": 10**18, "gwei": 10**9, "wei": 1}
MAX_WEI: Final = 2**96 - 1  # the most that the contracts' stake and subscriptions hold
_DIGITS: Final = 78  # of 2^256: nothing is rounded
_AMOUNT: Final = re.compile(r"(\d{1,30}(?:\.\d{1,18})?) ?(ether|gwei|wei)")


def coins(wei: int) -> str:
    """An amount for people, with its unit: six digits, in ether unless that would show almost nothing."""
    unit = "ether" if wei >= 10**14 or not wei else "gwei" if wei >= 10**5 else "wei"
    return f"{_digits(wei, UNITS[unit], 6)} {unit}"


def exact(wei: int) -> str:
    """The amount as `parse_coins` takes it, to the last wei, in one word."""
    unit = "ether" if wei >= 10**9 else "wei"
    return f"{_digits(wei, UNITS[unit], _DIGITS)}{unit}"


def parse_coins(text: str) -> int:
    """Wei of `1.5 ether`, `250gwei`, `7 wei`; raises InvalidValue. A number alone is refused: of what?"""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise InvalidValue(f"{text!r} is no amount: write a number and its unit, such as 1.5ether, 250gwei or 7wei")
    with localcontext(prec=_DIGITS):
        wei = Decimal(found[1]) * UNITS[found[2]]
        if wei != wei.to_integral_value():
            raise InvalidValue(f"{text!r} is no whole number of wei")
    if wei > MAX_WEI:
        raise InvalidValue(f"{text!r} is more than the contracts can hold ({exact(MAX_WEI)})")
    return int(wei)


def _digits(wei: int, unit: int, digits: int) -> str:
    with localcontext(prec=digits):
        return f"{(Decimal(wei) / unit).normalize():f}"
