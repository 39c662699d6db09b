"""What is wrong with a play, if anything.

Rule 1. Honest nodes that see the same thing, told as differently as APIs do any day, must propose one value where the
        strategy needs one: `identical` the same from all, `mode` the same from a quorum. Strategies of numbers take any
        numbers; of sets and lists something must be left that enough nodes hold. Under `single` one node looks.
Rule 2. No input and no reply may end a run in a trap: it burns all fuel and tells the user's contract nothing. Nor may
        a look run out of fuel.
Rule 3. An agreed error is no fault, however the function goes on from there; but with the example's own replies, or the
        same told differently, the function must not fail.
Rule 4. Where no node got an answer, there is no value.
Rule 5. What the manifest refuses is asked for nowhere, unless the input names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final

from executor.model.codec import decode_json
from executor.model.observation import Kind as Seen
from executor.model.outcome import Failed, TrapCode, Trapped
from executor.model.profile import PROFILE
from executor.model.spec import FORMS, Fields, Form, Strategy
from executor.testing.checking.committee import QUORUM, Played, Slot
from executor.testing.checking.contents import Drift
from executor.testing.checking.findings import Kind
from executor.testing.checking.scene import Scene
from executor.testing.variations import Variation

RANDOM_WORDS: Final = "would differ from node to node: agreed randomness"  # what every engine's SDK says
NOTHING: Final = b"[]"
EMPTY: Final = (NOTHING, b"{}")
_REFUSED: Final = {
    "http-host-not-allowed": Kind.HOST_NOT_ALLOWED,
    "http-method-not-allowed": Kind.METHOD_NOT_ALLOWED,
    "not-granted": Kind.NOT_GRANTED,
    "evm-chain-not-granted": Kind.NOT_GRANTED,
}
_TRAPS: Final = (
    ("limits.observations", Kind.TOO_MANY_OBSERVATIONS),
    ("limits.output_bytes", Kind.OUTPUT_TOO_LARGE),
)


class Trust(Enum):
    """How much the replies are worth: only a user's own example must succeed."""

    GIVEN = "given"
    GUESSED = "guessed"


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something wrong in one play; the same suspect in a smaller play is the same fault.

    `kind` None: honest nodes disagree, and what about is known once the scene is small (advice.py).
    """

    kind: Kind | None
    slot: int = -1
    field: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges plays against the first one, of the example input and replies as they are."""

    trust: Trust
    examples: frozenset[bytes]
    given_inputs: bool
    first: dict[bytes, Played]

    def suspects(self, played: Played, urls: frozenset[str]) -> list[Suspect]:
        """Everything wrong with this play."""
        found = [*self._asked(played), *_random(played), *_trapped(played), *_looping(played)]
        for slot in played.slots:
            if played.scene.ordinary:
                found += _disagreement(played.scene, slot)
                found += self._failing(played, slot)
            elif played.scene.dead(urls):
                found += _errors_as_values(slot)
        if not found:
            found += self._failed(played)
        return list(dict.fromkeys(found))

    def _asked(self, played: Played) -> Iterator[Suspect]:
        if played.scene.input not in self.examples:
            return  # Rule 5
        for slot in played.slots:
            for asked in (asked for look in slot.looks for asked in look.asked):
                if asked.refused in _REFUSED:
                    subject = asked.method if "method" in asked.refused else asked.url.partition("?")[0]
                    yield Suspect(_REFUSED[asked.refused], slot.index, subject=subject)
            if any(look.seen.kind is Seen.ERROR and look.seen.value == b"not-granted" for look in slot.looks):
                yield Suspect(Kind.NOT_GRANTED, slot.index)

    def _failing(self, played: Played, slot: Slot) -> Iterator[Suspect]:
        """Rule 3, inside an observation."""
        if played.scene.input not in self.examples:
            return
        before = self.first.get(played.scene.input)
        well = before is not None and len(before.slots) > slot.index and _is_value(before.slots[slot.index])
        for look in slot.looks:
            if look.seen.kind is Seen.VALUE or RANDOM_WORDS in look.words:
                continue
            code = look.seen.value.decode("ascii")
            if any(asked.refused for asked in look.asked) or code in _REFUSED:
                continue  # said already
            if code == "out-of-fuel":
                continue  # said already
            if "propose: " in look.words and " bytes" in look.words and code == "invalid-value":
                yield Suspect(Kind.OBSERVATION_TOO_LARGE, slot.index)
            elif well:
                yield Suspect(Kind.FRAGILE_READING, slot.index, subject=code)
            elif self.trust is Trust.GIVEN:
                kind = Kind.BAD_VALUE if code in ("bad-value", "invalid-value") else Kind.OBSERVATION_FAILS
                yield Suspect(kind, slot.index, subject=code)

    def _failed(self, played: Played) -> Iterator[Suspect]:
        """Rule 3, of the whole run."""
        known = self.given_inputs and played.scene.input in self.examples and self.trust is Trust.GIVEN
        if known and played.scene.pristine and isinstance(played.outcome, Failed):
            yield Suspect(Kind.EXAMPLE_FAILS)


def values_of(slot: Slot, field: str) -> list[bytes | None]:
    """What each node proposed for one part of a slot; None where it proposed none."""
    return [_part(look.seen.value, field) if look.seen.kind is Seen.VALUE else None for look in slot.looks]


def strategies_of(slot: Slot) -> list[tuple[str, Strategy]]:
    """The parts of a slot that are agreed by themselves: ("", strategy), or one for each field."""
    aggregate = slot.spec.aggregate
    return list(aggregate.strategies) if isinstance(aggregate, Fields) else [("", aggregate)]


def axes_of(scene: Scene) -> frozenset[str]:
    """In what the replies of this scene's nodes vary."""
    usual = Variation()
    twists = [twist for row in scene.twists for _, twist in row]
    variations = [twist for twist in twists if isinstance(twist, Variation)]
    drifting = frozenset({"drift"}) if any(isinstance(twist, Drift) for twist in twists) else frozenset[str]()
    return drifting | frozenset(
        each.name
        for each in fields(usual)
        for one in variations
        if getattr(one, each.name) != getattr(usual, each.name)
    )


def _disagreement(scene: Scene, slot: Slot) -> Iterator[Suspect]:
    """Rule 1; and a median of numbers made from request ids is no one's measurement."""
    for field, strategy in strategies_of(slot):
        counts = Counter(value for value in values_of(slot, field) if value is not None)
        if len(counts) < 2:
            continue
        if strategy is Strategy.IDENTICAL or (strategy is Strategy.MODE and max(counts.values()) < QUORUM):
            yield Suspect(None, slot.index, field)
        elif FORMS[strategy] is Form.DECIMAL and axes_of(scene) == {"request"}:
            yield Suspect(Kind.REPLY_ID, slot.index, field)
        elif FORMS[strategy] in (Form.SET, Form.LIST) and NOTHING not in counts and _left(slot, field) in EMPTY:
            yield Suspect(None, slot.index, field)


def _left(slot: Slot, field: str) -> bytes:
    return _part(slot.entry.value, field) if slot.entry.kind is Seen.VALUE else b""


def _errors_as_values(slot: Slot) -> Iterator[Suspect]:
    """Rule 4."""
    if any(look.seen.kind is Seen.VALUE and look.asked for look in slot.looks):
        yield Suspect(Kind.ERROR_AS_VALUE, slot.index)


def _random(played: Played) -> Iterator[Suspect]:
    if RANDOM_WORDS in played.words:
        yield Suspect(Kind.RANDOM)
    for slot in played.slots:
        if any(RANDOM_WORDS in look.words for look in slot.looks):
            yield Suspect(Kind.RANDOM, slot.index)


def _trapped(played: Played) -> Iterable[Suspect]:
    """Rule 2."""
    match played.outcome:
        case Trapped(TrapCode.OUT_OF_FUEL, _):
            return [Suspect(Kind.OUT_OF_FUEL)]
        case Trapped():
            last = played.words.rpartition("\n")[2]
            return [Suspect(next((kind for words, kind in _TRAPS if words in last), Kind.TRAP))]
        case _:
            return []


def _looping(played: Played) -> Iterator[Suspect]:
    """Rule 2, of a look: whatever a server sends, a node's look must end."""
    for slot in played.slots:
        if any(look.seen.kind is Seen.ERROR and look.seen.value == b"out-of-fuel" for look in slot.looks):
            yield Suspect(Kind.OUT_OF_FUEL, slot.index)


def _is_value(slot: Slot) -> bool:
    return all(look.seen.kind is Seen.VALUE for look in slot.looks)


def _part(value: bytes, field: str) -> bytes:
    if not field:
        return value
    plain: dict[str, str] = decode_json(value, limit=PROFILE.ceilings.observation_bytes)
    return plain[field].encode("utf-8")
