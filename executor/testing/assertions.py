"""Assertions about functions, for tests: in three lines alone, or inside @given with what was drawn there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from executor.errors import InvalidValue
from executor.model.outcome import Failed, Returned
from executor.model.outcome import Final as Ending
from executor.testing.agreeing import Problem, play
from executor.testing.diverging import first_divergence
from executor.testing.functions import FunctionLike, positions_for, program_of
from executor.testing.lies import LIES, Lie
from executor.testing.quorums import check_committee
from executor.testing.replies import World, world
from executor.testing.reports import DoesNotAgree, NotDeterministic
from executor.testing.searching import Inputs, given_inputs, search, strategies_of
from executor.testing.strategies.http import worlds
from executor.testing.variants import Here, Variant, elsewhere

Examples: TypeAlias = Mapping[str, Any]
"""An example by URL; each node gets its own variation of it."""
Replies: TypeAlias = "Examples | Sequence[Examples] | st.SearchStrategy[Sequence[Examples]]"
"""Examples to vary; or what each node sees, exactly; or a strategy for that."""
MAX_EXAMPLES: Final = 50
MAX_PICK: Final = 7


def assert_deterministic(
    function: FunctionLike,
    *,
    inputs: Inputs = b"",
    replies: Examples | Sequence[Examples] | st.SearchStrategy[Examples] = MappingProxyType({}),
    variants: Sequence[Variant] | None = None,
    steady: Collection[str] = (),
    max_examples: int = 20,
) -> None:
    """One request over one transcript has one outcome, fuel and every host call included, wherever it runs.

    That is: again in this process, and in `variants`, by default fresh processes with other hash seeds, locales, time
    zones, directories and engine configurations. Observe runs over the same replies see the same. Examples are varied
    and meet outages; of a list, each world is tried as it is.
    Raises NotDeterministic, an AssertionError with the smallest case found; what `program_of` and the runs raise.
    """
    __tracebackhide__ = True
    program = program_of(function)
    places: list[Variant] = [Here(), *(elsewhere(program) if variants is None else variants)]

    def found(input: bytes, seen: Examples) -> NotDeterministic | None:
        return first_divergence(program, input, world(seen), places)

    if isinstance(replies, Sequence) and not replies:
        raise InvalidValue("no replies: nothing would be tried; a world without any is {}")
    if isinstance(replies, Sequence) and not isinstance(inputs, st.SearchStrategy):
        _raise_first(found(input, each) for input in given_inputs(inputs) for each in replies)
        return
    if isinstance(replies, Sequence):
        seen: st.SearchStrategy[Examples] = st.sampled_from(replies)
    elif isinstance(replies, Mapping):
        seen = worlds(replies, 1, failing=1, steady=steady).map(lambda every: every[0])
    else:
        seen = replies
    for strategy in strategies_of(inputs):
        _raise_first([search(st.tuples(strategy, seen), lambda case: found(*case), max_examples)])


def assert_agrees(
    function: FunctionLike,
    *,
    replies: Replies,
    inputs: Inputs = b"",
    n: int = 4,
    f: int = 1,
    steady: Collection[str] = (),
    must_agree: Callable[[Sequence[World]], bool] = lambda _: True,
    ends: tuple[type[Ending], ...] = (Returned,),
    max_examples: int = MAX_EXAMPLES,
) -> None:
    """A committee of n agrees on this function whatever f members do, when honest ones see these replies.

    Examples by URL are varied node to node as real APIs do, fields in `steady` excepted, and up to f nodes meet an
    outage. A list says what each node sees. `must_agree` says of which replies agreement is expected; over others the
    function may fail. `ends` are the outcomes that are good.
    Raises DoesNotAgree, an AssertionError with the smallest case found; what `program_of` raises.
    """
    __tracebackhide__ = True
    check_committee(n, f)
    program = program_of(function)

    def found(input: bytes, given: Sequence[Examples], lies: Sequence[Lie], pick: int) -> DoesNotAgree | None:
        seen = [world(each) for each in given]
        if len(seen) != n:
            raise InvalidValue(f"replies for {len(seen)} of {n} nodes")
        agreeing = must_agree(seen)
        good = ends if agreeing else (*ends, Failed)
        problem: Problem | None = play(program, input, seen, f, must_agree=agreeing, lies=lies, ends=good, pick=pick)
        return None if problem is None else DoesNotAgree(problem, input, seen, f, positions_for(program))

    if isinstance(replies, Sequence) and not isinstance(inputs, st.SearchStrategy):
        _raise_first(found(each, replies, LIES, 0) for each in given_inputs(inputs))
        return
    seen = _worlds(replies, n, f, steady)
    for strategy in strategies_of(inputs):
        cases = st.tuples(strategy, seen, _lies(), st.integers(0, MAX_PICK))
        _raise_first([search(cases, lambda case: found(*case), max_examples)])


def _worlds(replies: Replies, n: int, f: int, steady: Collection[str]) -> st.SearchStrategy[Sequence[Examples]]:
    match replies:
        case st.SearchStrategy():
            return replies
        case Mapping():
            return worlds(replies, n, failing=f, steady=steady)
        case _:
            return st.just(replies)


@st.composite
def _lies(draw: st.DrawFn) -> tuple[Lie, ...]:
    """The named lies, and one more."""
    number = draw(st.integers(-(10**6), 10**6))
    return (*LIES, Lie("anything", number=f"{number}", text=f"lie {number}"))


def _raise_first(found: Any) -> None:
    __tracebackhide__ = True
    for each in found:
        if each is not None:
            raise each
