"""A Hypothesis strategy for whole guests: valid modules of the guest ABI, for tests of whatever loads or runs them."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from executor.testing.fuzz.guest import guest

SIZES: Final = (60, 400, 1_200, 3_000)


def decisions(sizes: tuple[int, ...] = SIZES) -> st.SearchStrategy[bytes]:
    """Bytes that a generator makes a module from, of mixed lengths: fewer and smaller bytes make a simpler module."""
    return st.sampled_from(sizes).flatmap(lambda size: st.binary(min_size=size // 4, max_size=size))


def modules() -> st.SearchStrategy[bytes]:
    """Guests that `executor.load` accepts: every instruction of the profile, loops, recursion, NaNs, host calls.

    They may trap, loop for ever (fuel ends that), break the ABI, or return; an example shrinks to an empty `run`.
    """
    return decisions().map(guest)
