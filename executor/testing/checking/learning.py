"""What a hunt starts from: the user's examples, or guesses that got a function further than others did."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

from executor.model.observation import Kind as Seen
from executor.model.outcome import Returned
from executor.testing.checking.committee import Committee, Played
from executor.testing.checking.findings import show
from executor.testing.checking.guess import guessed_inputs, guesses
from executor.testing.checking.judge import Trust
from executor.testing.checking.plan import Plan
from executor.testing.checking.scene import Scene
from executor.testing.replies import World
from executor.vm import Program

GUESSED: Final = "no example replies: they were guessed from the names in the source; give real ones in check.toml"
NOTHING_LEARNT: Final = (
    "no example replies, and no guess from the source got an observation to a value: nothing was learnt about how "
    "nodes agree; record replies and name them in check.toml"
)


@dataclass(frozen=True, slots=True)
class Learnt:
    """Replies and inputs to start from, and what to say about them."""

    base: World
    trust: Trust
    examples: tuple[bytes, ...]
    notes: tuple[str, ...]


def learn(program: Program, plan: Plan) -> Learnt:
    """The plan's examples, with guesses for what it leaves out."""
    source = program.function.source
    granted = program.function.terms.capabilities
    guessing = plan.replies is None and (granted.http is not None or granted.evm is not None)
    worlds: list[World] = [plan.replies or {}]
    if guessing:
        worlds = list(guesses(source, reads_chains=granted.evm is not None))
    inputs = [plan.inputs[0]] if plan.inputs else guessed_inputs(source)
    worth, base, best = -1, worlds[0], None
    for data, world in product(inputs, worlds):
        played = Committee(program, world).play(Scene(data))
        if _worth(played) > worth:
            worth, base, best = _worth(played), world, played
        if worth == 2 * len(played.slots) + 1:
            break  # it returned, with every observation seen
    data = best.scene.input if best else b""
    notes = []
    if guessing and best and best.slots:
        notes.append(GUESSED if worth > 1 else NOTHING_LEARNT)
    if not plan.inputs and data:
        notes.append(f"no example input: {show(data)} was guessed; give a real one in check.toml")
    trust = Trust.GUESSED if guessing else Trust.GIVEN
    return Learnt(base, trust, plan.inputs or (data,), tuple(notes))


def _worth(played: Played) -> int:
    """How far a function got: two for each slot that all nodes brought to a value, one for a run that returned."""
    values = sum(all(look.seen.kind is Seen.VALUE for look in slot.looks) for slot in played.slots)
    return 2 * values + isinstance(played.outcome, Returned)
