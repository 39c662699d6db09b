"""Hypothesis draws scenarios: from calm ones to networks that are the adversary's until stabilisation.

Every part shrinks towards nothing wrong: fewer members, requests, faults, and a network that delivers at once.
"""

from __future__ import annotations

from typing import Final, TypeVar

from hypothesis import strategies as st

from executor.testing.simulator.faults import FAULTS
from executor.testing.simulator.home import FINAL_BLOCKS
from executor.testing.simulator.programs import PROGRAMS, looking_alone
from executor.testing.simulator.scenario import (
    FOREVER,
    SCHEMES,
    TRIGGERS,
    Asked,
    Clock,
    Crash,
    Faulty,
    Partition,
    Reorganisation,
    Scenario,
    Sighting,
    Trouble,
    Vanishing,
    Weather,
)

T = TypeVar("T")

TAPE_BYTES: Final = 48
NAMES: Final = tuple(FAULTS)
STABLE_MS: Final = (0, 0, 6_000, 12_000, 24_000, 44_000)
DEPTHS: Final = (None, None, None, 1, 3, "finalized")
LASTS_S: Final = (7_200, 7_200, 7_200, 20, 3)
HOSTILE_LEADERS: Final = ("hidden-locks", "two-faced-leader", "withholding-leader", "spamming-leader")

COMMITTEE: Final = tuple(name for name, program in PROGRAMS.items() if program.committee)
DRAW_FAULTS: Final = (
    *("withheld-draws", "wrong-parts", "states-anything", "early-draws", "forged-signatures", "replays"),
    *("other-epochs", "half-silent", "silent", "slow", "poison-first"),
)
LONE_FAULTS: Final = (
    *("silent", "half-silent", "slow", "lying-observation", "equivocating-observations", "two-faced-leader"),
    *("hidden-locks", "spamming-leader", "consents-to-everything", "forged-signatures"),
)

_slots = st.integers(0, 1)
_tapes = st.binary(min_size=TAPE_BYTES, max_size=TAPE_BYTES)


def scenarios(
    sizes: tuple[int, ...] = (4, 4, 4, 7), schemes: tuple[str, ...] = SCHEMES[:1]
) -> st.SearchStrategy[Scenario]:
    """Any scenario: half of them of every kind, a quarter duels with hostile leaders, a quarter crashes."""
    return st.one_of(_any(sizes, schemes), _any(sizes, schemes), duels(sizes, schemes), crashing(sizes, schemes))


def everything(sizes: tuple[int, ...]) -> st.SearchStrategy[Scenario]:
    """What a sweep draws: of seven, four any, one of a member that looks alone, one of triggers, one of draws."""
    return st.one_of(
        scenarios(sizes, SCHEMES), loners(sizes, SCHEMES), storms(sizes, SCHEMES), lotteries(sizes, SCHEMES)
    )


@st.composite
def _any(draw: st.DrawFn, sizes: tuple[int, ...], schemes: tuple[str, ...]) -> Scenario:
    n = draw(st.sampled_from(sizes))
    stable_ms = draw(st.sampled_from(STABLE_MS))
    asked = draw(st.lists(_asked(), min_size=1, max_size=3))
    faulty = draw(_faulty(n))
    members, times = st.integers(0, n - 1), st.integers(0, max(1, stable_ms))
    bad = stable_ms > 0
    requests = st.integers(0, len(asked) - 1)
    return Scenario(
        n=n,
        requests=tuple(asked),
        faulty=faulty,
        stable_ms=stable_ms,
        weather=draw(_weather()) if bad else Weather(),
        fates=draw(_tapes),
        partitions=draw(_few(_partition(n, stable_ms), 2)) if bad else (),
        crashes=draw(_few(st.builds(Crash, members, st.integers(0, 90), st.sampled_from((50, 1_000, 6_000))), 3))
        if bad
        else (),
        clocks=draw(_unique(st.builds(Clock, members, st.integers(-9_000, 9_000), st.integers(-20, 20)), 2))
        if bad
        else (),
        sightings=draw(_few(st.builds(Sighting, members, requests, st.sampled_from((500, 3_000, 9_000))), 2)),
        vanishings=draw(_few(_vanishing(members, requests, times, stable_ms), 1)) if bad else (),
        reorganisations=draw(_few(_reorganisation(stable_ms), 1)) if bad else (),
        troubles=draw(_few(_trouble(members), 3)),
        eclipse=draw(_rarely(bad)),
        lost_deliveries=draw(st.integers(0, 2)) if bad else 0,
        chain_ms=draw(st.sampled_from((500, 1_000, 6_000))),
        first_leader=draw(members),
        scheme=draw(st.sampled_from(schemes)),
    )


@st.composite
def duels(draw: st.DrawFn, sizes: tuple[int, ...] = (4,), schemes: tuple[str, ...] = SCHEMES[:1]) -> Scenario:
    """All faults allowed lead, nobody else is heard as a leader, and honest members see different things."""
    n = draw(st.sampled_from(sizes))
    faulty = draw(st.permutations(range(n)))[: (n - 1) // 3]
    stable_ms = 4_000 * draw(st.sampled_from((3 * n, 6, 4 * n)))
    names = st.lists(st.sampled_from(("consents-to-everything", "equivocating-votes", "half-silent")), max_size=1)
    troubles = [Trouble(draw(st.integers(0, n - 1)), 0, draw(st.sampled_from((0, FOREVER))))]
    return Scenario(
        n=n,
        requests=(
            Asked(draw(st.sampled_from(("price", "short", "two", "name"))), 0, draw(st.sampled_from((1, 3, 7)))),
        ),
        faulty=tuple(
            Faulty(member, (draw(st.sampled_from(HOSTILE_LEADERS[:2])), *draw(names)), draw(_tapes))
            for member in faulty
        ),
        stable_ms=stable_ms,
        weather=draw(_weather()),
        fates=draw(_tapes),
        troubles=tuple(troubles) if troubles[0].fails else (),
        eclipse=draw(st.sampled_from((True, True, False))),
        lost_deliveries=99,
        chain_ms=1_000,
        first_leader=draw(st.sampled_from(faulty)),
        scheme=draw(st.sampled_from(schemes)),
    )


@st.composite
def crashing(draw: st.DrawFn, sizes: tuple[int, ...] = (4,), schemes: tuple[str, ...] = SCHEMES[:1]) -> Scenario:
    """Every member may be killed early and often, around each effect of its first rounds."""
    n = draw(st.sampled_from(sizes))
    members = st.integers(0, n - 1)
    crashes = st.builds(Crash, members, st.integers(0, 50), st.sampled_from((20, 50, 300)))
    faulty = draw(st.sampled_from(range(n)))
    two_faced = Faulty(faulty, ("two-faced-leader",), draw(_tapes))
    return Scenario(
        n=n,
        requests=(draw(_asked()),),
        faulty=draw(st.one_of(st.just((two_faced,)), _faulty(n))),
        stable_ms=draw(st.sampled_from((8_000, 16_000))),
        weather=draw(_weather()),
        fates=draw(_tapes),
        crashes=tuple(draw(st.lists(crashes, min_size=1, max_size=5))),
        first_leader=faulty,
        scheme=draw(st.sampled_from(schemes)),
    )


@st.composite
def loners(draw: st.DrawFn, sizes: tuple[int, ...] = (4,), schemes: tuple[str, ...] = SCHEMES[:1]) -> Scenario:
    """A function under `single`, whose one member is Byzantine in half of all cases, or fails, hangs or is slow."""
    n = draw(st.sampled_from(sizes))
    asked = Asked(draw(st.sampled_from(("alone", "mixed"))), 0, draw(st.sampled_from((0, 1, 7))))
    alone = looking_alone(asked.program, n)
    others = draw(st.permutations([member for member in range(n) if member != alone]))
    faulty = ([alone] if draw(st.booleans()) else [])[: (n - 1) // 3]
    faulty += others[: draw(st.integers(0, (n - 1) // 3 - len(faulty)))]
    names = st.lists(st.sampled_from(LONE_FAULTS), min_size=1, max_size=2, unique=True)
    late, stable_ms = draw(st.sampled_from((0, 600, 9_000))), draw(st.sampled_from(STABLE_MS))
    return Scenario(
        n=n,
        requests=(asked,),
        faulty=tuple(Faulty(member, tuple(draw(names)), draw(_tapes)) for member in sorted(faulty)),
        stable_ms=stable_ms,
        fates=draw(_tapes),
        troubles=(Trouble(alone, slot, draw(st.sampled_from((0, 1, FOREVER))), late),)
        if (slot := draw(_slots))
        else (),
        eclipse=draw(st.booleans()) and stable_ms > 0,
        lost_deliveries=draw(st.sampled_from((0, 2, 99))),
        first_leader=draw(st.sampled_from((*faulty, *range(n)))),
        scheme=draw(st.sampled_from(schemes)),
    )


@st.composite
def storms(draw: st.DrawFn, sizes: tuple[int, ...] = (4,), schemes: tuple[str, ...] = SCHEMES[:1]) -> Scenario:
    """Triggers beside requests, some nearly over when members read of them, on a chain that is reorganised."""
    n = draw(st.sampled_from(sizes))
    members, stable_ms = st.integers(0, n - 1), draw(st.sampled_from(STABLE_MS[2:5]))
    asked = draw(st.lists(_asked(TRIGGERS), min_size=1, max_size=3)) + draw(st.lists(_asked(("",)), max_size=1))
    requests = st.integers(0, len(asked) - 1)
    crashes = st.builds(Crash, members, st.integers(0, 60), st.sampled_from((50, 1_000, 6_000)))
    return Scenario(
        n=n,
        requests=tuple(asked),
        faulty=draw(_faulty(n)),
        stable_ms=stable_ms,
        weather=draw(_weather()),
        fates=draw(_tapes),
        crashes=draw(_few(crashes, 2)),
        sightings=draw(_few(st.builds(Sighting, members, requests, st.sampled_from((500, 3_000, 9_000))), 3)),
        reorganisations=draw(_few(_reorganisation(stable_ms), 2)),
        lost_deliveries=draw(st.sampled_from((0, 2, 99))),
        first_leader=draw(members),
        scheme=draw(st.sampled_from(schemes)),
    )


@st.composite
def lotteries(draw: st.DrawFn, sizes: tuple[int, ...] = (4,), schemes: tuple[str, ...] = SCHEMES[:1]) -> Scenario:
    """Requests that draw from their committee: faults about draws, a late key, members without a share."""
    n = draw(st.sampled_from(sizes))
    members, stable_ms = st.integers(0, n - 1), draw(st.sampled_from(STABLE_MS))
    bad = stable_ms > 0
    asked = st.builds(Asked, st.sampled_from(COMMITTEE), st.sampled_from((0, 0, 700)), st.sampled_from((0, 1, 3, 7)))
    faulty = draw(st.permutations(range(n)))[: (n - 1) // 3]
    names = st.lists(st.sampled_from((*DRAW_FAULTS, *HOSTILE_LEADERS)), min_size=1, max_size=2, unique=True)
    crashes = st.builds(Crash, members, st.integers(0, 80), st.sampled_from((20, 300, 6_000)))
    return Scenario(
        n=n,
        requests=tuple(draw(st.lists(asked, min_size=1, max_size=2))),
        faulty=tuple(Faulty(member, tuple(draw(names)), draw(_tapes)) for member in faulty),
        stable_ms=stable_ms,
        weather=draw(_weather()) if bad else Weather(),
        fates=draw(_tapes),
        crashes=draw(_few(crashes, 3)) if bad else (),
        reorganisations=draw(_few(_reorganisation(stable_ms), 1)) if bad else (),
        eclipse=draw(_rarely(bad)),
        lost_deliveries=draw(st.sampled_from((0, 99))) if bad else 0,
        first_leader=draw(st.sampled_from((*faulty, *range(n)))),
        scheme=draw(st.sampled_from(schemes)),
        key_ms=draw(st.sampled_from((0, 0, stable_ms // 2))),
        shareless=tuple(draw(st.permutations(range(n)))[: draw(st.integers(0, (n - 1) // 3))]),
    )


def _reorganisation(stable_ms: int) -> st.SearchStrategy[Reorganisation]:
    return st.builds(Reorganisation, st.integers(0, min(stable_ms, 12_000)), st.integers(1, FINAL_BLOCKS))


def _asked(triggers: tuple[str, ...] = ("", "", "", *TRIGGERS)) -> st.SearchStrategy[Asked]:
    return st.builds(
        Asked,
        st.sampled_from(tuple(PROGRAMS)),
        st.sampled_from((0, 0, 40, 700, 3_900)),
        st.sampled_from((0, 1, 3, 7)),
        st.sampled_from(triggers),
        st.sampled_from(DEPTHS),
        st.sampled_from(LASTS_S),
    )


@st.composite
def _faulty(draw: st.DrawFn, n: int) -> tuple[Faulty, ...]:
    members = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=(n - 1) // 3))
    names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True)
    return tuple(Faulty(member, tuple(draw(names)), draw(_tapes)) for member in members)


def _weather() -> st.SearchStrategy[Weather]:
    percent = st.sampled_from((0, 10, 25, 50))
    return st.builds(Weather, percent, percent, percent, st.sampled_from((0, 800, 3_000, 9_000)))


@st.composite
def _partition(draw: st.DrawFn, n: int, stable_ms: int) -> Partition:
    from_ms = draw(st.integers(0, stable_ms))
    to_ms = draw(st.integers(from_ms, stable_ms))
    return Partition(from_ms, to_ms, tuple(sorted(draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=n // 2)))))


@st.composite
def _vanishing(
    draw: st.DrawFn,
    members: st.SearchStrategy[int],
    requests: st.SearchStrategy[int],
    times: st.SearchStrategy[int],
    stable_ms: int,
) -> Vanishing:
    at_ms = draw(times)
    return Vanishing(draw(members), draw(requests), at_ms, draw(st.integers(at_ms, stable_ms)))


def _trouble(members: st.SearchStrategy[int]) -> st.SearchStrategy[Trouble]:
    return st.builds(
        Trouble, members, st.integers(0, 2), st.sampled_from((1, 2, FOREVER)), st.sampled_from((0, 600, 5_000, 9_000))
    )


def _few(items: st.SearchStrategy[T], most: int) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(items, max_size=most).map(tuple)


def _unique(items: st.SearchStrategy[Clock], most: int) -> st.SearchStrategy[tuple[Clock, ...]]:
    return st.lists(items, max_size=most, unique_by=lambda clock: clock.member).map(tuple)


def _rarely(possible: bool) -> st.SearchStrategy[bool]:
    return st.sampled_from((False, False, False, possible))
