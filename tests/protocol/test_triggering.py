"""From registration and event to request: what every member derives alike, and when it is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from executor.crypto.digests import request_id
from executor.errors import InvalidTrigger, InvalidValue, VerificationFailed
from executor.model.ids import Address, Digest, FunctionId, RegistrationId
from executor.model.request import Request
from executor.model.trigger import ClockTick, HomeBlock, Origin, Registration, TriggerKind
from executor.model.trigger_config import BlockConfig, CronConfig, HttpConfig, LogConfig
from executor.model.trigger_input import HttpData, LogData
from executor.protocol.triggering import (
    End,
    Place,
    as_triggered,
    block_end,
    block_request,
    check_origin,
    clock_end,
    clock_request,
    due_blocks,
    http_end,
    http_request,
    log_end,
    log_request,
    ticks_due,
)

PLACE = Place(31337, Address(bytes([1]) * 20), 2)
HOME = HomeBlock(100, 1_700_000_010, Digest(bytes([2]) * 32))


def registration(kind: TriggerKind, input: bytes = b"own", number: int = 1) -> Registration:
    """Some registration."""
    nobody = Address(bytes(20))
    identity, function = RegistrationId(bytes([number]) * 32), FunctionId(bytes([9]) * 32)
    return Registration(identity, nobody, kind, function, nobody, 1, 50_000, bytes(10), b"{}", input)


def log(data: bytes = b"") -> LogData:
    """Some log of the home block."""
    block, transaction = Digest(bytes([3]) * 32), Digest(bytes([4]) * 32)
    return LogData(31337, Address(bytes([5]) * 20), (), data, block, 100, HOME.timestamp, transaction, 0)


def test_everything_that_differs_makes_another_request() -> None:
    """P3: registration, event, home block, epoch, chain, router, input: each is in the id."""
    cron = registration(TriggerKind.CRON)
    base = clock_request(PLACE, cron, 1_700_000_000, HOME)
    posted = HttpData(b"body", Address(bytes([6]) * 20), 1, 1_700_000_100)
    http = registration(TriggerKind.HTTP)
    requests = [
        base,
        clock_request(PLACE, cron, 1_700_000_001, HOME),
        clock_request(PLACE, registration(TriggerKind.CRON, number=2), 1_700_000_000, HOME),
        clock_request(PLACE, registration(TriggerKind.CRON, b"other"), 1_700_000_000, HOME),
        *(clock_request(each, cron, 1_700_000_000, HOME) for each in (
            replace(PLACE, epoch=3), replace(PLACE, chain_id=1), replace(PLACE, router=Address(bytes(20))))),
        *(clock_request(PLACE, cron, 1_700_000_000, each) for each in (
            replace(HOME, number=101), replace(HOME, timestamp=1_700_000_011),
            replace(HOME, parent_hash=Digest(bytes(32))))),
        block_request(PLACE, registration(TriggerKind.BLOCK), HOME),
        log_request(PLACE, registration(TriggerKind.LOG), log(), HOME),
        log_request(PLACE, registration(TriggerKind.LOG), replace(log(), log_index=1), HOME),
        log_request(PLACE, registration(TriggerKind.LOG), replace(log(), block_hash=Digest(bytes(32))), HOME),
        log_request(PLACE, registration(TriggerKind.LOG), replace(log(), data=b"1"), HOME),
        http_request(PLACE, http, posted, HOME),
        http_request(PLACE, http, replace(posted, nonce=2), HOME),
        http_request(PLACE, http, replace(posted, expires=1_700_000_101), HOME),
        http_request(PLACE, http, replace(posted, body=b""), HOME),
    ]  # fmt: skip
    assert len({request_id(request) for request in requests}) == len(requests)
    assert request_id(base) == request_id(clock_request(PLACE, registration(TriggerKind.CRON), 1_700_000_000, HOME))
    for request in requests:
        check_origin(request)


def test_what_the_id_does_not_commit_to_cannot_be_said() -> None:
    """Rule 1: a field that anyone could edit in a receipt is zero."""
    request = clock_request(PLACE, registration(TriggerKind.CRON), 1_700_000_000, HOME)
    address = Address(bytes([1]) * 20)
    for change in (
        {"nonce": 1},
        {"subscription": 1},
        {"callback_gas_limit": 1},
        {"sender": address},
        {"consumer": address},
    ):
        with pytest.raises(InvalidValue, match="commit"):
            replace(request, **change)  # type: ignore[arg-type]


def test_a_home_block_before_its_tick_is_found() -> None:
    """A context that no honest member derives, with an id that fits it."""
    with pytest.raises(VerificationFailed, match="before the time"):
        check_origin(clock_request(PLACE, registration(TriggerKind.CRON), HOME.timestamp + 1, HOME))
    with pytest.raises(VerificationFailed, match="not the context's"):
        check_origin(log_request(PLACE, registration(TriggerKind.LOG), log(), replace(HOME, number=101)))
    foreign = replace(log(), chain_id=1, block_number=7, block_timestamp=HOME.timestamp)
    check_origin(log_request(PLACE, registration(TriggerKind.LOG), foreign, HOME))
    with pytest.raises(VerificationFailed, match="before the log's block"):
        check_origin(log_request(PLACE, registration(TriggerKind.LOG), foreign, replace(HOME, timestamp=5)))


def test_a_local_run_is_triggered_by_its_input() -> None:
    """For `executor run --triggered` and `simulate`: the kind is the input's, and what the id leaves out is zero."""
    local = Request.local(FunctionId(bytes(32)), clock_request(PLACE, registration(TriggerKind.CRON), 9, HOME).input)
    made = as_triggered(replace(local, nonce=3, subscription=4))
    assert made.origin == Origin(RegistrationId(bytes(32)), ClockTick(9))
    assert (made.nonce, made.subscription, made.input) == (0, 0, local.input)
    with pytest.raises(InvalidTrigger, match="no triggered run's"):
        as_triggered(replace(local, input=b"{}"))


def test_an_event_that_is_too_large_starts_nothing() -> None:
    """A guest takes 65,536 bytes: log data is written in hex."""
    log_request(PLACE, registration(TriggerKind.LOG), log(bytes(32_000)), HOME)
    with pytest.raises(InvalidTrigger, match="a guest takes 65536"):
        log_request(PLACE, registration(TriggerKind.LOG), log(bytes(33_000)), HOME)
    longest = HttpData(bytes(16_384), Address(bytes(20)), 2**53 - 1, 2**53 - 1)
    http_request(PLACE, registration(TriggerKind.HTTP, bytes(16_000)), longest, HOME)


def test_ends_are_known_with_the_event() -> None:
    """Rule 2, for each kind."""
    cron = CronConfig(schedule="0 * * * *", lifetime_s=60)
    assert End(1_700_000_060) == clock_end(cron, cron.times, 1_700_000_000)
    late = cron.model_copy(update={"catch_up": 2})
    assert End(1_700_006_400) == clock_end(late, late.times, 1_699_999_200)
    assert End(HOME.timestamp + 60, 130) == block_end(BlockConfig(every=10, lifetime_s=60, catch_up=3), HOME)
    assert End(HOME.timestamp + 7_200) == log_end(LogConfig(addresses=["0x" + "00" * 20]), HOME)
    http = HttpConfig(signers=["0x" + "00" * 20])
    assert End(HOME.timestamp + 7_200) == http_end(http, 2**40, HOME)
    assert End(HOME.timestamp + 1) == http_end(http, HOME.timestamp + 1, HOME)
    assert [End(10, 5).is_past(*at) for at in ((10, 4), (9, 5), (10, 5))] == [False, False, True]


@given(
    st.sampled_from(["* * * * * *", "*/7 * * * *", "0 */5 * * *", "0 0 * * mon", "0 0 29 2 *"]),
    st.integers(0, 5),
    st.integers(60, 10_000),
    st.integers(0, 200_000),
    st.integers(0, 20_000),
)
@example("*/7 * * * *", 3, 60, 800, 1_800)  # three ticks lie between half and all of the time away
def test_the_ticks_due_are_those_that_are_not_over(
    text: str, catch_up: int, lifetime_s: int, away_s: int, behind_s: int
) -> None:
    """After any time away: exactly those whose end is not past, whichever way they are looked for."""
    config = CronConfig(schedule=text, catch_up=catch_up, lifetime_s=lifetime_s)
    schedule, after_s = config.times, 1_700_000_000
    until_s = after_s + away_s // 20
    now_s = until_s + behind_s
    ticks = schedule.between(after_s, until_s)
    expected = [tick for tick in ticks if not clock_end(config, schedule, tick).is_past(now_s, 0)]
    assert expected == ticks_due(config, schedule, after_s, until_s, now_s)


@given(st.integers(1, 50), st.integers(0, 200), st.integers(0, 100))
def test_blocks_strike_at_multiples(every: int, first: int, length: int) -> None:
    """Whatever ranges they are looked for in."""
    expected = [number for number in range(first, first + length) if number % every == 0]
    assert expected == list(due_blocks(BlockConfig(every=every), first, first + length - 1))
