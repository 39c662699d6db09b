"""Workers die, hang and are cancelled: it costs a try, never the node."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from vm.guests import module, program, request

from executor.crypto.digests import function_id
from executor.errors import FunctionSuspended, HostFault, WatchdogExpired, WorkerDied
from executor.model.function import Function
from executor.model.observation import Kind, Observation
from executor.model.outcome import Returned, TrapCode, Trapped
from executor.model.request import Request
from executor.worker import WorkerPool
from fixtures.guests.hostile.generated.compile import loops_times_locals
from worker.pools import HTTP, LONG, SPIN, kill_running, observer, process_ids, running, until, workers
from worker.worlds import Broken, World

QUICK = program()
BOMB = Function(loops_times_locals(500))
"""Over a minute for the compiler."""


def new_pool(directory: Path, *, watchdog_s: float = 60.0, compile_s: float = 60.0, spares: int = 1) -> WorkerPool:
    """A pool of one worker."""
    return WorkerPool(
        size=1, observers=1, cache=directory / "cache", watchdog_s=watchdog_s, compile_s=compile_s, spares=spares
    )


async def runs_again(pool: WorkerPool) -> None:
    """The pool still does what it is for."""
    assert isinstance((await pool.execute(QUICK.function, request(QUICK))).outcome, Returned)


async def test_a_run_over_the_wall_limit_is_killed(tmp_path: Path) -> None:
    """D4: WatchdogExpired for execute, the error observation `timeout` for observe; the pool goes on."""
    async with new_pool(tmp_path, watchdog_s=0.3) as pool:
        with pytest.raises(WatchdogExpired):
            await pool.execute(LONG.function, request(LONG))
        slow = observer(grants=HTTP)
        world = World(delay_s=3_600)
        assert await pool.observe(slow.function, request(slow), (), world) == Observation.error("timeout")
        await runs_again(pool)


async def test_an_idle_worker_that_died_is_replaced(tmp_path: Path) -> None:
    """kill -9 of every process while nothing runs: the next run does not notice."""
    async with new_pool(tmp_path) as pool:
        await runs_again(pool)
        before = process_ids(pool)
        for process in before:
            os.kill(process, signal.SIGKILL)
        await until(lambda: not any(worker.alive for worker in workers(pool) if worker.process_id in before))
        await runs_again(pool)
        assert not before & process_ids(pool)


async def test_a_worker_that_died_costs_its_execute_one_more_try(tmp_path: Path) -> None:
    """kill -9 in the middle of the guest: the outcome comes all the same."""
    async with new_pool(tmp_path) as pool:
        run = asyncio.create_task(pool.execute(LONG.function, request(LONG)))
        await kill_running(pool, set())
        assert (await run).outcome == Trapped(TrapCode.OUT_OF_FUEL, 4_000_000_000)


async def test_a_worker_that_died_twice_is_a_host_fault(tmp_path: Path) -> None:
    """One more try, then WorkerDied, which names function and signal; repeated, the function is suspended."""
    async with new_pool(tmp_path) as pool:
        killed: set[int] = set()
        for _ in range(3):
            run = asyncio.create_task(pool.execute(LONG.function, request(LONG)))
            for _ in range(2):
                await kill_running(pool, killed)
            with pytest.raises(WorkerDied, match=f"{LONG.function_id}.*SIGKILL"):
                await run
        with pytest.raises(FunctionSuspended, match=r"failed 3 times in a row .* SIGKILL"):
            await pool.execute(LONG.function, request(LONG))
        await runs_again(pool)


async def test_an_observe_run_is_tried_again_without_asking_again(tmp_path: Path) -> None:
    """kill -9 after the guest's call was answered: the second try is answered from memory, the world is asked once."""
    async with new_pool(tmp_path) as pool:
        spin = observer(SPIN, grants=HTTP, limits={"observe_fuel": 4_000_000_000})
        world = World()
        run = asyncio.create_task(pool.observe(spin.function, request(spin), (), world))
        await until(lambda: world.asked)
        await kill_running(pool, set())
        assert await run == Observation(Kind.ERROR, b"out-of-fuel")
        assert world.asked == [("http.fetch", b"1.5")]


async def test_a_worker_that_died_while_the_world_was_asked(tmp_path: Path) -> None:
    """The answer comes to a dead worker; it is kept for the second try."""
    async with new_pool(tmp_path) as pool:
        target, world = observer(grants=HTTP), World(delay_s=0.5)
        run = asyncio.create_task(pool.observe(target.function, request(target), (), world))
        await until(lambda: world.asked)
        await kill_running(pool, set())
        assert await run == Observation(Kind.VALUE, b"5.1")
        assert world.asked == [("http.fetch", b"1.5")]


async def test_a_worker_that_died_compiling_is_tried_again_and_then_suspended(tmp_path: Path) -> None:
    """kill -9 in the compiler, twice: WorkerDied for that load; the module waits, everybody else goes on."""
    async with new_pool(tmp_path) as pool:
        await runs_again(pool)
        load = asyncio.create_task(pool.load(BOMB))
        killed: set[int] = set()

        def compiling() -> set[int]:
            return {worker.process_id for worker in pool._crew._lent} - killed

        for _ in range(2):
            await until(lambda: compiling() or load.done())
            assert not load.done(), load
            (process,) = compiling()
            killed.add(process)
            os.kill(process, signal.SIGKILL)
        with pytest.raises(WorkerDied, match="SIGKILL"):
            await load
        with pytest.raises(FunctionSuspended, match="module"):
            await pool.load(BOMB)
        await runs_again(pool)


async def test_a_compile_bomb_hurts_nobody_else(tmp_path: Path) -> None:
    """The compiler has a watchdog of its own; what it stops is not tried again at once, and others load and run."""
    async with new_pool(tmp_path, compile_s=4.0) as pool:  # others need a tenth of it, on a busy machine more
        load = asyncio.create_task(pool.load(BOMB))
        await runs_again(pool)
        assert not load.done()
        with pytest.raises(WatchdogExpired, match="compiling"):
            await load
        started = pool._crew.started
        for _ in range(20):
            with pytest.raises(FunctionSuspended, match="compiling a function"):
                await pool.load(BOMB)
            with pytest.raises(FunctionSuspended, match="compiling a function"):
                await pool.execute(BOMB, Request.local(function_id(BOMB)))
        assert pool._crew.started <= started + 1
        await pool.load(program("(i64.const 6)").function)


async def test_a_cancelled_run_leaves_no_worker_behind(tmp_path: Path) -> None:
    """Cancellation kills the worker in the middle of its run, and frees its turn."""
    async with new_pool(tmp_path) as pool:
        run = asyncio.create_task(pool.execute(LONG.function, request(LONG)))
        await until(lambda: running(pool))
        (handle,) = running(pool)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert handle._process.returncode == -signal.SIGKILL
        await runs_again(pool)


async def test_an_adapters_bug_is_a_host_fault(tmp_path: Path) -> None:
    """What a capability raises is our fault, and does not count against the function."""
    async with new_pool(tmp_path) as pool:
        target = observer(grants=HTTP)
        for _ in range(4):
            with pytest.raises(HostFault, match="ZeroDivisionError"):
                await pool.observe(target.function, request(target), (), Broken())
        assert (await pool.observe(target.function, request(target), (), World())).value == b"5.1"


async def test_workers_that_cannot_start_fail_their_run_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process can be started for a while: runs fail and say so; afterwards the pool goes on by itself."""
    async with new_pool(tmp_path, spares=0) as pool:
        await runs_again(pool)
        settings = pool._crew._settings
        object.__setattr__(settings, "memory_bytes", 1 << 20)
        for worker in workers(pool):
            await worker.kill()
        with pytest.raises(HostFault):
            await pool.execute(QUICK.function, request(QUICK))
        object.__setattr__(settings, "memory_bytes", 1 << 30)
        await runs_again(pool)


async def test_a_compiler_out_of_memory_costs_its_load_only(tmp_path: Path) -> None:
    """The kernel refuses it memory, twice: WorkerDied with the last words; the module waits, the node goes on."""
    greedy = Function(
        module("(local.set $n (i64.rotl (i64.load (local.get $i)) (local.get $n)))" * 150_000 + "(local.get $n)")
    )
    async with WorkerPool(size=1, cache=tmp_path / "cache", memory_bytes=192 << 20) as pool:
        with pytest.raises(HostFault, match="memory"):
            await pool.load(greedy)
        with pytest.raises(FunctionSuspended, match="memory"):
            await pool.load(greedy)
        await pool.load(QUICK.function)
