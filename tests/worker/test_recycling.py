"""Workers go before they are worn, and nobody waits for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from vm.guests import program, request

from executor.errors import HostFault
from executor.model.outcome import Returned, TrapCode, Trapped
from executor.worker import WorkerPool
from executor.worker import crew as crew_module
from worker.pools import HTTP, observer, process_ids, until, workers
from worker.worlds import World

QUICK, TRAPPING = program(), program("unreachable")


async def run(pool: WorkerPool, target: object = QUICK) -> object:
    """The outcome of one run."""
    return (await pool.execute(target.function, request(target))).outcome  # type: ignore[attr-defined,arg-type]


def fresh(pool: WorkerPool) -> set[int]:
    """Processes that never ran a guest nor compiled a module."""
    return {worker.process_id for worker in workers(pool) if worker.fresh}


async def test_a_worker_goes_after_its_number_of_runs(tmp_path: Path) -> None:
    """Its place is taken by one that stood ready, and another is made ready."""
    async with WorkerPool(size=1, cache=tmp_path / "cache", runs_per_worker=3) as pool:
        (first,) = process_ids(pool)
        await run(pool)
        await until(lambda: fresh(pool))
        (spare,) = fresh(pool)
        for _ in range(2):
            assert first in process_ids(pool)
            await run(pool)
        assert first not in process_ids(pool)
        assert isinstance(await run(pool), Returned)
        await until(lambda: len(process_ids(pool)) == 2)
        assert spare in process_ids(pool)


async def test_a_worn_worker_serves_until_another_is_ready(tmp_path: Path) -> None:
    """Without spares nothing stands ready, so runs go on where they are: no run waits for a start."""
    async with WorkerPool(size=1, cache=tmp_path / "cache", runs_per_worker=1, spares=0) as pool:
        before = process_ids(pool)
        for _ in range(5):
            await run(pool)
        assert process_ids(pool) == before
        assert pool._crew.started == 1


@pytest.mark.parametrize("verb", ["execute", "observe"])
async def test_a_worker_goes_after_a_trap(tmp_path: Path, verb: str) -> None:
    """In either mode; the outcome is the guest's all the same."""
    broken = observer("unreachable", grants=HTTP)
    async with WorkerPool(size=1, observers=1, cache=tmp_path / "cache") as pool:
        await pool.load((TRAPPING if verb == "execute" else broken).function)
        await run(pool)
        await until(lambda: fresh(pool))
        used = process_ids(pool) - fresh(pool)
        if verb == "execute":
            assert await run(pool, TRAPPING) == Trapped(TrapCode.TRAP, 200_000_000)
        else:
            assert (await pool.observe(broken.function, request(broken), (), World())).value == b"trap"
        assert used - process_ids(pool)  # the other, if there is one, compiled the module
        assert isinstance(await run(pool), Returned)


async def test_a_guest_that_always_traps_starts_no_process_for_each(tmp_path: Path) -> None:
    """Going because of traps is rationed; the outcomes stay right."""
    async with WorkerPool(size=1, cache=tmp_path / "cache") as pool:
        await run(pool)
        await until(lambda: fresh(pool))
        for _ in range(100):
            assert await run(pool, TRAPPING) == Trapped(TrapCode.TRAP, 200_000_000)
        assert pool._crew.started <= 4


async def test_after_the_ration_time_a_trap_counts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the ration each trap takes a process, when another is ready."""
    monkeypatch.setattr(crew_module, "STOPPED_GUEST_S", 0.0)
    async with WorkerPool(size=1, cache=tmp_path / "cache") as pool:
        for number in range(3):
            await run(pool, TRAPPING)
            await until(lambda: fresh(pool))
            await until(lambda: process_ids(pool) == fresh(pool))
            assert pool._crew.started >= number + 2


async def test_a_worker_that_told_a_fault_of_its_own_goes_at_once(tmp_path: Path) -> None:
    """HostFault: its state is not trusted for another run, ration or not."""
    async with WorkerPool(size=1, cache=tmp_path / "cache", memory_bytes=384 << 20, spares=0) as pool:
        big = program(limits={"memory_mib": 256})
        for _ in range(2):
            before = process_ids(pool)
            with pytest.raises(HostFault, match="no room"):
                await run(pool, big)
            assert not before & process_ids(pool)
        assert isinstance(await run(pool), Returned)


async def test_only_workers_that_never_ran_a_guest_compile(tmp_path: Path) -> None:
    """Code that others will run is never made where a guest has been."""
    async with WorkerPool(size=1, cache=tmp_path / "cache", spares=0) as pool:
        await run(pool)
        (used,) = workers(pool)
        compile_here = used.compile

        async def refuse(function: object) -> bytes:
            raise AssertionError("compiled where a guest has been")

        used.compile = refuse  # type: ignore[method-assign]
        await pool.load(program("(i64.const 6)").function)
        used.compile = compile_here  # type: ignore[method-assign]
        assert len(process_ids(pool)) == 2


async def test_a_worker_compiles_one_module(tmp_path: Path) -> None:
    """A module that took its compiler over would else choose the code of every later one; and who compiled goes."""
    async with WorkerPool(size=1, cache=tmp_path / "cache") as pool:
        compiled: list[int] = []
        for number in range(2):
            await pool.load(program(f"(i64.const {number})").function)
            compiled += [worker.process_id for worker in workers(pool) if worker.compiled]
            await until(lambda: fresh(pool))
        assert len(set(compiled)) == 2
        await until(lambda: len(process_ids(pool)) <= 2)


async def test_concurrent_runs_survive_constant_recycling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two places, every worker worn after one run: each outcome is its own, none is lost."""
    monkeypatch.setattr(crew_module, "STOPPED_GUEST_S", 0.0)
    echo = program("(i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32)) (i64.const 1))")
    async with WorkerPool(size=2, cache=tmp_path / "cache", runs_per_worker=1) as pool:
        values = [bytes([number]) for number in range(60)]
        ends = await asyncio.gather(*[pool.execute(echo.function, request(echo, value)) for value in values])
        assert [end.outcome.output for end in ends] == values  # type: ignore[union-attr]
