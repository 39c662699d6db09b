"""`simulate`: one request of a real function by a committee in memory, with named faults; deterministic by seed.

    done = simulate("examples/eth_usd", replies={"https://api.example.com/price": {"price": "12.5"}})
    assert done.attested, done.verdict()

The members, their messages and signatures are real (simulated_engine.py), and so are `execute` and `observe`; the
clock, the wire and what nodes see of the world are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from executor.capabilities import GivenPrivateData
from executor.errors import HostFault, InvalidConfig
from executor.model.function import Function
from executor.model.manifest import DrandRandom
from executor.model.observation import Observation
from executor.model.outcome import Awaiting, Outcome
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.protocol.triggering import as_triggered
from executor.testing.faults import FAULTS
from executor.testing.functions import FunctionLike, positions_for, program_of
from executor.testing.replies import World, finished, made_up_secrets
from executor.testing.simulate_result import Simulated, conclude
from executor.testing.simulate_world import Replies, WatchedWorld, worlds_of
from executor.testing.simulated_committee import START_S, make_epoch, make_request
from executor.testing.simulated_rounds import SimulatedRounds
from executor.testing.simulation import Simulation
from executor.vm import Program, execute, observe

SILENT, SLOW, CRASH = "silent", "slow", "crash"
WRONG_PART: Final = "wrong-part"  # of the committee's draws: a right one, of another draw
SLOW_S: Final = 6.0  # longer than a round of 4 s, so that a slow node is late for the one it began in
CRASH_AFTER: Final = 5  # effects: its observation is in the journal, and nobody has heard of it
CRASH_S: Final = 0.2
FAULT_NAMES: Final = (SILENT, SLOW, CRASH, WRONG_PART, *sorted(FAULTS))


def simulate(
    function: FunctionLike,
    *,
    input: bytes = b"",
    n: int = 4,
    f: int | None = None,
    replies: Replies = MappingProxyType({}),
    secrets: Mapping[str, bytes] | None = None,
    faults: str | Mapping[int, str] = MappingProxyType({}),
    seed: int = 0,
    block_timestamp: int = int(START_S),
    limit_s: float = 120.0,
    triggered: bool = False,
    subscription: int = 0,
) -> Simulated:
    """What becomes of one request of this function in a committee of n.

    Without `secrets` every granted name has a made-up value; a private input is an open envelope (docs/secrets.md).
    `faults` maps nodes to names of FAULT_NAMES; one name alone strikes the last `f` nodes, by default as many as the
    committee bears. `limit_s` is simulated time, on top of what a draw waits. With `triggered` the input is a
    triggered run's (docs/triggers.md), and the context says so, as it says which `subscription` pays. Raises
    InvalidConfig, InvalidTrigger, InvalidModule, InvalidManifest, HostFault.
    """
    program = program_of(function)
    struck = _struck(faults, n, f)
    made = make_request()
    home = program.function.terms.home_chain or made.chain_id
    subject = replace(
        made,
        chain_id=home,
        function_id=program.function_id,
        input=input,
        block_timestamp=block_timestamp,
        subscription=subscription,
    )
    if triggered:
        subject = as_triggered(subject)
    private = GivenPrivateData(made_up_secrets(program.function.terms) if secrets is None else secrets)
    runs = _Runs(program, subject, worlds_of(replies, n), private)
    suite = SimulatedRounds()
    simulation = Simulation(
        runs.execute,
        lambda node, transcript, _: runs.observe(node, transcript, struck.get(node)),
        epoch=replace(make_epoch(n, suite=suite), chain_id=home),
        suite=suite,
        seed=seed,
        dead=[node for node, name in struck.items() if name == SILENT],
        slow_s={node: SLOW_S for node, name in struck.items() if name == SLOW},
        wrong_parts=[node for node, name in struck.items() if name == WRONG_PART],
        broken={node: runs.broken(name) for node, name in struck.items() if name in FAULTS},
    )
    for node in (node for node, name in struck.items() if name == CRASH):
        simulation.nodes[node].crashes[CRASH_AFTER] = CRASH_S
    first_round = simulation.epoch.round_at(simulation.now)
    key = simulation.request(subject)
    watched = [node for node in simulation.nodes if node.index not in struck] or simulation.nodes
    if isinstance(drawing := program.function.terms.capabilities.random, DrandRandom):
        limit_s += drawing.delay_s
    simulation.until(lambda: any(key in node.attested for node in watched), limit_s)
    attested = next((node.attested[key] for node in watched if key in node.attested), None)
    seconds = simulation.now - START_S
    done = conclude(
        simulation.epoch, attested, runs.seen, runs.specs, struck, seconds, first_round, frozenset(runs.unanswered)
    )
    return replace(done, positions=positions_for(program), request=subject)


def _struck(faults: str | Mapping[int, str], n: int, f: int | None) -> dict[int, str]:
    if n < 1:
        raise InvalidConfig(f"n = {n}: a committee has at least one node")
    count = (n - 1) // 3 if f is None else f
    if not 0 <= count <= n:
        raise InvalidConfig(f"f = {count}: a committee of {n} has no such number of faulty nodes")
    struck = dict.fromkeys(range(n - count, n), faults) if isinstance(faults, str) else dict(faults)
    for node, name in struck.items():
        if name not in FAULT_NAMES:
            raise InvalidConfig(f"fault {name!r}: known are {', '.join(FAULT_NAMES)}")
        if not 0 <= node < n:
            raise InvalidConfig(f"fault {name!r}: there is no node {node} in a committee of {n}")
    return struck


class _Runs:
    """Real runs, kept: honest nodes execute alike, and a node that looks again sees the same."""

    def __init__(self, program: Program, request: Request, worlds: Sequence[World], private: GivenPrivateData) -> None:
        self._program, self._request, self._worlds, self._private = program, request, worlds, private
        self._outcomes: dict[Transcript, Outcome] = {}
        self.seen: dict[tuple[Transcript, int], Observation] = {}
        self.specs: dict[Transcript, bytes] = {}
        self.unanswered: set[str] = set()

    def execute(self, transcript: Transcript) -> Outcome:
        """The honest outcome over a transcript."""
        if transcript not in self._outcomes:
            outcome = self._outcomes[transcript] = execute(self._program, self._request, transcript)
            self.specs[transcript] = outcome.spec if isinstance(outcome, Awaiting) else b""
        return self._outcomes[transcript]

    def observe(self, node: int, transcript: Transcript, fault: str | None) -> Observation:
        """What a node says it sees over a transcript."""
        if (transcript, node) not in self.seen:
            terms, request = self._program.function.terms, self._request
            world = WatchedWorld(terms, self._worlds[node], self._private, request=request)
            seen = observe(self._program, request, transcript, world)
            self.unanswered |= world.missing
            if fault is not None and fault in FAULTS:
                wrapped = FAULTS[fault](_Honest(seen=seen))
                seen = finished(wrapped.observe(self._program.function, self._request, transcript))
            self.seen[transcript, node] = seen
        return self.seen[transcript, node]

    def broken(self, fault: str) -> Callable[[Transcript], Outcome]:
        """The runs of a node with this fault."""

        def run(transcript: Transcript) -> Outcome:
            wrapped = FAULTS[fault](_Honest(outcome=self.execute(transcript)))
            return finished(wrapped.execute(self._program.function, self._request, transcript))

        return run


class _Honest:
    """What a fault (testing/faults.py) is wrapped around: one honest result that is there already."""

    def __init__(self, *, outcome: Outcome | None = None, seen: Observation | None = None) -> None:
        self._outcome, self._seen = outcome, seen

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:  # noqa: ARG002 (the interface's)
        """The honest outcome."""
        if self._outcome is None:
            raise HostFault("a fault executed where it was to observe")
        return self._outcome

    async def observe(self, function: Function, request: Request, transcript: Transcript) -> Observation:  # noqa: ARG002 (the interface's)
        """The honest observation."""
        if self._seen is None:
            raise HostFault("a fault observed where it was to execute")
        return self._seen


__all__ = ["FAULT_NAMES", "Simulated", "simulate"]
