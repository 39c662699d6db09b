"""Whether a committee agrees on a function: its nodes' looks, the protocol's rules, and the lies of f liars.

Rule 1. Where the replies must agree, every set of q values that a leader may pick gives a value, whoever lies and
        however (testing/lies.py). Nodes that see an error count as faulty: they and the liars together are at most f.
Rule 2. The value stays in its strategy's bound: a median between honest values, else a value an honest node saw.
Rule 3. Under `single` the chosen node's look is agreed, and no lie of its is played: it may tell anything.
Rule 4. Elsewhere any entry will do, an agreed error included. The run goes on over what was agreed.
Rule 5. The run ends in one of the given ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from typing import Final

from executor.crypto.digests import request_id
from executor.model.draw import is_draw
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting
from executor.model.outcome import Final as Ending
from executor.model.request import Request
from executor.model.spec import Spec, parse_spec
from executor.model.transcript import Entry, Transcript
from executor.protocol.strategies import agree, alone_member
from executor.testing.lies import LIES, Lie, is_within
from executor.testing.looking import Look, look
from executor.testing.quorums import set_of
from executor.testing.replies import World
from executor.testing.runs import Trace, traced
from executor.testing.simulated_rounds import simulated_entry
from executor.vm import Program

MAX_SETS: Final = 600  # observation sets tried at one slot: all of 7 nodes with one lie, every other one beyond
START_S: Final = 1_700_000_000  # the request's block timestamp; any would do


@dataclass(frozen=True, slots=True)
class Told:
    """What n nodes tell a leader: what each saw, and what the liars among them say instead."""

    looks: tuple[Look, ...]
    lies: Mapping[int, Observation]
    lie: str = ""

    def observation(self, node: int) -> Observation:
        """What this node tells."""
        return self.lies.get(node, self.looks[node].seen)


@dataclass(frozen=True, slots=True)
class SlotProblem:
    """A slot on which the nodes do not agree, or agree on too much: `chosen` are the nodes whose values were taken."""

    kind: str
    slot: int
    spec: bytes
    told: Told
    chosen: tuple[int, ...]
    agreed: tuple[Kind, bytes] | None


@dataclass(frozen=True, slots=True)
class EndProblem:
    """A run over an agreed transcript that ended as it must not."""

    trace: Trace
    transcript: Transcript


Problem = SlotProblem | EndProblem
TOO_FEW, NO_VALUE, OUT_OF_BOUND = "too few values", "no value", "out of bound"


def play(
    program: Program,
    input: bytes,
    worlds: Sequence[World],
    f: int,
    *,
    must_agree: bool = True,
    lies: Sequence[Lie] = LIES,
    ends: tuple[type[Ending], ...],
    pick: int = 0,
) -> Problem | None:
    """The first problem of one request in a committee whose nodes see these worlds, or None. Deterministic.

    `pick` chooses among what different sets agree on: the run goes on over that. Raises HostFault.
    """
    home = program.function.terms.home_chain
    request = Request.local(program.function_id, input, block_timestamp=START_S, chain_id=home)
    transcript: Transcript = ()
    while True:
        trace = traced(program, request, transcript)
        if not isinstance(trace.end, Awaiting):
            return None if isinstance(trace.end, ends) else EndProblem(trace, transcript)
        if is_draw(trace.end.spec):
            transcript = (*transcript, simulated_entry(trace.end.spec))
            continue
        looks = look(program, request, transcript, worlds)
        alone = alone_member(request_id(request), len(looks))
        if must_agree:
            agreed = _agreements(trace.end, looks, f, lies, alone)
            if isinstance(agreed, SlotProblem):
                return agreed
        else:
            said = set_of(trace.end.spec, [each.seen for each in looks], f, alone)
            agreed = [agree(trace.end.spec, said, len(looks), f)]
        transcript = (*transcript, Entry(trace.end.spec, *agreed[pick % len(agreed)]))


def _agreements(
    awaited: Awaiting, looks: tuple[Look, ...], f: int, lies: Sequence[Lie], alone: int
) -> list[tuple[Kind, bytes]] | SlotProblem:
    """Everything that can be agreed on at a slot, what honest nodes alone agree on first; or what is wrong (Rule 1)."""
    spec, n = parse_spec(awaited.spec), len(looks)
    if spec.alone:  # Rule 3
        return [agree(awaited.spec, [looks[alone].seen], n, f)]
    errors = [each.node for each in looks if each.seen.kind is Kind.ERROR]
    if len(errors) > f:
        return SlotProblem(TOO_FEW, awaited.slot, awaited.spec, Told(looks, {}), tuple(errors), None)
    found: dict[tuple[Kind, bytes], None] = {}
    for told in _tellings(spec, looks, f - len(errors), lies):
        values = [node for node in range(n) if told.observation(node).kind is Kind.VALUE]
        for chosen in combinations(values, n - f):
            agreed = agree(awaited.spec, [told.observation(node) for node in chosen], n, f)
            if wrong := _wrong(spec, told, agreed):
                return SlotProblem(wrong, awaited.slot, awaited.spec, told, chosen, agreed)
            found[agreed] = None
    return list(found)


def _wrong(spec: Spec, told: Told, agreed: tuple[Kind, bytes]) -> str:
    kind, value = agreed
    if kind is not Kind.VALUE:
        return NO_VALUE
    honest = [each.seen.value for each in told.looks if each.node not in told.lies and each.seen.kind is Kind.VALUE]
    return "" if is_within(spec.aggregate, value, honest) else OUT_OF_BOUND


def _tellings(spec: Spec, looks: tuple[Look, ...], liars: int, lies: Sequence[Lie]) -> Iterator[Told]:
    """The truth, then every lie by every choice of liars among those who see a value; thinned to MAX_SETS."""
    yield Told(looks, {})
    able = [each.node for each in looks if each.seen.kind is Kind.VALUE]
    if not liars:
        return
    choices = [(chosen, lie) for chosen in combinations(able, liars) for lie in lies]
    sets = len(choices) * comb(len(looks), liars)
    for chosen, lie in islice(choices, 0, None, sets // MAX_SETS + 1):
        honest = [each.seen for each in looks if each.node not in chosen]
        yield Told(looks, dict.fromkeys(chosen, lie.told(spec.aggregate, honest)), lie.name)
