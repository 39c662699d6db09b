"""What n nodes observe, up to f of them lying, and the transcripts that the protocol's own rules make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

from hypothesis import strategies as st

from executor.model.codec import encode_json
from executor.model.observation import Kind, Observation
from executor.model.spec import FORMS, Aggregate, Fields, Form, parse_spec
from executor.model.transcript import Entry, Transcript
from executor.model.values import YES, encode_items, encode_set
from executor.protocol.strategies import agree
from executor.testing.quorums import check_committee, set_of

MAX_ULPS: Final = 9
_CODES: Final = ("http-timeout", "http-connect", "threw")
_TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@dataclass(frozen=True, slots=True)
class ObservationSet:
    """What each of n nodes says about one slot, by index; those in `liars` may say anything well-formed.

    Under `single` it is node `alone` that looks.
    """

    spec: bytes
    observations: tuple[Observation, ...]
    liars: frozenset[int]
    f: int
    alone: int = 0

    @property
    def honest(self) -> tuple[Observation, ...]:
        """What the nodes that do not lie say."""
        return tuple(seen for index, seen in enumerate(self.observations) if index not in self.liars)

    @property
    def quorum(self) -> tuple[Observation, ...]:
        """A set that the protocol agrees on: q values if there are as many, else f + 1 errors, else a mixed one."""
        return set_of(self.spec, self.observations, self.f, self.alone)

    def agreed(self) -> tuple[Kind, bytes]:
        """What the protocol makes of `quorum`."""
        return agree(self.spec, self.quorum, n=len(self.observations), f=self.f)


def spec_bytes(spec: bytes | str | Mapping[str, Any]) -> bytes:
    """The canonical bytes of a spec: given as such, as a strategy's name, or as plain JSON; raises InvalidSpec."""
    if isinstance(spec, str):
        spec = {"aggregate": spec}
    data = spec if isinstance(spec, bytes) else encode_json(dict(spec))
    parse_spec(data)
    return data


def observations(spec: bytes | str | Mapping[str, Any]) -> st.SearchStrategy[Observation]:
    """Anything one node can say under a spec: any well-formed value, or an error."""
    aggregate = parse_spec(spec_bytes(spec)).aggregate
    values = _any_value(aggregate).map(lambda value: Observation(Kind.VALUE, value))
    return st.one_of(values, st.sampled_from(_CODES).map(Observation.error))


def observation_sets(
    spec: bytes | str | Mapping[str, Any], n: int = 4, f: int = 1, *, failing: int = 0
) -> st.SearchStrategy[ObservationSet]:
    """What n nodes say of which up to f lie: honest ones see the same thing (decimals a few last digits apart).

    Up to `failing` honest nodes see an error instead. Raises InvalidSpec, InvalidValue for a committee that is none.
    """
    check_committee(n, f)
    data = spec_bytes(spec)
    return _sets(data, parse_spec(data).aggregate, n, f, failing)


def transcripts(
    specs: Sequence[bytes | str | Mapping[str, Any]], n: int = 4, f: int = 1, *, failing: int = 0
) -> st.SearchStrategy[Transcript]:
    """A transcript with one entry for each spec, each agreed from an observation set by the protocol's own code."""
    sets = [observation_sets(spec, n, f, failing=failing) for spec in specs]
    return st.tuples(*sets).map(lambda every: tuple(Entry(each.spec, *each.agreed()) for each in every))


@st.composite
def _sets(draw: st.DrawFn, spec: bytes, aggregate: Aggregate, n: int, f: int, failing: int) -> ObservationSet:
    said = [Observation(Kind.VALUE, value) for value in draw(_honest_values(aggregate, n))]
    for _ in range(draw(st.integers(0, failing))):
        said[draw(st.integers(0, n - 1))] = Observation.error(draw(st.sampled_from(_CODES)))
    liars = draw(st.frozensets(st.integers(0, n - 1), max_size=f))
    for liar in sorted(liars):
        said[liar] = draw(observations(spec))
    return ObservationSet(spec, tuple(said), liars, f, draw(st.integers(0, n - 1)))


@st.composite
def _honest_values(draw: st.DrawFn, aggregate: Aggregate, n: int) -> list[bytes]:
    if isinstance(aggregate, Fields):
        columns = {name: draw(_honest_values(strategy, n)) for name, strategy in aggregate.strategies}
        return [encode_json({name: column[node].decode() for name, column in columns.items()}) for node in range(n)]
    match FORMS[aggregate]:
        case Form.BYTES:
            return [draw(_TEXT).encode("utf-8")] * n
        case Form.YES:
            return [YES] * n
        case Form.SET | Form.LIST as form:
            return [draw(_items(form))] * n
        case Form.DECIMAL:
            pass
        case form:
            assert_never(form)
    base, places = draw(st.integers(0, 10**6)), draw(st.integers(0, 8))
    return [_decimal(base + draw(st.integers(0, MAX_ULPS)), places) for _ in range(n)]


def _any_value(aggregate: Aggregate) -> st.SearchStrategy[bytes]:
    if isinstance(aggregate, Fields):
        texts = {
            name: _TEXT if FORMS[each] is Form.BYTES else _any_value(each).map(bytes.decode)
            for name, each in aggregate.strategies
        }
        return st.fixed_dictionaries(texts).map(encode_json)
    match FORMS[aggregate]:
        case Form.BYTES:
            return st.binary(max_size=16)
        case Form.YES:
            return st.just(YES)
        case Form.DECIMAL:
            return st.builds(_decimal, st.integers(-(10**77), 10**77), st.integers(0, 40))
        case Form.SET | Form.LIST as form:
            return _items(form)
        case form:
            assert_never(form)


def _items(form: Form) -> st.SearchStrategy[bytes]:
    """A set or a list of a few texts."""
    return st.lists(_TEXT, max_size=4).map(encode_set if form is Form.SET else encode_items)


def _decimal(number: int, places: int) -> bytes:
    """A decimal string, its point moved left by so many places."""
    digits = str(abs(number)).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
    return f"{'-' if number < 0 else ''}{whole}{'.' if fraction else ''}{fraction}".encode("ascii")
