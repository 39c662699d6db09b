"""What liars tell: named lies that are well-formed under a slot's strategy, each the worst of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, assert_never

from executor.model.codec import encode_json
from executor.model.observation import Kind, Observation
from executor.model.spec import FORMS, Aggregate, Fields, Form, Strategy
from executor.model.values import YES, check_value, encode_items, items_of
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
        match FORMS[strategy]:
            case Form.BYTES:
                return self.text
            case Form.YES:
                return YES.decode("ascii")
            case Form.DECIMAL:
                return self.number
            case Form.SET | Form.LIST:
                return encode_items([self.text]).decode("utf-8")
            case form:
                assert_never(form)


LIES: Final = (
    Lie("a value nobody saw", number=_HUGE, text="~"),
    Lie("another value nobody saw", number=f"-{_HUGE}", text=""),
    Lie("zero", number="0", text="0"),
    Lie("another node's value", copies=True),
    Lie("an error", error="lie"),
)
"""For decimals the extremes, for bytes values that nobody else has, and what tips a tie."""


def is_within(aggregate: Aggregate, agreed: bytes, honest: Sequence[bytes]) -> bool:
    """Whether liars stayed in their bound: a number between honest ones, nothing in it that no honest node saw.

    Under `single` the honest node's own value, if the one that looks is honest; a liar there is bound by nothing.
    """
    if isinstance(aggregate, Fields):
        return all(
            is_within(strategy, _field(agreed, name), [_field(value, name) for value in honest])
            for name, strategy in aggregate.strategies
        )
    match aggregate:
        case Strategy.IDENTICAL | Strategy.MODE | Strategy.SINGLE | Strategy.CONSENT:
            return agreed in honest
        case Strategy.MEDIAN | Strategy.MIN | Strategy.MAX | Strategy.TRIMMED_MEAN:
            numbers = [Decimal(value.decode("ascii")) for value in honest]
            return bool(numbers) and min(numbers) <= Decimal(agreed.decode("ascii")) <= max(numbers)
        case Strategy.UNION | Strategy.INTERSECTION | Strategy.FREQUENCY:
            return set(parse_json(agreed)) <= {item for value in honest for item in items_of(value)}
        case Strategy.COMMON_PREFIX:
            start = items_of(agreed)
            return any(items_of(value)[: len(start)] == start for value in honest)
        case Strategy.COMMON_SUFFIX:
            end = items_of(agreed)[::-1]
            return any(items_of(value)[::-1][: len(end)] == end for value in honest)
        case _:
            assert_never(aggregate)


def _field(value: bytes, name: str) -> bytes:
    text: str = parse_json(value)[name]
    return text.encode("utf-8")
