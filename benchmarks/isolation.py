"""What running guests in confined worker processes costs.

Prints, in this order: one run in this process beside one run in a worker (medians of interleaved runs), runs a second
with two workers, how long a worker takes to be ready and to be replaced, and compile times through a worker.
`python benchmarks/isolation.py [seconds per throughput figure]`
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from executor.crypto.digests import function_id
from executor.model.function import Function
from executor.model.manifest import Terms, parse_manifest
from executor.model.outcome import Returned
from executor.model.request import Request
from executor.vm import execute, load
from executor.worker import WorkerPool
from executor.worker.code import CompiledCode
from executor.worker.handle import WorkerHandle

ROOT = Path(__file__).resolve().parents[1]
RUNS = 300
STARTS = 7
INFLIGHT = 8


@dataclass(frozen=True, slots=True)
class Case:
    """One guest with one input."""

    name: str
    function: Function
    request: Request


def guest(name: str) -> Function:
    """A C guest of fixtures/guests."""
    return Function((ROOT / "fixtures" / "guests" / f"{name}.wasm").read_bytes())


def example(name: str) -> Function:
    """A JavaScript example with its manifest."""
    folder = ROOT / "examples" / name
    text = (folder / "function.toml").read_text(encoding="utf-8")
    source = (folder / tomllib.loads(text)["function"]["source"]).read_bytes()
    module = (ROOT / "executor" / "engines" / "quickjs.wasm").read_bytes()
    return Function(module, parse_manifest(text).terms, source)


def case(name: str, function: Function, data: bytes) -> Case:
    """A guest with its request."""
    return Case(name, function, Request.local(function_id(function), data, block_timestamp=1_700_000_000))


def prices(count: int) -> bytes:
    """A JSON list of prices, 71 bytes each."""
    items = [
        f'{{"id": {i}, "symbol": "ETHUSD", "price": "{1800 + i * 7919 % 400}.{i % 100:02}", "ts": {1_700_000_000 + i}}}'
        for i in range(count)
    ]
    return f'{{"items": [{", ".join(items)}]}}'.encode()


def cases() -> list[Case]:
    """The smallest guest, one in C that does some work, and a median in JavaScript."""
    return [
        case("C, empty", guest("c_empty"), b"x"),
        case("C, echo of 1 kB", guest("c_echo"), bytes(1_000)),
        case("JavaScript, median of 10 kB of JSON", example("median_json"), prices(143)),
    ]


async def timed(action: Callable[[], Awaitable[object]]) -> float:
    """Seconds that something took."""
    start = time.perf_counter()
    await action()
    return time.perf_counter() - start


async def one_run(pool: WorkerPool, one: Case) -> None:
    """This process beside a worker."""
    program = load(one.function)
    outcome = execute(program, one.request)
    assert isinstance(outcome, Returned), outcome
    assert (await pool.execute(one.function, one.request)).outcome == outcome
    here, there = [], []
    for _ in range(RUNS):
        start = time.perf_counter()
        execute(program, one.request)
        here.append(time.perf_counter() - start)
        there.append(await timed(lambda: pool.execute(one.function, one.request)))
    inside, outside = (statistics.median(times) * 1e6 for times in (here, there))
    print(f"  {inside:9.0f} us {outside:9.0f} us {outside - inside:9.0f} us   {one.name}")


async def throughput(pool: WorkerPool, one: Case, seconds: float) -> None:
    """Runs a second with both workers busy."""
    await pool.execute(one.function, one.request)
    end, done = time.perf_counter() + seconds, 0

    async def client() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await pool.execute(one.function, one.request)
            done += 1

    took = await timed(lambda: asyncio.gather(*[client() for _ in range(INFLIGHT)]))
    print(f"  {done / took:9.0f} /s   {one.name}")


async def starts(pool: WorkerPool) -> None:
    """A cold start, and a run right after its worker was killed or worn, with and without a spare standing by."""
    cold = []
    for _ in range(STARTS):
        start = time.perf_counter()
        worker = await WorkerHandle.start(pool._crew._settings)
        cold.append(time.perf_counter() - start)
        await worker.kill()
    print(f"  {statistics.median(cold) * 1e3:9.1f} ms   cold start of a worker, until it takes a run")


async def after_a_kill(directory: Path, one: Case, *, spares: int) -> float:
    """Milliseconds of the run after every used worker was killed; a spare has had time to get ready."""
    times = []
    async with WorkerPool(size=1, cache=directory, spares=spares) as pool:
        for _ in range(STARTS):
            await pool.execute(one.function, one.request)
            while spares and all(worker.runs for worker in pool._crew.workers):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            for worker in pool._crew.workers:
                if worker.runs:
                    os.kill(worker.process_id, signal.SIGKILL)
                    while worker.alive:  # noqa: ASYNC110
                        await asyncio.sleep(0.001)
            times.append(await timed(lambda: pool.execute(one.function, one.request)))
    return statistics.median(times) * 1e3


async def compile_times(directory: Path) -> None:
    """Each fixture, checked and compiled in a worker that has not seen it."""
    functions = {path.name: Function(path.read_bytes()) for path in sorted((ROOT / "fixtures/guests").glob("*.wasm"))}
    functions |= {path.name: example("median_json") for path in (ROOT / "executor/engines").glob("quickjs.wasm")}
    async with WorkerPool(size=1, cache=directory) as pool:
        for name, function in functions.items():
            again = Function(function.module, Terms(), function.source)
            first = await timed(lambda: pool.load(function))  # noqa: B023
            code: CompiledCode = pool._parts()[0]
            size = len(await code.read(function_id(function)) or b"")
            kept = await timed(lambda: pool.load(again))  # noqa: B023
            print(
                f"  {first * 1e3:9.1f} ms, kept {kept * 1e3:7.1f} ms   {name}, "
                f"{len(function.module):,} bytes, compiled {size:,}"
            )


async def main(seconds: float) -> None:
    """Everything, in order."""
    every = cases()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "compiled"
        async with WorkerPool(size=1, cache=directory) as pool:
            print(f"workers: {pool.confinement}")
            print(f"one run, median of {RUNS} interleaved: in this process, in a worker, difference")
            for one in every:
                await one_run(pool, one)
        async with WorkerPool(size=2, cache=directory) as pool:
            print(f"two workers, {INFLIGHT} requests in flight, {seconds:g} s each, {os.cpu_count()} processors")
            for one in every:
                await throughput(pool, one, seconds)
            print(f"processes, median of {STARTS}")
            await starts(pool)
        for spares in (1, 0):
            took = await after_a_kill(directory, every[0], spares=spares)
            print(f"  {took:9.1f} ms   a run after its worker was killed, {spares} spare: {every[0].name}")
        print("check and compile in a worker: first time, then with the code kept")
        await compile_times(Path(folder) / "other")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
