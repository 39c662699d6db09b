"""Functions that are given what others must not read share no process with them, before or after."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from vm.guests import program, request

from executor.model.outcome import Returned
from executor.vm import Program
from executor.worker import WorkerPool
from executor.worker import crew as crew_module
from worker.pools import until, workers

OPEN = [program(limits={"fuel": 1_000_000 + number}) for number in range(2)]
PRIVATE = [program(limits={"fuel": 2_000_000 + number}, grants={"private_input": {}}) for number in range(3)]


async def where(pool: WorkerPool, target: Program) -> int:
    """The process that a run was in."""
    before = {worker.process_id: worker.runs for worker in workers(pool)}
    assert isinstance((await pool.execute(target.function, request(target))).outcome, Returned)
    (there,) = [worker.process_id for worker in workers(pool) if worker.runs != before.get(worker.process_id, 0)]
    return there


async def test_a_function_that_reads_private_data_runs_in_processes_of_its_own(tmp_path: Path) -> None:
    """Not in one that ran another, nor another in its; its own serves it again."""
    async with WorkerPool(size=1, cache=tmp_path / "cache") as pool:
        shared = await where(pool, OPEN[0])
        assert await where(pool, OPEN[1]) == shared
        own = await where(pool, PRIVATE[0])
        assert own != shared
        assert await where(pool, PRIVATE[1]) not in (own, shared)
        assert await where(pool, OPEN[0]) == shared
        assert await where(pool, PRIVATE[0]) == own


async def test_a_private_functions_process_is_not_one_that_compiled(tmp_path: Path) -> None:
    """What was compiled there was a stranger's."""
    async with WorkerPool(size=1, cache=tmp_path / "cache") as pool:
        await where(pool, PRIVATE[0])
        (own,) = [worker for worker in workers(pool) if worker.alone is not None]
        assert not own.compiled


async def test_so_many_processes_are_kept_for_functions_that_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that ran longest ago go; and at once, with places for several runs, each still has its own."""
    monkeypatch.setattr(crew_module, "KEPT_ALONE", 1)
    async with WorkerPool(size=2, cache=tmp_path / "cache") as pool:
        places = [await where(pool, target) for target in PRIVATE]
        assert len(set(places)) == len(PRIVATE)
        await until(lambda: sum(worker.alone is not None for worker in workers(pool)) == 1)
        assert await where(pool, PRIVATE[-1]) == places[-1]
        await asyncio.gather(*[pool.execute(each.function, request(each)) for each in (*PRIVATE, *OPEN)])
        held = [(worker.alone, frozenset(worker.holds)) for worker in workers(pool) if worker.alone is not None]
        assert all(functions == {alone} for alone, functions in held)


async def test_a_pool_may_keep_all_functions_apart(tmp_path: Path) -> None:
    """The operator's choice, for functions that read nothing private."""
    async with WorkerPool(size=1, cache=tmp_path / "cache", apart=True) as pool:
        first, second = [await where(pool, target) for target in OPEN]
        assert first != second
        assert await where(pool, OPEN[0]) == first
