"""The gate: plays scenes until they or the time run out, shrinks what it finds, and lets real committees confirm.

Theory of operation. The order of scenes depends on the seed alone; the time only decides how far the list is followed,
so a finding of one machine is found on every other that gets as far. The last two fifths of the time are kept for runs
on other engines, and for simulated committees: the very protocol of the network, with a named fault each.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from executor.model.observation import Kind as Seen
from executor.model.outcome import Failed, Returned
from executor.testing.checking.advice import finding
from executor.testing.checking.committee import Committee, Played
from executor.testing.checking.contents import Grown
from executor.testing.checking.findings import Finding, Kind, Report, show
from executor.testing.checking.judge import Judge, Suspect, axes_of
from executor.testing.checking.learning import learn
from executor.testing.checking.plan import Plan
from executor.testing.checking.remedies import WORDS
from executor.testing.checking.scene import Scene
from executor.testing.checking.scenes import EXAMPLES, scenes
from executor.testing.checking.shrink import shrink
from executor.testing.diverging import first_divergence
from executor.testing.simulating import FAULT_NAMES, simulate
from executor.testing.variants import Here, Variant
from executor.vm import Program

SIZES: Final = (4, 7)  # of the simulated committees
LARGE_INPUT: Final = 1_024  # an input over this that needs more fuel than there is, is a note and no finding
LIKELY_GROWTH: Final = 100  # what takes a reply still larger is a note and no finding
OVERTIME: Final = 1.3  # of the time: what was found last may still shrink
COMPARED: Final = 2  # scenes of each sort whose runs are repeated elsewhere
PLAY_SHARE: Final = 0.6  # of the time; what is left after comparing is for simulated committees
COMPARE_SHARE: Final = 0.2
Progress = Callable[[int, int], None]


def check(
    program: Program, plan: Plan, *, places: Sequence[Variant] = (Here(),), progress: Progress | None = None
) -> Report:
    """Everything found about a function within the plan's examples and seconds; raises HostFault.

    `places` are where runs are repeated and compared, such as other engines (testing/variants.py).
    """
    hunt = _Hunt(program, plan, places, progress or (lambda _done, _of: None))
    hunt.read()
    hunt.learn()
    hunt.play()
    hunt.compare()
    hunt.simulate()
    return hunt.report()


@dataclass(slots=True)
class _Hunt:
    program: Program
    plan: Plan
    places: Sequence[Variant]
    progress: Progress
    tried: Counter[str] = field(default_factory=Counter)
    found: dict[tuple[Kind, str], Finding] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    known: set[tuple[Suspect, frozenset[str]]] = field(default_factory=set)
    started: float = field(default_factory=time.monotonic)
    conclusive: bool = False
    sample: dict[str, list[Scene]] = field(default_factory=dict)
    examples: tuple[bytes, ...] = (b"",)
    committee: Committee = field(init=False)
    judge: Judge = field(init=False)

    def read(self) -> None:
        """What the manifest alone shows: made-up secrets hide it from every run here."""
        granted = self.program.function.terms.capabilities.secrets
        if granted is not None and granted.owner is None:
            words = WORDS[Kind.SECRETS_WITHOUT_OWNER]
            summary = words.summary.format(why=", ".join(granted.names))
            new = Finding(Kind.SECRETS_WITHOUT_OWNER, summary, words.advice, "", b"", (), (), 0)
            self.found[Kind.SECRETS_WITHOUT_OWNER, ""] = new

    def learn(self) -> None:
        """Find the replies and inputs to start from, and how they go."""
        learnt = learn(self.program, self.plan)
        self.examples = learnt.examples
        self.notes.extend(learnt.notes)
        self.committee = Committee(self.program, learnt.base, self.plan.steady)
        first = {example: self.committee.play(Scene(example)) for example in self.examples}
        self.judge = Judge(learnt.trust, frozenset(self.examples), bool(self.plan.inputs), first)

    def play(self) -> None:
        """Follow the list of scenes."""
        until = self.started + self.plan.seconds * PLAY_SHARE
        listed = islice(scenes(self.examples, self.committee.base, self.plan.seed), self.plan.examples)
        for number, (label, scene) in enumerate(listed):
            if label != EXAMPLES and time.monotonic() > until:
                self.notes.append(f"the time ended after {number} of {self.plan.examples} scenes")
                break
            self.tried[label] += 1
            self.progress(number, self.plan.examples)
            played = self.committee.play(scene)
            self.conclusive = self.conclusive or _tells_something(played)
            if len(kept := self.sample.setdefault(label, [])) < COMPARED:
                kept.append(scene)
            for suspect in self.judge.suspects(played, self.committee.urls):
                self._pursue(suspect, scene, number + 1)

    def _pursue(self, suspect: Suspect, scene: Scene, tries: int) -> None:
        axes = axes_of(scene)
        if any(suspect == other and (before <= axes or not before) for other, before in self.known):
            return  # the same again, in a scene that has what it took
        failed = _failed(suspect, self.committee.play(scene))
        small = shrink(scene, lambda each: self._still(suspect, failed, each))
        self.known.add((suspect, axes_of(small)))
        self._add(suspect, self.committee.play(small), tries)

    def _still(self, suspect: Suspect, failed: bool, scene: Scene) -> bool:
        if time.monotonic() > self.started + OVERTIME * self.plan.seconds:
            return False  # small enough
        played = self.committee.play(scene)
        again = suspect in self.judge.suspects(played, self.committee.urls)
        return again and (not failed or _failed(suspect, played))

    def _add(self, suspect: Suspect, played: Played, tries: int) -> None:
        each = finding(suspect, played, self.committee, tries)
        if each.kind is Kind.OUT_OF_FUEL and len(each.input) > LARGE_INPUT:
            self.notes.append(f"an input of {len(each.input)} bytes runs out of fuel: {each.advice}")
        elif far := _far_fetched(played.scene):
            self.notes.append(f"with {far}, {each.summary}: {each.advice}")
        else:
            self.found.setdefault((each.kind, f"{each.where} {suspect.subject}"), each)

    def compare(self) -> None:
        """Runs of every sort once more, elsewhere: outcome, fuel and every host call are the same (D1)."""
        until = self.started + self.plan.seconds * (PLAY_SHARE + COMPARE_SHARE)
        for scene in (scene for kept in self.sample.values() for scene in kept):
            if time.monotonic() > until:
                return
            seen = scene.worlds(self.committee.base, self.plan.steady)[0]
            self.tried["comparisons"] += len(self.places)
            if (differ := first_divergence(self.program, scene.input, seen, self.places)) is not None:
                words = WORDS[Kind.ENGINES_DIFFER]
                lines = tuple(str(differ).splitlines())
                summary = words.summary.format(why=" and ".join(differ.names))
                new = Finding(Kind.ENGINES_DIFFER, summary, words.advice, "", scene.input, lines, scene.changes(), 1)
                self.found.setdefault((Kind.ENGINES_DIFFER, ""), new)

    def simulate(self) -> None:
        """Real committees over the example: each named fault must be borne."""
        until = self.started + self.plan.seconds
        for n in SIZES:
            for fault in (None, *FAULT_NAMES):
                if time.monotonic() > until:
                    return
                struck: str | dict[int, str] = fault or {}
                done = simulate(
                    self.program,
                    input=self.examples[0],
                    n=n,
                    replies=self.committee.base,
                    faults=struck,
                    seed=self.plan.seed,
                )
                self.tried["simulated committees"] += 1
                if not done.attested:
                    words = WORDS[Kind.NOT_ATTESTED]
                    first, *lines = done.verdict().splitlines()
                    summary = words.summary.format(why=first)
                    new = Finding(Kind.NOT_ATTESTED, summary, words.advice, "", self.examples[0], tuple(lines), (), 1)
                    self.found.setdefault((Kind.NOT_ATTESTED, ""), new)

    def report(self) -> Report:
        """What was found, without what others say better."""
        found = list(self.found.values())
        numbers = {each.where for each in found if each.kind in (Kind.NUMBERS_DIFFER, Kind.FLOATING_POINT)}
        found = [each for each in found if not (each.kind is Kind.NUMBER_FORM and each.where in numbers)]
        if not self.conclusive and not found:
            first = self.judge.first[self.examples[0]].outcome
            error = f": {show(first.error)}" if isinstance(first, Failed) else ""
            self.notes.append(f"no run returned{error}; give an example input, and replies, in check.toml")
        self.tried["runs"] = self.committee.runs
        return Report(
            tuple(each for each in found if each.kind not in self.plan.allow),
            tuple(each for each in found if each.kind in self.plan.allow),
            tuple(self.notes),
            dict(self.tried),
            time.monotonic() - self.started,
            self.conclusive,
        )


def _failed(suspect: Suspect, played: Played) -> bool:
    """Whether the slot of this disagreement ended in an error even without a liar."""
    if suspect.kind is not None or not 0 <= suspect.slot < len(played.slots):
        return False
    return played.slots[suspect.slot].entry.kind is not Seen.VALUE


def _far_fetched(scene: Scene) -> str:
    """Growth that no reply of an API we know has, in words."""
    grown = [twist for row in scene.twists for _, twist in row if isinstance(twist, Grown)]
    return str(grown[0]) if any(twist.times > LIKELY_GROWTH for twist in grown) else ""


def _tells_something(played: Played) -> bool:
    """A run that returned, with every observation a value on some node."""
    return isinstance(played.outcome, Returned) and all(
        any(look.seen.kind is Seen.VALUE for look in slot.looks) for slot in played.slots
    )
