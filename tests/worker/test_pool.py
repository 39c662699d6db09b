"""Runs in worker processes: the same outcomes, and nothing a guest or a crash does reaches the host."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from vm.guests import ECHO, SPEC, data, observing, program, request

from executor.errors import HostFault, InvalidModule, InvalidValue, TranscriptMismatch, WatchdogExpired, WorkerDied
from executor.model.function import Function
from executor.model.observation import Kind, Observation
from executor.model.outcome import Returned, TrapCode, Trapped
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.vm import Diagnostics, LogLine, Program, execute
from executor.worker import WorkerPool
from executor.worker.handle import WorkerHandle
from worker.worlds import Broken, World

HTTP = {"http": {"hosts": ["example.com"]}}
LONG = program("(loop (br 0)) unreachable", limits={"fuel": 10_000_000_000})
"""About a second of guest time."""


def observer(inside: str, **options: object) -> Program:
    """A guest that does this in observe mode and echoes what was agreed."""
    run, before = observing(inside=inside, after=ECHO)
    return program(run, before=before + data(256, b"http.fetch") + data(300, b"1.5"), **options)  # type: ignore[arg-type]


ASK = """(drop (call $call (i32.const 256) (i32.const 10) (i32.const 300) (i32.const 3))) (call $read (i32.const 512))
  (call $propose (i32.const 0) (i32.const 512) (i32.const 3))"""


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[WorkerPool]:
    """A pool of two workers with a fresh cache."""
    started = WorkerPool(size=2, cache=tmp_path / "cache", watchdog_s=20)
    await started.start()
    yield started
    await started.close()


def workers(pool: WorkerPool) -> list[WorkerHandle]:
    """The idle workers of a pool."""
    return [handle for handle in pool._idle._queue if handle is not None]  # type: ignore[attr-defined]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something another task or process does."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # a process sets no asyncio.Event
            await asyncio.sleep(0.01)


async def test_every_outcome_comes_back_as_it_is(pool: WorkerPool) -> None:
    """two_processes_agree: bytes and fuel of every kind of outcome are those of a run in this process (D1)."""
    awaiting = observer(ASK)
    for target, transcript in (
        (program("(i64.const 0x0000000000000100)"), ()),
        (program("(call $fail (i32.const 0) (i32.const 2)) unreachable", before=data(0, b"\xff\x00")), ()),
        (program("unreachable"), ()),
        (program("(loop (br 0)) unreachable"), ()),
        (program("(call $read (i32.const 0)) unreachable"), ()),
        (awaiting, ()),
        (awaiting, (Entry(SPEC, Kind.VALUE, b"1.5"),)),
        (awaiting, (Entry(SPEC, Kind.ERROR, b"no-agreement"),)),
        (awaiting, (Entry(SPEC, Kind.DEFAULT, b"\xff"),)),
    ):
        asked = request(target, b"input")
        expected = execute(target, asked, transcript)
        for _ in range(2):
            assert (await pool.execute(target.function, asked, transcript)).outcome == expected


async def test_diagnostics_come_back(pool: WorkerPool) -> None:
    """Logs, reason and memory are the run's."""
    target = program("(call $log (i32.const 2) (i32.const 0) (i32.const 2)) unreachable", before=data(0, b"hi"))
    execution = await pool.execute(target.function, request(target))
    assert execution.outcome == Trapped(TrapCode.TRAP, 200_000_000)
    assert execution.diagnostics.logs == [LogLine(2, "hi")]
    assert "unreachable" in execution.diagnostics.message
    assert execution.diagnostics.memory_bytes == 65_536


async def test_an_observation_asks_the_parent(pool: WorkerPool) -> None:
    """The guest's calls are answered here, over the socket, while the worker waits."""
    target, world, diagnostics = observer(ASK, grants=HTTP), World(), Diagnostics()
    seen = await pool.observe(target.function, request(target), (), world, diagnostics=diagnostics)
    assert seen == Observation(Kind.VALUE, b"5.1")
    assert world.asked == [("http.fetch", b"1.5")]
    assert diagnostics.memory_bytes == 65_536


async def test_typed_errors_come_back(pool: WorkerPool) -> None:
    """What a run raises in the worker is raised here, and the workers live on."""
    before = {handle._process.pid for handle in workers(pool)}
    target = program()
    with pytest.raises(TranscriptMismatch, match="consumed 0 of 1"):
        await pool.execute(target.function, request(target), (Entry(SPEC, Kind.VALUE, b"1"),))
    with pytest.raises(InvalidModule, match="not a core WASM binary"):
        await pool.execute(Function(b"no module"), request(LONG))
    with pytest.raises(InvalidValue, match="request is for function"):
        await pool.execute(program("unreachable").function, request(observer(ASK)))
    deep = program("(call $deep) (i64.const 0)", before="(func $deep (call $deep))")
    with pytest.raises(HostFault, match="native stack overflow"):
        await pool.execute(deep.function, request(deep))
    assert {handle._process.pid for handle in workers(pool)} == before


async def test_a_run_over_the_wall_limit_is_killed(tmp_path: Path) -> None:
    """D4: WatchdogExpired for execute, the error observation `timeout` for observe; the pool goes on."""
    pool = WorkerPool(size=1, cache=tmp_path / "cache", watchdog_s=0.3)
    await pool.start()
    with pytest.raises(WatchdogExpired):
        await pool.execute(LONG.function, request(LONG))
    slow = observer(ASK, grants=HTTP)
    assert await pool.observe(slow.function, request(slow), (), World(delay_s=5)) == Observation.error("timeout")
    quick = program()
    assert isinstance((await pool.execute(quick.function, request(quick))).outcome, Returned)
    await pool.close()


async def test_a_worker_that_died_is_replaced_and_the_run_tried_again(pool: WorkerPool) -> None:
    """kill -9 of idle workers and of one in the middle of a run: the outcome comes all the same."""
    for handle in workers(pool):
        os.kill(handle._process.pid, signal.SIGKILL)
    quick = program()
    assert isinstance((await pool.execute(quick.function, request(quick))).outcome, Returned)
    run = asyncio.create_task(pool.execute(LONG.function, request(LONG)))
    await until(lambda: any(handle.running for handle in pool._running))
    os.kill(next(iter(pool._running))._process.pid, signal.SIGKILL)
    assert (await run).outcome == Trapped(TrapCode.OUT_OF_FUEL, 10_000_000_000)


async def test_a_worker_that_died_twice_is_a_host_fault(pool: WorkerPool) -> None:
    """One more try, then WorkerDied."""
    run = asyncio.create_task(pool.execute(LONG.function, request(LONG)))
    killed: set[int] = set()
    for _ in range(2):
        await until(lambda: any(handle.running and handle._process.pid not in killed for handle in pool._running))
        killed.add(pid := next(iter(pool._running))._process.pid)
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await run


async def test_an_observe_run_with_effects_is_not_tried_again(pool: WorkerPool) -> None:
    """After a call has gone out, a dead worker is WorkerDied at once: calls may have effects."""
    spin = observer(ASK.replace("(call $propose", "(loop (br 0)) (call $propose"), grants=HTTP,
                    limits={"observe_fuel": 10_000_000_000})  # fmt: skip
    world = World()
    run = asyncio.create_task(pool.observe(spin.function, request(spin), (), world))
    await until(lambda: bool(world.asked))
    os.kill(next(iter(pool._running))._process.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await run
    assert len(world.asked) == 1


async def test_an_adapters_bug_is_a_host_fault(pool: WorkerPool) -> None:
    """What a capability raises is our fault, and the next run is not disturbed."""
    target = observer(ASK, grants=HTTP)
    with pytest.raises(HostFault, match="ZeroDivisionError"):
        await pool.observe(target.function, request(target), (), Broken())
    assert (await pool.observe(target.function, request(target), (), World())).value == b"5.1"


async def test_a_cancelled_run_leaves_no_worker_behind(pool: WorkerPool) -> None:
    """Cancellation kills the worker in the middle of its run."""
    run = asyncio.create_task(pool.execute(LONG.function, request(LONG)))
    await until(lambda: any(handle.running for handle in pool._running))
    (handle,) = pool._running
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert handle._process.returncode == -signal.SIGKILL
    quick = program()
    assert isinstance((await pool.execute(quick.function, request(quick))).outcome, Returned)


async def test_more_runs_than_workers_wait_their_turn(pool: WorkerPool) -> None:
    """Concurrent runs share the workers and keep their own results."""
    target = program("(i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32)) (i64.const 1))")
    values = [bytes([number]) for number in range(20)]
    executions = await asyncio.gather(*[pool.execute(target.function, request(target, value)) for value in values])
    assert [execution.outcome.output for execution in executions] == values  # type: ignore[union-attr]


async def test_a_closed_pool_runs_nothing(tmp_path: Path) -> None:
    """close ends the workers, also one in a run."""
    pool = WorkerPool(size=1, cache=tmp_path / "cache")
    await pool.start()
    (handle,) = workers(pool)
    run = asyncio.create_task(pool.execute(LONG.function, request(LONG)))
    await asyncio.sleep(0.2)
    await pool.close()
    with pytest.raises(WorkerDied):
        await run
    assert handle._process.returncode is not None
    with pytest.raises(HostFault, match="closed"):
        await pool.execute(LONG.function, request(LONG))


async def test_a_pool_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A cache directory that others may enter stops every worker, with the reason."""
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    pool = WorkerPool(size=2, cache=tmp_path / "open")
    with pytest.raises(HostFault, match="chmod 700"):
        await pool.start()
    with pytest.raises(HostFault, match="closed"):
        await pool.execute(LONG.function, request(LONG))


async def test_workers_inherit_nothing(pool: WorkerPool) -> None:
    """K1: no environment but two variables, and no open file but the socket and what Python opens."""
    for handle in workers(pool):
        process = Path("/proc") / str(handle._process.pid)
        names = {line.split(b"=")[0] for line in (process / "environ").read_bytes().split(b"\0") if line}
        assert names == {b"PYTHONPATH", b"LC_ALL"}
        targets = [str(link.readlink()) for link in (process / "fd").iterdir() if int(link.name) > 2]
        assert [target.split(":")[0] for target in targets] == ["socket"]


async def test_workers_are_confined(pool: WorkerPool) -> None:
    """No core dumps, few files, bounded memory and, once a run has begun, processor time."""
    target = program()
    for _ in range(2):
        await pool.execute(target.function, request(target))
    limits = {}
    for line in (Path("/proc") / str(workers(pool)[-1]._process.pid) / "limits").read_text().splitlines()[1:]:
        limits[line[:26].strip()] = line[26:].split()[0]
    assert limits["Max core file size"] == "0"
    assert limits["Max open files"] == "64"
    assert limits["Max data size"] == str(2 << 30)
    assert limits["Max address space"] == str(1 << 36)
    assert int(limits["Max cpu time"]) <= 60


async def test_a_guest_that_wants_all_memory_stays_within_its_limit(pool: WorkerPool) -> None:
    """A hog fills what its manifest allows and not a page more; its worker lives on."""
    hog = program(
        """(loop (br_if 0 (i32.ne (memory.grow (i32.const 64)) (i32.const -1))))
        (memory.fill (i32.const 0) (i32.const 1) (i32.mul (memory.size) (i32.const 65536)))
        (i32.store (i32.const 0) (memory.size)) (i64.const 4)""",
        pages="64", limits={"memory_mib": 256, "fuel": 2_000_000_000},
    )  # fmt: skip
    outcome = (await pool.execute(hog.function, request(hog))).outcome
    assert isinstance(outcome, Returned)
    assert int.from_bytes(outcome.output, "little") == 4096


async def test_without_room_for_the_guest_the_run_is_a_host_fault(tmp_path: Path) -> None:
    """D5: a worker that could not give a guest all its memory refuses the run; the guest never sees a refused grow."""
    pool = WorkerPool(size=1, cache=tmp_path / "cache", memory_bytes=256 << 20)
    await pool.start()
    hog = program("(i64.extend_i32_s (memory.grow (i32.const 4000)))", limits={"memory_mib": 256})
    with pytest.raises(HostFault, match="no room"):
        await pool.execute(hog.function, request(hog))
    small = program()
    assert isinstance((await pool.execute(small.function, request(small))).outcome, Returned)
    await pool.close()


async def test_requests_are_those_of_the_program(pool: WorkerPool) -> None:
    """A request finds its program by function id, however many were loaded before."""
    targets = [program(f"(i64.const {number})") for number in range(20)]
    for _ in range(2):
        for number, target in enumerate(targets):
            outcome = (await pool.execute(target.function, Request.local(target.function_id))).outcome
            assert isinstance(outcome, Returned)
            assert len(outcome.output) == number


async def test_a_function_is_compiled_ahead_of_its_first_run(pool: WorkerPool, tmp_path: Path) -> None:
    """`load` leaves compiled code in the cache, and refuses what no node may run."""
    target = program()
    await pool.load(target.function)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert isinstance((await pool.execute(target.function, request(target))).outcome, Returned)
    with pytest.raises(InvalidModule):
        await pool.load(Function(b"\0asm\x01\0\0\0"))
