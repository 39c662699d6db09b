"""Every hostile guest comes to its exact end, in this process and in a worker of bounded memory (D1, D4, D5, D13)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio

from executor.model.function import Function
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.vm import Program, execute, load
from executor.worker import WorkerPool
from fixtures.guests.hostile.corpus import HostileGuest, guests
from fixtures.guests.hostile.memory_of_workers import PROC, Peaks
from fixtures.guests.hostile.runs import Seen, run_here, run_in, settle

ROOT = Path(__file__).resolve().parents[2]
GOOD = Function((ROOT / "fixtures" / "guests" / "c_echo.wasm").read_bytes())
INPUT = b"what a good guest is given"

every = pytest.mark.parametrize("guest", [pytest.param(guest, id=guest.name) for guest in guests()])


@cache
def first_here(guest: HostileGuest) -> Seen:
    """Its first run in this process."""
    return run_here(guest)


@pytest.fixture(scope="module")
def good() -> Program:
    """A guest that means no harm, loaded before the others came."""
    return load(GOOD)


@pytest.fixture(scope="module")
def undisturbed(good: Program) -> Outcome:
    """Its outcome before the others came."""
    return execute(good, Request.local(good.function_id, INPUT))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkerPool]:
    """One worker, which runs everything."""
    async with WorkerPool(size=1, cache=tmp_path_factory.mktemp("hostile") / "code") as started:
        yield started


@every
def test_a_hostile_guest_ends_as_documented(guest: HostileGuest, good: Program, undisturbed: Outcome) -> None:
    """Twice the same end and fuel, no fault of ours, and a good guest of this process notices nothing."""
    first, second = first_here(guest), run_here(guest)
    assert first.end == guest.expected
    assert guest.message in first.message
    assert second.whole == first.whole
    assert execute(good, Request.local(good.function_id, INPUT)) == undisturbed


@every
@pytest.mark.asyncio(loop_scope="module")
async def test_a_hostile_guest_stays_inside_its_worker(
    guest: HostileGuest, pool: WorkerPool, good: Program, undisturbed: Outcome
) -> None:
    """The same twice in a worker, which no watchdog had to end, within the memory the guest is documented to take."""
    await settle(pool)
    peaks = Peaks.reset()
    first = await run_in(pool, guest)
    growth_mib = peaks.growth_mib()
    second = await run_in(pool, guest)
    assert first.end == guest.expected
    assert guest.message in first.message
    assert second.whole == first.whole
    assert first_here(guest).whole == first.whole
    assert growth_mib <= guest.peak_mib
    assert (await pool.execute(GOOD, Request.local(good.function_id, INPUT))).outcome == undisturbed


@pytest.mark.asyncio(loop_scope="module")
async def test_the_measure_of_memory_sees_what_a_guest_touches(pool: WorkerPool) -> None:
    """A guest that writes to each page of 256 MiB is seen to need them, where the system tells (Linux)."""
    (guest,) = [guest for guest in guests() if guest.name == "memory/every_page"]
    await settle(pool)
    peaks = Peaks.reset()
    await run_in(pool, guest)
    assert peaks.growth_mib() >= 250 or not PROC.exists()
