"""Cron schedules: what they mean, beside another reader of them, and what is no schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.errors import InvalidTrigger
from executor.model.calendar import date_of, days_of, weekday_of
from executor.model.cron import MAX_TIME, parse_schedule

START = 1_700_000_000  # Tuesday 2023-11-14 22:13:20


def part(least: int, most: int) -> st.SearchStrategy[str]:
    """One part of a field."""
    number = st.integers(least, most)
    step = st.integers(1, 20)
    ranges = st.tuples(number, number).map(sorted)
    return st.one_of(
        st.just("*"),
        number.map(str),
        step.map(lambda each: f"*/{each}"),
        ranges.map(lambda each: f"{each[0]}-{each[1]}"),
        st.tuples(ranges.filter(lambda each: each[0] < each[1]), step).map(
            lambda each: f"{each[0][0]}-{each[0][1]}/{each[1]}"
        ),
    )


def field(least: int, most: int) -> st.SearchStrategy[str]:
    """One field: a list of parts."""
    return st.lists(part(least, most), min_size=1, max_size=3).map(",".join)


FIVE = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7))
SCHEDULES = st.one_of(FIVE, st.tuples(field(0, 59), FIVE).map(lambda each: (each[0], *each[1]))).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(SCHEDULES, st.integers(0, 4_102_444_800))
def test_another_reader_of_cron_finds_the_same_times(text: str, start: int) -> None:
    """The next three times after any moment until 2100, by cronsim (Debian's rules)."""
    other = CronSim(text, datetime.fromtimestamp(start, UTC))
    schedule, time_s = parse_schedule(text), start
    for _ in range(3):
        time_s = schedule.next_after(time_s)
        assert int(next(other).timestamp()) == time_s


@settings(max_examples=200)
@given(st.integers(0, 2_932_896))
def test_the_calendar_is_the_proleptic_gregorian(days: int) -> None:
    """Until the year 9999, against Python's own."""
    date = datetime.fromtimestamp(0, UTC).date().fromordinal(719_163 + days)
    assert (date.year, date.month, date.day) == date_of(days)
    assert days == days_of(date.year, date.month, date.day)
    assert date.isoweekday() % 7 == weekday_of(days)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", [1_700_000_040, 1_700_000_100]),
        ("* * * * * *", [1_700_000_001, 1_700_000_002]),
        ("*/20 * * * * *", [1_700_000_020, 1_700_000_040]),
        ("0 0 * * mon", [1_700_438_400, 1_701_043_200]),
        ("0 0 13 * fri", [1_700_179_200, 1_700_784_000]),  # either: Fridays the 17th and the 24th
        ("0 0 */13 * fri", [1_701_388_800, 1_709_251_200]),  # both
    ],
)
def test_schedules_mean(text: str, expected: list[int]) -> None:
    """A few by hand."""
    schedule = parse_schedule(text)
    first = schedule.next_after(START)
    assert expected == [first, schedule.next_after(first)]
    assert expected == list(schedule.between(START, expected[1]))
    assert expected[1] == schedule.nth_after(START, 2)


def test_a_leap_day_is_found_over_the_turn_of_a_century() -> None:
    """2100 is no leap year."""
    assert days_of(2104, 2, 29) * 86_400 == parse_schedule("0 0 29 2 *").next_after(days_of(2096, 2, 29) * 86_400)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "5 or 6 fields"),
        ("* * * *", "5 or 6 fields"),
        ("* * * * * * *", "5 or 6 fields"),
        ("*  * * * *", "minute ''"),
        ("60 * * * *", "minute '60'"),
        ("* 24 * * *", "hour '24'"),
        ("* * 0 * *", "day '0'"),
        ("* * * 13 *", "month '13'"),
        ("* * * * 8", "weekday '8'"),
        ("-1 * * * *", "minute"),
        ("5-1 * * * *", "upwards"),
        ("*/0 * * * *", "a step is 1 or more"),
        ("5/10 * * * *", "of a range"),
        ("1,,2 * * * *", "minute"),
        ("* * L * *", "day"),
        ("* * * JAN *", "month"),
        ("@daily", "5 or 6 fields"),
        ("٣ * * * *", "minute"),
        ("0 0 30 2 *", "names no day"),
        ("* " * 200, "characters"),
    ],
)
def test_what_is_no_schedule_is_refused(text: str, named: str) -> None:
    """By the field that is wrong."""
    with pytest.raises(InvalidTrigger, match=named):
        parse_schedule(text)


def test_time_has_an_end() -> None:
    """A made-up clock cannot make a member search for ever."""
    with pytest.raises(InvalidTrigger, match="beyond"):
        parse_schedule("0 0 1 1 *").next_after(MAX_TIME)
