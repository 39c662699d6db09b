"""What tests of worker pools share: guests, and looks behind the pool's front."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from vm.guests import ECHO, data, observing, program

from executor.vm import Program
from executor.worker import WorkerPool
from executor.worker.handle import WorkerHandle

HTTP = {"http": {"hosts": ["example.com"]}}
LONG = program("(loop (br 0)) unreachable", limits={"fuel": 4_000_000_000})
"""Under half a second of guest time."""
ASK = """(drop (call $call (i32.const 256) (i32.const 10) (i32.const 300) (i32.const 3))) (call $read (i32.const 512))
  (call $propose (i32.const 0) (i32.const 512) (i32.const 3))"""
SPIN = ASK.replace("(call $propose", "(loop (br 0)) (call $propose")
"""Asks, and then never proposes."""


def observer(inside: str = ASK, **options: object) -> Program:
    """A guest that does this in observe mode and echoes what was agreed."""
    run, before = observing(inside=inside, after=ECHO)
    return program(run, before=before + data(256, b"http.fetch") + data(300, b"1.5"), **options)  # type: ignore[arg-type]


def workers(pool: WorkerPool) -> tuple[WorkerHandle, ...]:
    """Every worker of a pool."""
    return pool._crew.workers


def process_ids(pool: WorkerPool) -> set[int]:
    """The processes of a pool."""
    return {worker.process_id for worker in workers(pool)}


def running(pool: WorkerPool) -> list[WorkerHandle]:
    """The workers whose guest runs."""
    return [worker for worker in workers(pool) if worker.running]


async def until(condition: Callable[[], object]) -> None:
    """Wait for something another task or process does."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # a process sets no asyncio.Event
            await asyncio.sleep(0.01)


async def kill_running(pool: WorkerPool, killed: set[int]) -> None:
    """SIGKILL for the next worker whose guest runs and that was not killed yet."""

    def victims() -> set[int]:
        return {worker.process_id for worker in running(pool)} - killed

    await until(victims)
    (process,) = victims()
    killed.add(process)
    os.kill(process, signal.SIGKILL)
