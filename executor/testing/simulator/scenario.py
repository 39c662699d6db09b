"""A schedule as a value: everything that decides what happens in a simulated run. Its repr is code that replays it.

Times are whole milliseconds after the start. Before `stable_ms` network and chain do as the scenario says, nodes crash,
clocks are off; from then on each message arrives within MAX_DELAY_MS, each clock is within MAX_SKEW_MS, nobody crashes.
Members in `faulty` misbehave all the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from executor.chain.watcher import Depth
from executor.errors import InvalidConfig
from executor.testing.simulator.home import FINAL_BLOCKS

MAX_DELAY_MS: Final = 30  # after stabilisation; small beside the leader's collect delay of 400 ms
MAX_SKEW_MS: Final = 100  # after stabilisation: two clocks are 200 ms apart at most, less than the collect delay
MAX_AHEAD_MS: Final = 12_000  # before it: three rounds
MAX_LATEST_MS: Final = 10_000
MAX_LASTS_S: Final = 7_200
SCHEMES: Final = ("ecdsa", "bls", "bls-ecdsa")
TRIGGERS: Final = ("log", "clock", "block", "http")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its function (programs.py), when the chain shows it, how far members' observations differ.

    `confirmations` is what its function asks for. A `trigger` (TRIGGERS) has an event that lasts about `lasts_s`.
    """

    program: str = "pure"
    at_ms: int = 0
    spread: int = 0
    trigger: str = ""
    confirmations: Depth | None = None
    lasts_s: int = 7_200


@dataclass(frozen=True, slots=True)
class Weather:
    """What happens to messages before stabilisation, in percent of them; late ones take up to `latest_ms`."""

    loss: int = 0
    twice: int = 0
    late: int = 0
    latest_ms: int = 0


@dataclass(frozen=True, slots=True)
class Partition:
    """Members `apart` and the others hear nothing of each other."""

    from_ms: int
    to_ms: int
    apart: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Crash:
    """The member is killed before its effect number `after_effects`, and started again from its journal."""

    member: int
    after_effects: int
    down_ms: int = 200


@dataclass(frozen=True, slots=True)
class Clock:
    """The member's clock is `ahead_ms` off at the start and gains `drift` percent; stabilisation sets it right."""

    member: int
    ahead_ms: int = 0
    drift: int = 0


@dataclass(frozen=True, slots=True)
class Sighting:
    """The member sees the request `later_ms` after the others."""

    member: int
    request: int
    later_ms: int


@dataclass(frozen=True, slots=True)
class Vanishing:
    """A reorganisation takes the request away from the member, and brings it back."""

    member: int
    request: int
    at_ms: int
    back_ms: int


@dataclass(frozen=True, slots=True)
class Reorganisation:
    """The home chain's last `blocks` blocks are replaced: what stood in them is in others now, as other requests."""

    at_ms: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """The member's observations of this slot fail the first `fails` times (FOREVER: always) and take `late_ms`.

    So often its relays also forge the draw numbered like the slot, unless for ever.
    """

    member: int
    slot: int
    fails: int = 0
    late_ms: int = 0


FOREVER: Final = 99


class _Named(Protocol):
    @property
    def member(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Faulty:
    """A Byzantine member: its named faults (faults/), and the bytes it takes its choices from."""

    member: int
    faults: tuple[str, ...]
    choices: bytes = b""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One schedule. `fates` decides messages one by one; `eclipse`: correct leaders are not heard before stabilisation.

    `chain_ms`: from a transmission to its delivery; before stabilisation every `lost_deliveries` first ones are lost.
    `key_ms`: when members come to know the epoch's draw key; those `shareless` hold no share of it.
    """

    n: int = 4
    requests: tuple[Asked, ...] = (Asked(),)
    faulty: tuple[Faulty, ...] = ()
    stable_ms: int = 0
    weather: Weather = Weather()
    fates: bytes = b""
    partitions: tuple[Partition, ...] = ()
    crashes: tuple[Crash, ...] = ()
    clocks: tuple[Clock, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    vanishings: tuple[Vanishing, ...] = ()
    reorganisations: tuple[Reorganisation, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    eclipse: bool = False
    lost_deliveries: int = 0
    chain_ms: int = 1_000
    first_leader: int = 0
    scheme: str = "ecdsa"
    key_ms: int = 0
    shareless: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        named: list[_Named] = [*self.faulty, *self.crashes, *self.clocks, *self.sightings]
        named += [*self.vanishings, *self.troubles]
        members = [each.member for each in named]
        members += [member for each in self.partitions for member in each.apart] + list(self.shareless)
        if not 1 <= self.n <= 100 or any(not 0 <= member < self.n for member in members):
            raise InvalidConfig(f"a scenario of {self.n} members names members {sorted(set(members))}")
        if len({each.member for each in self.faulty}) != len(self.faulty) or len(self.faulty) > self.f:
            raise InvalidConfig(f"{len(self.faulty)} faulty members of {self.n}: at most {self.f}, each named once")
        asked = [each.request for each in self.sightings] + [each.request for each in self.vanishings]
        if any(not 0 <= request < len(self.requests) for request in asked):
            raise InvalidConfig(f"a sighting of a request that is none of {len(self.requests)}")
        if any(each.trigger not in ("", *TRIGGERS) or not 0 < each.lasts_s <= MAX_LASTS_S for each in self.requests):
            raise InvalidConfig(f"triggers are {', '.join(TRIGGERS)}, and last {MAX_LASTS_S} s at most")
        if any(not 1 <= each.blocks <= FINAL_BLOCKS for each in self.reorganisations):
            raise InvalidConfig(f"a reorganisation replaces 1 to {FINAL_BLOCKS} blocks: others are final")
        if len(set(self.shareless)) > self.f:
            raise InvalidConfig(f"{len(self.shareless)} members without a share of {self.n}: at most {self.f}")
        if self.scheme not in SCHEMES or not self.requests:
            raise InvalidConfig(f"a scenario has requests, and a scheme of {', '.join(SCHEMES)}")
        if _beyond(self.stable_ms, self._ends()):
            raise InvalidConfig(f"something lasts longer than the {self.stable_ms} ms until stabilisation")
        if any(abs(each.ahead_ms) > MAX_AHEAD_MS or not -50 <= each.drift <= 50 for each in self.clocks):
            raise InvalidConfig(f"a clock is at most {MAX_AHEAD_MS} ms off and drifts by at most 50 %")
        if self.weather.latest_ms > MAX_LATEST_MS or not 0 < self.chain_ms <= MAX_LATEST_MS:
            raise InvalidConfig(f"messages and deliveries take at most {MAX_LATEST_MS} ms")

    @property
    def f(self) -> int:
        """Members that may be faulty."""
        return (self.n - 1) // 3

    @property
    def honest(self) -> tuple[int, ...]:
        """The others."""
        faulty = {each.member for each in self.faulty}
        return tuple(member for member in range(self.n) if member not in faulty)

    def _ends(self) -> Iterable[int]:
        yield from (each.to_ms for each in self.partitions)
        yield from (each.back_ms for each in self.vanishings)
        yield from (each.at_ms for each in self.reorganisations)
        yield self.key_ms


def _beyond(stable_ms: int, ends: Iterable[int]) -> bool:
    return any(end > stable_ms for end in ends)
