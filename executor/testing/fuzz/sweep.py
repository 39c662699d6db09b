"""A sweep: rounds of generated modules, tried until enough have survived or the time is up.

Rule 1. Everything that is drawn comes from Hypothesis, so that a failure shrinks; a round's seed is the sweep's seed
        and the round's number, so that it can be repeated.
Rule 2. While a failure is shrunk nothing is counted.
Rule 3. A failure that does not happen again is one all the same, unless it was only a late answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.errors import Flaky

import executor
from executor.testing.fuzz.corpus import Corpus
from executor.testing.fuzz.draw import Subject
from executor.testing.fuzz.guest import guest
from executor.testing.fuzz.mutations import damaged
from executor.testing.fuzz.report import Report
from executor.testing.fuzz.smith import printed, smith, with_funcref
from executor.testing.fuzz.tape import Tape
from executor.testing.fuzz.trial import Court, Divergence, digest_name
from executor.testing.modules import decisions

ROUND: Final = {"smith": 100, "grammar": 25, "damaged": 25}
"""Modules of each kind in a round."""
SMITH_SIZES: Final = (100, 500, 1_500, 3_500)
TERMS_BYTES: Final = 64
DAMAGED_FUEL: Final = 2_000_000
ENGINE: Final = Path(executor.__file__).parent / "engines" / "quickjs.wasm"
POOL: Final = 200  # survivors kept for damage


@dataclass(slots=True)
class Sweep:
    """The state of a sweep; `finding` is told of each divergence: it, words, the terms of its cases."""

    court: Court
    seed: int
    finding: Callable[[Divergence, str, bytes], None]
    pool: list[bytes]
    shrinks: bool = True
    report: Report = field(default_factory=Report)
    corpus: Corpus = field(default_factory=Corpus)

    def run(self, survivors: int, time_left: Callable[[], bool], say: Callable[[str], None]) -> Report:
        """Rounds until so many of smith's modules have survived, or the time is up."""
        for number in count():
            if self.report.survived["smith"] >= survivors or not time_left():
                return self.report
            for kind, examples in ROUND.items():
                left = survivors - self.report.survived["smith"]
                self.part(kind, number, min(examples, left) if kind == "smith" else examples)
            say(self.report.progress())
        return self.report

    def part(self, kind: str, number: int, examples: int) -> None:
        """So many modules of a kind."""
        sizes = SMITH_SIZES if kind == "smith" else None
        drawn = decisions(sizes) if sizes else decisions()
        failing = b""
        seen: list[Divergence] = []
        phases = (Phase.generate, Phase.shrink) if self.shrinks else (Phase.generate,)

        @with_seed(self.seed * 1_000_003 + number * 3 + list(ROUND).index(kind))
        @settings(
            max_examples=max(examples, 1), database=None, deadline=None, print_blob=False, report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck), phases=phases,
        )  # fmt: skip
        @given(drawn, st.binary(min_size=TERMS_BYTES, max_size=TERMS_BYTES))
        def trial(made_from: bytes, terms: bytes) -> None:
            nonlocal failing
            try:
                self.one(kind, made_from, Tape(terms), Report() if failing else self.report)
            except Divergence as divergence:
                failing = terms  # never empty; the last to fail is the smallest
                seen[:] = [divergence]
                raise

        once = ""
        try:
            trial()
        except Divergence:
            pass
        except Flaky:  # it did not happen again
            if seen[0].late:
                self.report.late += 1
                return
            once = "once: "
        for divergence in seen:
            words = f"{kind}, seed {self.seed}, round {number}: {once}{divergence.message}"
            self.report.divergences.append(words)
            self.finding(divergence, words, failing)

    def one(self, kind: str, made_from: bytes, terms: Tape, report: Report) -> None:
        """One module: made, loaded, and if it survives tried everywhere. Raises Divergence."""
        if kind == "damaged":
            self._damage(Tape(made_from), report)
            return
        module = guest(made_from) if kind == "grammar" else smith(made_from)
        report.made[kind] += 1
        if module is None:
            report.refuse("smith makes no module of these bytes")
            return
        survivor = self._surviving(module, kind, report)
        if survivor is None:
            return
        report.survived[kind] += 1
        subject = Subject.of(digest_name(survivor), survivor)
        classes = self.court.try_module(subject, terms, report)
        if report is self.report:
            self.corpus.offer(survivor, classes, kind)
            if len(self.pool) < POOL:
                self.pool.append(survivor)

    def _surviving(self, module: bytes, kind: str, report: Report) -> bytes | None:
        row = self.court.load(digest_name(module), module)
        if row.instance != "ok":
            report.refuse(row.note)
            if kind == "grammar":
                raise Divergence(module, f"a module of our own grammar is refused: {row.note}")
            if "externref" not in printed(module):
                return None
            module = with_funcref(module)
            row = self.court.load(digest_name(module), module)
            if row.instance != "ok":
                return None
            report.renamed += 1
        report.machine.update(row.note.split())
        return module

    def _damage(self, tape: Tape, report: Report) -> None:
        # The engine is a megabyte and takes a second to compile: seldom.
        module = ENGINE.read_bytes() if tape.one_in(24) else tape.pick(self.pool)
        module = damaged(module, tape.pick(self.pool), tape)
        row = self.court.load(digest_name(module), module, DAMAGED_FUEL)
        report.damaged["refused" if row.instance != "ok" else "loaded and run"] += 1


def real_modules(checkout: Path) -> Sequence[bytes]:
    """Modules that compilers made."""
    paths = sorted((checkout / "fixtures" / "guests").glob("*.wasm"))
    return [path.read_bytes() for path in paths]
