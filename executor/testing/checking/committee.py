"""Plays a scene: real runs of every node, real agreement, no messages. A thousand scenes take seconds.

What the protocol would make of a request is `simulate`; here is what its honest nodes bring along. Whoever sees the
same replies sees the same, so equal nodes look once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from executor.crypto.digests import request_id
from executor.model.draw import is_draw
from executor.model.observation import Observation
from executor.model.outcome import Awaiting
from executor.model.outcome import Final as Ending
from executor.model.request import Request
from executor.model.spec import Spec, parse_spec
from executor.model.transcript import Entry, Transcript
from executor.protocol.strategies import agree, alone_member
from executor.testing.checking.scene import NODES, Scene
from executor.testing.quorums import set_of
from executor.testing.replies import World
from executor.testing.simulate_world import Asked, WatchedWorld
from executor.testing.simulated_rounds import simulated_entry
from executor.vm import Diagnostics, Program, execute, load, observe

T = TypeVar("T")

FAULTY: Final = (NODES - 1) // 3
QUORUM: Final = NODES - FAULTY
TIMESTAMP: Final = 1_700_000_000  # the block's; any would do
_KEPT: Final = 2_000  # runs kept for whoever asks the same again


@dataclass(frozen=True, slots=True)
class Look:
    """One node's look at one slot; `words` is what its run logged and why it ended, for people."""

    seen: Observation
    words: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a play: every node's look, and the entry that became of them."""

    index: int
    spec: Spec
    looks: tuple[Look, ...]
    entry: Entry

    @property
    def where(self) -> str:
        """`observation 0 "price"`."""
        return f'observation {self.index} "{self.spec.label}"' if self.spec.label else f"observation {self.index}"


@dataclass(frozen=True, slots=True)
class Played:
    """How a scene went."""

    scene: Scene
    slots: tuple[Slot, ...]
    outcome: Ending
    words: str


class Committee:
    """Nodes of one function over one set of example replies."""

    def __init__(self, program: Program, base: World, steady: frozenset[str] = frozenset()) -> None:
        self.program, self.base, self.steady = program, base, steady
        self.urls = frozenset(base)
        self.runs = 0
        self._looks: dict[object, Look] = {}
        self._outcomes: dict[object, tuple[Ending | Awaiting, str]] = {}

    def play(self, scene: Scene) -> Played:
        """Every slot looked at and agreed, up to the end; raises HostFault."""
        home = self.program.function.terms.home_chain
        request = Request.local(self.program.function_id, scene.input, block_timestamp=TIMESTAMP, chain_id=home)
        worlds = scene.worlds(self.base, self.steady)
        slots: list[Slot] = []
        draws: Transcript = ()
        while True:
            transcript = (*(slot.entry for slot in slots), *draws)
            outcome, words = self._execute(request, transcript)
            if not isinstance(outcome, Awaiting):
                return Played(scene, tuple(slots), outcome, words)
            if is_draw(outcome.spec):
                draws = (*draws, simulated_entry(outcome.spec))
                continue
            looks = tuple(self._look(request, transcript, world) for world in worlds)
            entry = agreed(outcome.spec, [look.seen for look in looks], alone_member(request_id(request), NODES))
            slots.append(Slot(outcome.slot, parse_spec(outcome.spec), looks, entry))

    def _execute(self, request: Request, transcript: Transcript) -> tuple[Ending | Awaiting, str]:
        key = (request.input, transcript)
        if key not in self._outcomes:
            seen = Diagnostics()
            self.runs += 1
            outcome = execute(self.program, request, transcript, diagnostics=seen)
            _keep(self._outcomes, key, (outcome, _words(seen)))
        return self._outcomes[key]

    def _look(self, request: Request, transcript: Transcript, world: World) -> Look:
        key = (request.input, transcript, frozenset(world.items()))
        if key not in self._looks:
            watched, seen = WatchedWorld(self.program.function.terms, world, request=request), Diagnostics()
            self.runs += 1
            observation = observe(self.program, request, transcript, watched, diagnostics=seen)
            _keep(self._looks, key, Look(observation, _words(seen), tuple(watched.asked)))
        return self._looks[key]


def agreed(spec: bytes, seen: Sequence[Observation], alone: int) -> Entry:
    """The entry of the set that an honest leader proposes; under `single` of node `alone`."""
    kind, value = agree(spec, set_of(spec, seen, FAULTY, alone), NODES, FAULTY)
    return Entry(spec, kind, value)


def with_fuel(committee: Committee, times: int) -> Committee:
    """The same committee with more fuel, as far as the profile goes."""
    program = committee.program
    terms, ceilings = program.function.terms, program.profile.ceilings
    limits = terms.limits.model_copy(
        update={
            "fuel": min(times * terms.limits.fuel, ceilings.fuel),
            "observe_fuel": min(times * terms.limits.observe_fuel, ceilings.observe_fuel),
        }
    )
    function = replace(program.function, terms=terms.model_copy(update={"limits": limits}))
    again = load(function, program.profile, compiled=program.serialize())
    return Committee(again, committee.base, committee.steady)


def _words(seen: Diagnostics) -> str:
    return "\n".join([*(line.text for line in seen.logs), seen.message]).strip()


def _keep(kept: dict[object, T], key: object, value: T) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value
