"""What a simulated request ended in, for assertions and for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from executor.crypto.digests import transcript_hash
from executor.javascript import Positions
from executor.model.codec import decode_json
from executor.model.committee import Epoch
from executor.model.draw import CommitteeDraw, DrandDraw, Draw, is_draw, parse_draw
from executor.model.ids import TranscriptHash
from executor.model.observation import Kind, Observation
from executor.model.outcome import Failed, Final, Returned, TrapCode, Trapped
from executor.model.profile import PROFILE
from executor.model.report import Report, Status
from executor.model.request import Request
from executor.model.spec import Fields, Spec, Strategy, parse_spec
from executor.model.transcript import Entry, Transcript
from executor.protocol.effects import Attested
from executor.protocol.strategies import NO_AGREEMENT, error_code
from executor.testing.development_draws import WARNING

MAX_SHOWN = 60  # characters of a value on a line
MAX_ERROR_SHOWN = 200  # of the function's own error, whose place in the source comes last


@dataclass(frozen=True, slots=True)
class Slot:
    """One observation of the request: what each node said it saw, and what was agreed; None while nothing was."""

    index: int
    spec: Spec
    seen: Mapping[int, Observation]
    entry: Entry | None

    @property
    def name(self) -> str:
        """`slot 0 "price"`."""
        return f'slot {self.index} "{self.spec.label}"' if self.spec.label else f"slot {self.index}"

    @property
    def strategy(self) -> str:
        """`median`, or `fields: name identical, price median`."""
        match self.spec.aggregate:
            case Strategy() as one:
                return one.value
            case Fields(strategies):
                return "fields: " + ", ".join(f"{name} {one.value}" for name, one in strategies)
            case _:
                assert_never(self.spec.aggregate)

    def distinct(self) -> Iterator[tuple[str, list[bytes]]]:
        """The different values of each part that the strategy looks at: ("", values), or one for each field."""
        values = [each.value for each in self.seen.values() if each.kind is Kind.VALUE]
        if not isinstance(self.spec.aggregate, Fields):
            yield "", sorted(set(values))
            return
        objects = [decode_json(value, limit=PROFILE.ceilings.observation_bytes) for value in values]
        for name, _ in self.spec.aggregate.strategies:
            yield name, sorted({plain[name].encode("utf-8") for plain in objects})

    @property
    def disagreed(self) -> bool:
        """Whether the honest reason for an agreed error, or its default, is that nodes saw different values."""
        if self.entry is None or self.entry.kind is Kind.VALUE:
            return False
        return error_code(self.entry.value) == NO_AGREEMENT or any(len(values) > 1 for _, values in self.distinct())

    def __str__(self) -> str:
        nodes = ", ".join(f"node {node} {_shown(each)}" for node, each in sorted(self.seen.items()))
        agreed = "nothing" if self.entry is None else f"{self.entry.kind.name.lower()} {_text(self.entry.value)}"
        return f"{self.name} under {self.strategy}: {nodes}; agreed {agreed}"


@dataclass(frozen=True, slots=True)
class Simulated:
    """How a simulated request ended.

    `outcome` is the attested one, or None; `reason` says why there is none or why it is an error's. `rounds` counts
    those the committee needed and `seconds` is simulated time, delivery left out. `faults` are the nodes struck,
    `unanswered` what functions asked and had no reply. `positions` are the user's own lines, for what is said in words;
    `request` is what was asked.
    """

    outcome: Final | None
    reason: str
    slots: tuple[Slot, ...]
    transcript: Transcript
    rounds: int
    seconds: float
    n: int
    f: int
    faults: Mapping[int, str]
    unanswered: frozenset[str] = frozenset()
    positions: Positions = field(default_factory=Positions)
    request: Request | None = None

    @property
    def draws(self) -> tuple[Draw, ...]:
        """What was drawn, in order; rounds and keys are simulated, not drand's and no committee's."""
        return tuple(parse_draw(entry.spec) for entry in self.transcript if entry.kind is Kind.DRAW)

    @property
    def attested(self) -> bool:
        """Whether a quorum signed an outcome."""
        return self.outcome is not None

    def verdict(self) -> str:
        """What happened, in lines for people."""
        struck = ", ".join(f"node {node} {name}" for node, name in sorted(self.faults.items()))
        who = f"{self.n} nodes, f = {self.f}" + (f"; {struck}" if struck else "")
        if self.outcome is None:
            ended = f"nothing attested after {self.seconds:.1f} s"
        else:
            ended = f"attested in round {self.rounds} after {self.seconds:.2f} s: {describe(self.outcome)}"
        lines = [f"{who}: {ended}", *(f"  {slot}" for slot in self.slots)]
        lines += [f"  draw {draw.ordinal} {drawn_in_simulation(draw)}" for draw in self.draws]
        return self.positions.told("\n".join([*lines, f"  {self.reason}"] if self.reason else lines))


def drawn_in_simulation(draw: Draw) -> str:
    """Where a draw came from, and that it was made up."""
    match draw:
        case DrandDraw(round=round):
            return f"from simulated round {round}"
        case CommitteeDraw():
            return WARNING
        case _:
            assert_never(draw)


def describe(outcome: Final) -> str:
    """An outcome in one line."""
    match outcome:
        case Returned(output, _):
            return f"returned {_text(output)}"
        case Failed(error, _):
            return f"failed {_text(error, MAX_ERROR_SHOWN)}"
        case Trapped(code, _):
            return f"trapped {code.name}"
        case _:
            assert_never(outcome)


def conclude(
    epoch: Epoch,
    attested: Attested | None,
    seen: Mapping[tuple[Transcript, int], Observation],
    specs: Mapping[Transcript, bytes],
    faults: Mapping[int, str],
    seconds: float,
    first_round: int,
    unanswered: frozenset[str] = frozenset(),
) -> Simulated:
    """Put a finished simulation into words."""
    transcript = attested.transcript if attested else max(specs, key=len, default=())
    slots = tuple(_slots(transcript, seen, specs))
    outcome = outcome_of(attested.report, attested.payload) if attested else None
    last = (
        attested.report.round
        if attested and attested.report.slots
        else epoch.round_at(seconds) + first_round - epoch.round_at(0)
    )
    reason = _reason(epoch, outcome, slots, faults)
    rounds = last - first_round + 1
    return Simulated(outcome, reason, slots, transcript, rounds, seconds, epoch.n, epoch.f, dict(faults), unanswered)


def outcome_of(report: Report, payload: bytes) -> Final:
    """The outcome that a report and its payload state."""
    match report.status:
        case Status.RETURNED:
            return Returned(payload, report.fuel_used)
        case Status.FAILED:
            return Failed(payload, report.fuel_used)
        case Status.TRAPPED:
            return Trapped(TrapCode(payload[0]), report.fuel_used)
        case _:
            assert_never(report.status)


def _slots(
    transcript: Transcript, seen: Mapping[tuple[Transcript, int], Observation], specs: Mapping[Transcript, bytes]
) -> Iterator[Slot]:
    hashes: dict[TranscriptHash, Transcript] = {transcript_hash(each): each for each in specs}
    for index in range(len(transcript) + 1):
        so_far = hashes.get(transcript_hash(transcript[:index]))
        if so_far is None or not specs[so_far] or is_draw(specs[so_far]):
            return
        nodes = {node: each for (before, node), each in seen.items() if before == so_far}
        yield Slot(index, parse_spec(specs[so_far]), nodes, transcript[index] if index < len(transcript) else None)


def _reason(epoch: Epoch, outcome: Final | None, slots: tuple[Slot, ...], faults: Mapping[int, str]) -> str:
    parts = [_disagreement(slot) for slot in slots if slot.disagreed]
    if outcome is None:
        waiting = next((slot for slot in slots if slot.entry is None), None)
        where = "no quorum for an outcome" if waiting is None else f"{waiting.name} never got its quorum"
        parts.append(f"{where} of {epoch.quorum}: {len(faults)} of {epoch.n} nodes are faulty, {epoch.f} are borne")
    return "; ".join(parts)


def _disagreement(slot: Slot) -> str:
    parts = [f"{len(values)} distinct values{f' of {name}' if name else ''}" for name, values in slot.distinct()]
    return f"{slot.name} under {slot.strategy}: {', '.join(parts)}"


def _shown(seen: Observation) -> str:
    return f"saw {_text(seen.value)}" if seen.kind is Kind.VALUE else f"got error {_text(seen.value)}"


def _text(data: bytes, limit: int = MAX_SHOWN) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = f"0x{data.hex()}"
    if text and not text.isprintable():
        text = f"0x{data.hex()}"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
