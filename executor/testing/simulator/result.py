"""Running one scenario, and what is known of it afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from executor.protocol.settings import Settings
from executor.testing.fast_signatures import SigningSuite
from executor.testing.simulator.bounds import ROUND_S, last_change_ms, rounds_to_finish
from executor.testing.simulator.checks import violations
from executor.testing.simulator.scenario import Scenario
from executor.testing.simulator.simulator import Simulator
from executor.testing.simulator.violation import Violation


@dataclass(frozen=True, slots=True)
class Result:
    """One run: what did not hold, and figures. `rounds` after the last change, of `bound` allowed."""

    scenario: Scenario
    violations: tuple[Violation, ...]
    finished: bool
    messages: int
    delivered: int
    rounds: float
    bound: int
    reached: Counter[str]

    def __str__(self) -> str:
        lines = [str(each) for each in self.violations] or ["nothing wrong"]
        return "\n".join([*lines, "", "replay with:", f"  simulate_scenario({self.scenario!r})"])


def simulate_scenario(
    scenario: Scenario, suite: SigningSuite | None = None, settings: Settings | None = None
) -> Result:
    """Run a scenario and check every property; signatures are FastSignatures unless a suite is given."""
    run = Simulator(scenario, suite, settings)
    try:
        finished = run.run()
    except Exception as error:  # a member that raises anything but PeerFault falls over
        finished = True
        run.violations.append(Violation("no member falls over", f"{type(error).__name__}: {error}"))
    ended_s = max(run.delivered.values(), default=run.now) if finished else run.now
    after_s = ended_s - run.start_s - last_change_ms(scenario) / 1_000
    return Result(
        scenario,
        tuple(violations(run, finished)),
        finished,
        run.messages,
        len(run.delivered),
        max(0.0, after_s / ROUND_S),
        rounds_to_finish(scenario),
        _reached(run),
    )


def _reached(run: Simulator) -> Counter[str]:
    """Which phases, cases and branches honest members went through."""
    seen: Counter[str] = Counter()
    for node in run.nodes:
        if node.index in run.faults:
            continue
        seen.update(f"note {note.kind}" for note in node.notes)
        seen["restart"] += node.restarts
        seen["let end"] += sum(member == node.index for member, _ in run.following.over)
        seen["equivocation found"] += len(node.accused)
        seen.update(f"refused {type(fault).__name__}" for fault in node.faults)
        for attested in node.attested.values():
            seen[f"attested {len(attested.transcript)} slots"] += 1
            seen[f"batch of {min(len(attested.attestation.reports), 3)}"] += 1
            seen.update(f"agreed {entry.kind.name.lower()}" for entry in attested.transcript)
            seen["certificate of another view"] += bool(attested.transcript) and attested.certificate is None
    return +seen
