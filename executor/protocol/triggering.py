"""From a registration and an event to the request that every member derives alike (docs/triggers.md).

Rule 1. Context and input hold nothing that the request's id does not commit to.
Rule 2. An event can be delivered for the registration's `lifetime_s` after its home block (a clock's tick: after its
        time), and a tick that a committee may catch up until `catch_up` later ones are due, whichever is later. So the
        end is known with the event, to everybody alike, and a request that ended is never begun again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from executor.crypto.digests import http_payload_digest, keccak256
from executor.errors import InvalidEncoding, InvalidTrigger, VerificationFailed
from executor.model.cron import Schedule
from executor.model.ids import Address, RegistrationId
from executor.model.request import ZERO_ADDRESS, Request
from executor.model.trigger import (
    BlockTick,
    ClockTick,
    HomeBlock,
    HttpCall,
    LogEvent,
    Origin,
    Registration,
    TriggerEvent,
    kind_of,
)
from executor.model.trigger_config import BlockConfig, CronConfig, HttpConfig, LogConfig
from executor.model.trigger_input import (
    BlockData,
    BlockInput,
    CronData,
    CronInput,
    HttpData,
    HttpInput,
    LogData,
    LogInput,
    decode_input,
    encode_input,
)

Given: TypeAlias = LogInput | CronInput | BlockInput | HttpInput


@dataclass(frozen=True, slots=True)
class End:
    """When a triggered request is over: once the chain's finalized block has this time and this number."""

    time_s: int
    block: int = 0

    def is_past(self, time_s: int, block: int) -> bool:
        """Whether it is over with this block finalized."""
        return time_s >= self.time_s and block >= self.block


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests are delivered, and in which epoch."""

    chain_id: int
    router: Address
    epoch: int


def clock_request(place: Place, registration: Registration, scheduled_time: int, home: HomeBlock) -> Request:
    """The request of a clock's tick; `home` is the first block at or after it."""
    given = encode_input(CronInput(CronData(scheduled_time), registration.input))
    return _request(place, registration, ClockTick(scheduled_time), given, home)


def block_request(place: Place, registration: Registration, home: HomeBlock) -> Request:
    """The request of a block trigger's block."""
    given = encode_input(BlockInput(BlockData(home.number), registration.input))
    return _request(place, registration, BlockTick(home.number), given, home)


def log_request(place: Place, registration: Registration, log: LogData, home: HomeBlock) -> Request:
    """The request of a log; raises InvalidTrigger for one that is too large."""
    event = LogEvent(log.chain_id, log.block_hash, log.transaction_hash, log.log_index)
    return _request(place, registration, event, encode_input(LogInput(log, registration.input)), home)


def http_request(place: Place, registration: Registration, posted: HttpData, home: HomeBlock) -> Request:
    """The request of a POST whose payload names `home`; raises InvalidTrigger for one that is too large."""
    digest = http_payload_digest(
        place.chain_id,
        place.router,
        registration.registration_id,
        home.number,
        posted.nonce,
        posted.expires,
        posted.body,
    )
    return _request(place, registration, HttpCall(digest), encode_input(HttpInput(posted, registration.input)), home)


def clock_end(config: CronConfig, schedule: Schedule, scheduled_time: int) -> End:
    """Rule 2 for a clock's tick."""
    caught_up = schedule.nth_after(scheduled_time, config.catch_up) if config.catch_up else 0
    return End(max(scheduled_time + config.lifetime_s, caught_up))


def ticks_due(config: CronConfig, schedule: Schedule, after_s: int, until_s: int, now_s: int) -> list[int]:
    """The ticks above `after_s` and not above `until_s` that are not over when the chain's finalized time is `now_s`.

    Of a long time at most what `lifetime_s` and `catch_up` leave is looked at, however often the clock strikes.
    """
    floor = now_s - config.lifetime_s
    if config.catch_up:
        floor = min(floor, _last_ticks(schedule, config.catch_up, after_s, now_s))
    return list(schedule.between(max(after_s, floor), until_s))


def _last_ticks(schedule: Schedule, count: int, after_s: int, now_s: int) -> int:
    """The latest moment above which at least `count` ticks lie up to `now_s`; `after_s` when there are fewer."""
    span = 60
    while True:
        start = max(after_s, now_s - span)
        found = list(schedule.between(start, now_s))
        if len(found) >= count:
            return found[-count] - 1
        if start == after_s:
            return after_s
        span *= 2


def block_end(config: BlockConfig, home: HomeBlock) -> End:
    """Rule 2 for a block."""
    return End(home.timestamp + config.lifetime_s, home.number + config.catch_up * config.every)


def log_end(config: LogConfig, home: HomeBlock) -> End:
    """Rule 2 for a log."""
    return End(home.timestamp + config.lifetime_s)


def http_end(config: HttpConfig, expires: int, home: HomeBlock) -> End:
    """Rule 2 for a POST, which its signer may end earlier."""
    return End(min(home.timestamp + config.lifetime_s, expires))


def due_blocks(config: BlockConfig, first: int, last: int) -> Iterator[int]:
    """The numbers from `first` to `last` at which a block trigger strikes."""
    return iter(range(-(-first // config.every) * config.every, last + 1, config.every))


def check_origin(request: Request) -> str:
    """Whether input and event of a triggered request tell the same; what it says, for people.

    Raises VerificationFailed naming the difference. A POST's signature is not in the request: that its signer was
    authorised rests on the quorum, whose members each checked it.
    """
    origin = request.origin
    if origin is None:
        raise VerificationFailed("trigger", "no trigger made this request")
    try:
        given = decode_input(request.input)
    except InvalidEncoding as error:
        raise VerificationFailed("trigger", f"the input is no triggered run's: {error}") from error
    told, what = _told(request, origin.registration, given)
    if isinstance(given, LogInput):
        _check_log(request, given.event)
    if told != origin.event:
        raise VerificationFailed("trigger", f"the input tells of {told}, the event is {origin.event}")
    _check_home(request, told)
    return f"{kind_of(told).name.lower()}: {what}; registration {origin.registration}"


def as_triggered(request: Request) -> Request:
    """A local request as a trigger would make it (registration zero): its input is a triggered run's.

    Raises InvalidTrigger for another input.
    """
    registration = RegistrationId(bytes(32))
    try:
        event, _ = _told(request, registration, decode_input(request.input))
    except InvalidEncoding as error:
        raise InvalidTrigger(f"the input is no triggered run's (docs/triggers.md): {error}") from error
    return replace(
        request,
        nonce=0,
        sender=ZERO_ADDRESS,
        subscription=0,
        callback_gas_limit=0,
        consumer=ZERO_ADDRESS,
        origin=Origin(registration, event),
    )


def _told(request: Request, registration: RegistrationId, given: Given) -> tuple[TriggerEvent, str]:
    """The event that an input tells of, and what it is for people."""
    match given:
        case LogInput(log):
            event = LogEvent(log.chain_id, log.block_hash, log.transaction_hash, log.log_index)
            return event, f"log {log.log_index} of transaction {log.transaction_hash} on chain {log.chain_id}"
        case CronInput(CronData(scheduled_time)):
            return ClockTick(scheduled_time), f"scheduled for {scheduled_time}"
        case BlockInput(BlockData(number)):
            return BlockTick(number), f"block {number}"
        case HttpInput(HttpData(body, signer, nonce, expires)):
            place = (request.chain_id, request.router, registration)
            digest = http_payload_digest(*place, request.block_number, nonce, expires, body)
            return HttpCall(digest), f"posted by {signer}, body {keccak256(body)}"
        case _ as unreachable:
            assert_never(unreachable)


def _check_log(request: Request, log: LogData) -> None:
    own = (request.block_number, request.block_timestamp)
    if log.chain_id == request.chain_id and (log.block_number, log.block_timestamp) != own:
        raise VerificationFailed("trigger", f"the log's block {log.block_number} is not the context's")
    if request.block_timestamp < log.block_timestamp:
        raise VerificationFailed("trigger", f"block {request.block_number} is before the log's block")


def _check_home(request: Request, event: TriggerEvent) -> None:
    match event:
        case ClockTick(scheduled_time) if request.block_timestamp < scheduled_time:
            raise VerificationFailed("trigger", f"block {request.block_number} is before the time {scheduled_time}")
        case BlockTick(number) if request.block_number != number:
            raise VerificationFailed("trigger", f"block {number} struck, the context is block {request.block_number}'s")
        case _:
            pass


def _request(place: Place, registration: Registration, event: TriggerEvent, given: bytes, home: HomeBlock) -> Request:
    """Rule 1: zeros for what the id does not commit to."""
    return Request(
        chain_id=place.chain_id,
        router=place.router,
        nonce=0,
        block_number=home.number,
        block_timestamp=home.timestamp,
        parent_hash=home.parent_hash,
        sender=ZERO_ADDRESS,
        subscription=0,
        function_id=registration.function_id,
        epoch=place.epoch,
        input=given,
        callback_gas_limit=0,
        consumer=ZERO_ADDRESS,
        origin=Origin(registration.registration_id, event),
    )
