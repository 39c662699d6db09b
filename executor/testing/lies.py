"""What liars tell: named lies that are well-formed under a slot's strategy, each the worst of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from executor.errors import InvalidValue
from executor.model.codec import encode_json
from executor.model.observation import Kind, Observation
from executor.model.spec import Aggregate, Fields, Strategy
from executor.model.values import check_value
from executor.testing.json_text import parse_json

_HUGE: Final = "9" * 78  # the most digits a decimal may have


@dataclass(frozen=True, slots=True)
class Lie:
    """A way to lie: tell a number, other bytes, or an error; `copies` repeats the honest value that is least common."""

    name: str
    number: str = "0"
    text: str = "lie"
    error: str = ""
    copies: bool = False

    def told(self, aggregate: Aggregate, honest: Sequence[Observation]) -> Observation:
        """The observation a liar gives when honest nodes see these."""
        values = [seen.value for seen in honest if seen.kind is Kind.VALUE]
        if self.error:
            return Observation.error(self.error)
        if self.copies and values:
            return Observation(Kind.VALUE, min(values, key=lambda value: (values.count(value), value)))
        lie = Observation(Kind.VALUE, self._value(aggregate))
        check_value(aggregate, lie.value)
        return lie

    def _value(self, aggregate: Aggregate) -> bytes:
        if isinstance(aggregate, Fields):
            return encode_json({name: self._single(strategy) for name, strategy in aggregate.strategies})
        return self._single(aggregate).encode("utf-8")

    def _single(self, strategy: Strategy) -> str:
        return self.number if strategy is Strategy.MEDIAN else self.text


LIES: Final = (
    Lie("a value nobody saw", number=_HUGE, text="~"),
    Lie("another value nobody saw", number=f"-{_HUGE}", text=""),
    Lie("zero", number="0", text="0"),
    Lie("another node's value", copies=True),
    Lie("an error", error="lie"),
)
"""For decimals the extremes, for bytes values that nobody else has, and what tips a tie."""


def is_within(aggregate: Aggregate, agreed: bytes, honest: Sequence[bytes]) -> bool:
    """Whether liars stayed in their bound: a median between honest values, anything else a value an honest node saw."""
    match aggregate:
        case Strategy.MEDIAN:
            numbers = [Decimal(value.decode("ascii")) for value in honest]
            return bool(numbers) and min(numbers) <= Decimal(agreed.decode("ascii")) <= max(numbers)
        case Strategy():
            return agreed in honest
        case Fields():
            return all(
                is_within(strategy, _field(agreed, name), [_field(value, name) for value in honest])
                for name, strategy in aggregate.strategies
            )
    raise InvalidValue(f"{aggregate!r} promises no bound")


def _field(value: bytes, name: str) -> bytes:
    text: str = parse_json(value)[name]
    return text.encode("utf-8")
