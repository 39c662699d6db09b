"""The calendar in UTC, as arithmetic on days since 1970-01-01: no clock, no time zone, no leap second."""

from __future__ import annotations

from typing import Final as Constant

DAY_S: Constant = 86_400
ERA_DAYS: Constant = 146_097  # 400 years, after which the Gregorian calendar repeats
EPOCH_SHIFT: Constant = 719_468  # days from 0000-03-01, where a leap day ends its year, to 1970-01-01


def days_of(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * ERA_DAYS + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - EPOCH_SHIFT


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01."""
    era, day_of_era = divmod(days + EPOCH_SHIFT, ERA_DAYS)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = (shifted + 2) % 12 + 1
    return era * 400 + year_of_era + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def weekday_of(days: int) -> int:
    """0 for Sunday to 6 for Saturday."""
    return (days + 4) % 7  # 1970-01-01 was a Thursday
