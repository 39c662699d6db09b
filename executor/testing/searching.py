"""Looks for the smallest case that fails: given cases one by one, generated ones with Hypothesis.

Rule 1. At most `max_examples` generated cases; everything else is as the Hypothesis profile in force says.
Rule 2. Inside a test that is itself @given, only given cases: there Hypothesis is at work already, and shrinks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, currently_in_test_context, given, settings
from hypothesis import strategies as st

from executor.errors import InvalidValue

T = TypeVar("T")
Inputs: TypeAlias = "bytes | Iterable[bytes] | st.SearchStrategy[bytes]"


class _Found(Exception):
    """Carries what was found through Hypothesis, which keeps the smallest."""

    def __init__(self, what: object) -> None:
        super().__init__()
        self.what = what


def given_inputs(inputs: bytes | Iterable[bytes]) -> list[bytes]:
    """The inputs one by one; raises InvalidValue for none, or for what is no bytes."""
    every = [inputs] if isinstance(inputs, bytes) else list(inputs)
    if wrong := [each for each in every if not isinstance(each, bytes)]:
        raise InvalidValue(f"an input is bytes, not {type(wrong[0]).__name__}")
    if not every:
        raise InvalidValue("no inputs: nothing would be tried")
    return every


def strategies_of(inputs: Inputs) -> Sequence[st.SearchStrategy[bytes]]:
    """The strategy given, or one for each input; raises InvalidValue."""
    return [inputs] if isinstance(inputs, st.SearchStrategy) else [st.just(each) for each in given_inputs(inputs)]


def search(cases: st.SearchStrategy[T], find: Callable[[T], object | None], max_examples: int) -> object | None:
    """What `find` finds in the smallest of the generated cases it finds anything in, or None."""
    if currently_in_test_context():
        raise InvalidValue(
            "inside @given, draw inputs and replies there and pass them: a search in a search has no end"
        )
    profile = settings()

    @settings(
        profile,
        max_examples=max_examples,
        deadline=None,  # a compile falls into the first example
        database=None,  # its key would be this function, whoever searches
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[phase for phase in profile.phases if phase is not Phase.explain],
    )
    @given(cases)
    def attempt(case: T) -> None:
        found = find(case)
        if found is not None:
            raise _Found(found)

    try:
        attempt()
    except _Found as found:
        return found.what
    return None
