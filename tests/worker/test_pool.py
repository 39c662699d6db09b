"""Runs in worker processes: the same outcomes, typed errors, and a pool that says how it is used wrongly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vm.guests import ECHO, SPEC, data, observing, program, request

from executor.errors import HostFault, InvalidConfig, InvalidModule, InvalidValue, TranscriptMismatch, WorkerDied
from executor.model.function import Function
from executor.model.observation import Kind, Observation
from executor.model.outcome import Returned, TrapCode, Trapped
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.vm import Diagnostics, LogLine, execute
from executor.worker import WorkerPool
from executor.worker import handle as handle_module
from executor.worker.confinement import Confinement
from worker.pools import ASK, HTTP, LONG, observer, process_ids, running, until, workers
from worker.worlds import World


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[WorkerPool]:
    """A pool of one worker with a fresh cache."""
    async with WorkerPool(size=1, cache=tmp_path / "cache", watchdog_s=60) as started:
        yield started


async def test_every_outcome_comes_back_as_it_is(pool: WorkerPool) -> None:
    """two_processes_agree: bytes and fuel of every kind of outcome are those of a run in this process (D1)."""
    awaiting = observer(ASK)
    for target, transcript in (
        (program("(i64.const 0x0000000000000100)"), ()),
        (program("(call $fail (i32.const 0) (i32.const 2)) unreachable", before=data(0, b"\xff\x00")), ()),
        (program("unreachable"), ()),
        (program("(loop (br 0)) unreachable"), ()),
        (program("(call $deep) (i64.const 0)", before="(func $deep (call $deep))"), ()),
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
    assert execution.diagnostics.loaded


async def test_an_observation_asks_the_parent(pool: WorkerPool) -> None:
    """The guest's calls are answered here, over the socket, while the worker waits."""
    target, world, diagnostics = observer(grants=HTTP), World(), Diagnostics()
    seen = await pool.observe(target.function, request(target), (), world, diagnostics=diagnostics)
    assert seen == Observation(Kind.VALUE, b"5.1")
    assert world.asked == [("http.fetch", b"1.5")]
    assert diagnostics.memory_bytes == 65_536


async def test_typed_errors_come_back(pool: WorkerPool) -> None:
    """What a run raises in the worker is raised here, and the worker serves on until another stands ready."""
    target = program()
    with pytest.raises(TranscriptMismatch, match="consumed 0 of 1"):
        await pool.execute(target.function, request(target), (Entry(SPEC, Kind.VALUE, b"1"),))
    with pytest.raises(InvalidModule, match="not a core WASM binary"):
        await pool.execute(Function(b"no module"), request(LONG))
    with pytest.raises(InvalidValue, match="request is for function"):
        await pool.execute(program("unreachable").function, request(observer()))
    assert not any(worker.condemned for worker in workers(pool))


async def test_a_function_is_compiled_ahead_of_its_first_run(pool: WorkerPool, tmp_path: Path) -> None:
    """`load` leaves compiled code in the cache, and refuses what no node may run, compiled or not."""
    target = program()
    await pool.load(target.function)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert isinstance((await pool.execute(target.function, request(target))).outcome, Returned)
    with pytest.raises(InvalidModule):
        await pool.load(Function(b"\0asm\x01\0\0\0"))
    with pytest.raises(InvalidModule, match="load"):
        await pool.load(Function(target.function.module, source=b"a source for a module that takes none"))


async def test_code_that_the_engine_refuses_is_made_again(pool: WorkerPool, tmp_path: Path) -> None:
    """A cache filled on another processor, or by somebody clever, costs a compilation and nothing else."""
    target = program("(i64.const 7)")
    code, _ = pool._parts()
    await code.prepare(target.function, target.function_id)
    (path,) = (tmp_path / "cache").iterdir()
    good = path.read_bytes()
    code._cache.write(code._known[target.function_id], b"\x7fELF of another engine")
    assert isinstance((await pool.execute(target.function, request(target))).outcome, Returned)
    assert path.read_bytes() == good
    path.unlink()
    for worker in workers(pool):
        await worker.kill()
    assert isinstance((await pool.execute(target.function, request(target))).outcome, Returned)
    assert path.read_bytes() == good


async def test_requests_are_those_of_the_program(pool: WorkerPool) -> None:
    """A request finds its program by function id, however many were loaded before: more than a worker keeps."""
    targets = [program(f"(i64.const {number % 3})", limits={"fuel": 1_000_000 + number}) for number in range(20)]
    for _ in range(2):
        for number, target in enumerate(targets):
            outcome = (await pool.execute(target.function, Request.local(target.function_id))).outcome
            assert isinstance(outcome, Returned)
            assert len(outcome.output) == number % 3


async def test_more_runs_than_workers_wait_their_turn(pool: WorkerPool) -> None:
    """Concurrent runs share the workers and keep their own results."""
    target = program("(i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32)) (i64.const 1))")
    values = [bytes([number]) for number in range(20)]
    executions = await asyncio.gather(*[pool.execute(target.function, request(target, value)) for value in values])
    assert [execution.outcome.output for execution in executions] == values  # type: ignore[union-attr]


async def test_a_guest_that_wants_all_memory_stays_within_its_limit(pool: WorkerPool) -> None:
    """A hog fills what its manifest allows and not a page more; its worker does it again and again."""
    hog = program(
        """(loop (br_if 0 (i32.ne (memory.grow (i32.const 64)) (i32.const -1))))
        (memory.fill (i32.const 0) (i32.const 1) (i32.mul (memory.size) (i32.const 65536)))
        (i32.store (i32.const 0) (memory.size)) (i64.const 4)""",
        pages="64", limits={"memory_mib": 256, "fuel": 2_000_000_000},
    )  # fmt: skip
    before = process_ids(pool)
    for _ in range(3):
        outcome = (await pool.execute(hog.function, request(hog))).outcome
        assert isinstance(outcome, Returned)
        assert int.from_bytes(outcome.output, "little") == 4096
    assert before <= process_ids(pool)


async def test_without_room_for_the_guest_the_run_is_a_host_fault(tmp_path: Path) -> None:
    """D5: a worker that could not give a guest all its memory refuses the run; the guest never sees a refused grow."""
    async with WorkerPool(size=1, cache=tmp_path / "cache", memory_bytes=384 << 20) as pool:
        hog = program("(i64.extend_i32_s (memory.grow (i32.const 4000)))", limits={"memory_mib": 256})
        with pytest.raises(HostFault, match="no room"):
            await pool.execute(hog.function, request(hog))
        small = program()
        assert isinstance((await pool.execute(small.function, request(small))).outcome, Returned)


async def test_a_slow_world_delays_no_execute(tmp_path: Path) -> None:
    """Observe runs wait for the world in processes of their own."""
    async with WorkerPool(size=1, observers=1, cache=tmp_path / "cache", watchdog_s=60) as pool:
        target, world = observer(grants=HTTP), World(delay_s=3_600)
        looking = asyncio.create_task(pool.observe(target.function, request(target), (), world))
        await until(lambda: world.asked)
        quick = program()
        assert isinstance((await pool.execute(quick.function, request(quick))).outcome, Returned)
        assert not looking.done()
        looking.cancel()


async def test_a_closed_pool_runs_nothing(tmp_path: Path) -> None:
    """close ends the workers, also one in a run; those who wait are sent away; closing again is nothing."""
    pool = WorkerPool(size=1, cache=tmp_path / "cache", watchdog_s=60)
    await pool.start()
    runs = [asyncio.create_task(pool.execute(LONG.function, request(LONG))) for _ in range(2)]
    await until(lambda: running(pool))
    (handle,) = running(pool)
    await pool.close()
    await pool.close()
    ends = await asyncio.gather(*runs, return_exceptions=True)
    assert {type(end) for end in ends} == {WorkerDied, HostFault}
    assert not handle.alive
    assert workers(pool) == ()
    with pytest.raises(HostFault, match="closed"):
        await pool.execute(LONG.function, request(LONG))


async def test_a_pool_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A cache directory that others may enter stops it, with the reason."""
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    pool = WorkerPool(size=2, cache=tmp_path / "open")
    with pytest.raises(HostFault, match="chmod 700"):
        await pool.start()
    with pytest.raises(HostFault, match="closed"):
        await pool.execute(LONG.function, request(LONG))


async def test_workers_without_room_to_start_say_so(tmp_path: Path) -> None:
    """A memory limit that Python itself does not fit in: the pool does not start, and passes on what was said."""
    pool = WorkerPool(size=1, cache=tmp_path / "cache", memory_bytes=1 << 20)
    with pytest.raises(HostFault, match=r"worker process (ended|was killed)|memory|room"):
        await pool.start()


async def test_confinement_is_reported_and_can_be_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator sees what holds the workers; where that is required and missing, the pool does not start."""
    async with WorkerPool(size=1, cache=tmp_path / "cache", require_confinement=True) as pool:
        assert pool.confinement.complete
    with pytest.raises(HostFault, match="no worker runs"):
        _ = pool.confinement
    monkeypatch.setattr(handle_module, "read_ready", lambda frame: Confinement(False, 0, False))
    pool = WorkerPool(size=1, cache=tmp_path / "cache", require_confinement=True)
    with pytest.raises(HostFault, match="NO filter of system calls"):
        await pool.start()


async def test_a_pool_used_wrongly_says_so(pool: WorkerPool, tmp_path: Path) -> None:
    """Not started, started twice, used from another event loop, made with nonsense."""
    target = program()
    with pytest.raises(HostFault, match="not started"):
        await WorkerPool(size=1, cache=tmp_path / "cache").execute(target.function, request(target))
    with pytest.raises(HostFault, match="started once"):
        await pool.start()
    faults: list[HostFault] = []

    def elsewhere() -> None:
        for use in (lambda: pool.execute(target.function, request(target)), pool.close):
            try:
                asyncio.run(use())
            except HostFault as fault:
                faults.append(fault)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert [str(fault) for fault in faults] == ["a worker pool belongs to the event loop it was started in"] * 2
    for wrong in ({"size": 0}, {"size": 1, "waiting": 0}, {"size": 1, "watchdog_s": 0}, {"size": 1, "spares": -1}):
        with pytest.raises(InvalidConfig):
            WorkerPool(cache=tmp_path / "cache", **wrong)  # type: ignore[arg-type]
    assert isinstance((await pool.execute(target.function, request(target))).outcome, Returned)


async def test_observing_what_needs_no_observation_is_a_mismatch(pool: WorkerPool) -> None:
    """D2: the transcript answers everything, so there is nothing to look at."""
    run, before = observing(after=ECHO)
    target = program(run, before=before)
    with pytest.raises(TranscriptMismatch):
        await pool.observe(target.function, request(target), (Entry(SPEC, Kind.VALUE, b"1"),), World())
