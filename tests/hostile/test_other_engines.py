"""Hostile guests on other engines: the same outcome, fuel included, or no outcome at all (D1, D5, D12)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest

from executor.errors import HostFault
from executor.model.request import Request
from executor.testing.engines.replay import WebReplay
from executor.testing.runs import End
from executor.testing.variants import PLACES, Child
from executor.vm import Program
from fixtures.guests.hostile.corpus import HostileGuest, guests
from fixtures.guests.hostile.runs import loaded_here, run_here

STEP: Final = 1 if "EXECUTOR_HOSTILE" in os.environ else 12
"""Every twelfth guest, and with `make hostile` every one."""
EXECUTED: Final = [guest for guest in guests() if guest.ends != "invalid" and not guest.observes]
SLOW_ON_PULLEY: Final = frozenset({"fuel", "compile"})  # an interpreter needs up to 30 times as long for the same fuel


@pytest.fixture(scope="module")
def v8() -> Iterator[WebReplay]:
    """Another implementation of the ABI, in JavaScript, on another engine."""
    with closing(WebReplay()) as engine:
        yield engine


@pytest.fixture(scope="module")
def unoptimised() -> Iterator[Child]:
    """The same engine, with code that is not optimised."""
    with Child(PLACES[1]) as child:
        yield child


@pytest.fixture(scope="module")
def pulley() -> Iterator[Child]:
    """An interpreter of portable code."""
    with Child(PLACES[2]) as child:
        yield child


def agrees(here: End | None, there: End | None) -> bool:
    """Whether two engines tell the same outcome, or one of them none."""
    return here is None or there is None or here == there


def loaded(guest: HostileGuest) -> tuple[Program, Request]:
    """The program and its request."""
    program = loaded_here(guest)
    assert isinstance(program, Program)
    return program, Request.local(program.function_id, guest.input)


@pytest.mark.parametrize("guest", [pytest.param(guest, id=guest.name) for guest in EXECUTED[::STEP]])
def test_v8_ends_hostile_guests_alike(guest: HostileGuest, v8: WebReplay) -> None:
    """Nothing a guest can do makes V8 and wasmtime tell different outcomes."""
    program, request = loaded(guest)
    try:
        there: End | None = v8.execute(program.function, request, guest.transcript())
    except HostFault:
        there = None
    assert agrees(run_here(guest).whole, there)


@pytest.mark.parametrize("guest", [pytest.param(guest, id=guest.name) for guest in EXECUTED[1::STEP]])
def test_unoptimised_code_ends_hostile_guests_alike(guest: HostileGuest, unoptimised: Child) -> None:
    """Nor do optimised and plain code of one engine."""
    program, request = loaded(guest)
    try:
        there: End | None = unoptimised.run(program, request, guest.transcript()).end
    except HostFault:
        there = None
    assert agrees(run_here(guest).whole, there)


@pytest.mark.parametrize(
    "guest",
    [pytest.param(guest, id=guest.name) for guest in EXECUTED[2::STEP] if guest.family not in SLOW_ON_PULLEY],
)
def test_pulley_ends_hostile_guests_alike(guest: HostileGuest, pulley: Child) -> None:
    """Nor does an interpreter."""
    program, request = loaded(guest)
    try:
        there: End | None = pulley.run(program, request, guest.transcript()).end
    except HostFault:
        there = None
    assert agrees(run_here(guest).whole, there)
