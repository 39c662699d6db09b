"""Cron schedules, in UTC.

Rule 1. Five fields (minute, hour, day, month, weekday), or six with the second first; without it the second is 0.
Rule 2. A field is a list of `*`, `N`, `N-M`, `*/K` and `N-M/K`, joined by commas; months and weekdays also by their
        first three letters. Weekday 0 and 7 are Sunday. Nothing else is written: no `L`, `W`, `#`, `?`, no names.
Rule 3. When neither day nor weekday begins with `*`, a day that fits either is meant; else it must fit both.
Rule 4. A schedule that names no day of the 48 years after 1970 is refused: it names none ever (40 years at most lie
        between two Mondays that are a leap day).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final as Constant

from executor.errors import InvalidTrigger
from executor.model.calendar import DAY_S, date_of, days_of, weekday_of

MAX_TEXT: Constant = 256  # six fields that list some thirty numbers each
SEARCHED_YEARS: Constant = 48
MAX_TIME: Constant = 2**40  # 34,000 years on: beyond it nothing is scheduled
_MONTHS: Constant = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Constant = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Constant[tuple[tuple[str, int, int, dict[str, int]], ...]] = (
    ("second", 0, 59, {}),
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("weekday", 0, 7, {name: number for number, name in enumerate(_WEEKDAYS)}),
)
_PART: Constant = re.compile(
    r"(?:\*|(?P<first>[0-9]{1,2}|[a-z]{3})(?:-(?P<last>[0-9]{1,2}|[a-z]{3}))?)(?:/(?P<step>[0-9]{1,2}))?"
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a clock strikes; `either` is Rule 3."""

    seconds_of_day: tuple[int, ...]
    days: frozenset[int]
    months: tuple[int, ...]
    weekdays: frozenset[int]
    either: bool

    def next_after(self, time_s: int) -> int:
        """The first scheduled second after `time_s`; raises InvalidTrigger beyond MAX_TIME."""
        days, second = divmod(time_s + 1, DAY_S)
        if self._fits(days) and (place := bisect_left(self.seconds_of_day, second)) < len(self.seconds_of_day):
            return days * DAY_S + self.seconds_of_day[place]
        return self._next_day(days + 1) * DAY_S + self.seconds_of_day[0]

    def between(self, after_s: int, until_s: int) -> Iterator[int]:
        """The scheduled seconds above `after_s` and not above `until_s`."""
        time_s = self.next_after(after_s)
        while time_s <= until_s:
            yield time_s
            time_s = self.next_after(time_s)

    def nth_after(self, time_s: int, count: int) -> int:
        """The `count`-th scheduled second after `time_s`; `time_s` itself for 0."""
        for _ in range(count):
            time_s = self.next_after(time_s)
        return time_s

    def _next_day(self, days: int) -> int:
        if days * DAY_S > MAX_TIME:
            raise InvalidTrigger("schedule: a time beyond what clocks of this protocol tell")
        year, month, _ = date_of(days)
        last = days_of(year + SEARCHED_YEARS, 1, 1)
        while days < last:
            year, month, _ = date_of(days)
            if month not in self.months:
                days = days_of(year + month // 12, month % 12 + 1, 1)
            elif self._fits(days):
                return days
            else:
                days += 1
        raise InvalidTrigger(f"schedule: it names no day within {SEARCHED_YEARS} years")

    def _fits(self, days: int) -> bool:
        _, month, day = date_of(days)
        if month not in self.months:
            return False
        by_day, by_weekday = day in self.days, weekday_of(days) in self.weekdays
        return by_day or by_weekday if self.either else by_day and by_weekday


def parse_schedule(text: str) -> Schedule:
    """The schedule written in `text`; raises InvalidTrigger naming the field."""
    if len(text) > MAX_TEXT:
        raise InvalidTrigger(f"schedule: {len(text)} characters, the limit is {MAX_TEXT}")
    fields = text.split(" ")
    if len(fields) not in (5, 6):
        raise InvalidTrigger("schedule: 5 or 6 fields with one space between, minute (or second) first")
    fields = ["0"] * (6 - len(fields)) + fields
    seconds, minutes, hours, days, months, weekdays = (
        _numbers(written, *field) for written, field in zip(fields, _FIELDS, strict=True)
    )
    times = [hour * 3_600 + minute * 60 + second for hour in hours for minute in minutes for second in seconds]
    either = not fields[3].startswith("*") and not fields[5].startswith("*")
    schedule = Schedule(tuple(times), frozenset(days), months, frozenset(day % 7 for day in weekdays), either)
    schedule.next_after(0)  # Rule 4
    return schedule


def _numbers(written: str, field: str, least: int, most: int, names: dict[str, int]) -> tuple[int, ...]:
    found: set[int] = set()
    for part in written.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise InvalidTrigger(f"schedule: {field} {part!r} is not *, N, N-M, */K or N-M/K")
        first, last = least, most
        if match["first"] is not None:
            first = _number(match["first"], field, least, most, names)
            last = first if match["last"] is None else _number(match["last"], field, least, most, names)
        step = 1 if match["step"] is None else int(match["step"])
        if step == 0 or first > last or (match["step"] is not None and "-" not in part and part[0] != "*"):
            raise InvalidTrigger(
                f"schedule: {field} {part!r}: a range goes upwards, a step is 1 or more and of a range"
            )
        found.update(range(first, last + 1, step))
    return tuple(sorted(found))


def _number(text: str, field: str, least: int, most: int, names: dict[str, int]) -> int:
    number = int(text) if text.isdigit() else names.get(text, -1)
    if not least <= number <= most:
        raise InvalidTrigger(f"schedule: {field} {text!r} is not from {least} to {most}")
    return number
