"""What a scenario's triggers are triggered by, and the request that a member derives from it (docs/triggers.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from executor.crypto.digests import keccak256
from executor.model.committee import Epoch
from executor.model.ids import Address, FunctionId, RegistrationId
from executor.model.request import ZERO_ADDRESS, Request
from executor.model.trigger import HomeBlock, Registration, TriggerKind
from executor.model.trigger_config import BlockConfig, CronConfig, HttpConfig, LogConfig
from executor.model.trigger_input import HttpData, LogData
from executor.protocol.triggering import (
    End,
    Place,
    block_end,
    block_request,
    clock_end,
    clock_request,
    due_blocks,
    http_end,
    http_request,
    log_end,
    log_request,
    ticks_due,
)
from executor.testing.simulator.home import FINAL_BLOCKS, Home
from executor.testing.simulator.scenario import MAX_LASTS_S, Asked

MIN_LIFETIME_S: Final = 60  # of a registration: what lasts less is that old when it is read
KINDS: Final = {
    "log": TriggerKind.LOG,
    "clock": TriggerKind.CRON,
    "block": TriggerKind.BLOCK,
    "http": TriggerKind.HTTP,
}
SOMEBODY: Final = Address(b"\x05" * 20)


@dataclass(frozen=True, slots=True)
class Event:
    """The event number so many of a scenario, read from `at_s` on; `home` is its block's number.

    `ends_s` says when it is over, worked out apart from executor/protocol/triggering.py.
    """

    number: int
    kind: str
    function: FunctionId
    at_s: float
    home: int
    lifetime_s: int
    expires: int
    ends_s: float

    def begin(self, epoch: Epoch, home: Home, branch: int, final: HomeBlock) -> tuple[Request, End] | None:
        """What a member makes of it that has read up to `final`: request and end, or nothing that is still due."""
        place = Place(epoch.chain_id, epoch.router, epoch.number)
        block, registration = home.block(self.home, branch), self._registration()
        match self.kind:
            case "clock":
                return self._tick(place, registration, home, final)
            case "block":
                every = BlockConfig(every=1, lifetime_s=self.lifetime_s)
                if self.home not in due_blocks(every, self.home - 5, self.home):
                    return None
                return block_request(place, registration, block), block_end(every, block)
            case "log":
                transaction = keccak256(b"transaction %d" % self.number)
                here = (block.parent_hash, block.number, block.timestamp)  # stands for the block's own hash, too
                log = LogData(epoch.chain_id, SOMEBODY, (), b"", *here, transaction, 0)
                config = LogConfig(addresses=[str(SOMEBODY)], lifetime_s=self.lifetime_s)
                return log_request(place, registration, log, block), log_end(config, block)
            case _:
                posted = HttpData(b"body", SOMEBODY, self.number, self.expires)
                signed_by = HttpConfig(signers=[str(SOMEBODY)], lifetime_s=self.lifetime_s)
                return http_request(place, registration, posted, block), http_end(signed_by, self.expires, block)

    def _tick(
        self, place: Place, registration: Registration, home: Home, final: HomeBlock
    ) -> tuple[Request, End] | None:
        strikes = home.block(self.home).timestamp - 1
        config = CronConfig(schedule=f"{strikes % 60} {strikes // 60 % 60} * * * *", lifetime_s=self.lifetime_s)
        for time_s in ticks_due(config, config.times, strikes - 10, strikes + 1, final.timestamp):
            block = home.block(home.first_at(time_s))
            return clock_request(place, registration, time_s, block), clock_end(config, config.times, time_s)
        return None

    def _registration(self) -> Registration:
        identity = RegistrationId(bytes([self.number + 1]) * 32)
        return Registration(
            identity, ZERO_ADDRESS, KINDS[self.kind], self.function, None, 1, 50_000, bytes(10), b"", b"own"
        )


def event_of(number: int, asked: Asked, function: FunctionId, home: Home, at_s: float) -> Event:
    """The event that a scenario has for its request number so many; a POST's signer lets it last, others are old."""
    posted, expires = asked.trigger == "http", int(at_s) + asked.lasts_s
    lifetime_s = 2 * MAX_LASTS_S if posted else max(MIN_LIFETIME_S, asked.lasts_s)
    age_s = 0 if posted else lifetime_s - asked.lasts_s
    block = home.head(at_s - age_s) - (0 if asked.trigger == "log" else FINAL_BLOCKS)
    over_s = home.block(block).timestamp + lifetime_s - (asked.trigger == "clock")
    ends_s = min(over_s, expires) if posted else over_s
    return Event(number, asked.trigger, function, at_s, block, lifetime_s, expires, ends_s)
