"""What an embedder pays: importing, loading and running, in a thread and in a worker."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from executor import Function, Loader, Receipt, Request, Terms, WorkerPool, engine_for, execute, load

ROOT = Path(__file__).resolve().parents[1]
ECHO = (ROOT / "fixtures" / "guests" / "c_echo.wasm").read_bytes()
STATEMENTS = (
    "pass",
    "import executor",
    "from executor import load, execute",
    "from executor import Receipt",
    "from executor import WorkerPool",
)


def measured(what: str, run: Callable[[], object], repeats: int = 9) -> None:
    """Print the median of some repetitions, and the best."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1_000)
    print(f"{what:<44} {statistics.median(times):9.2f} ms   best {min(times):9.2f} ms")


def fresh(statement: str) -> None:
    """A Python process that does this and ends."""
    subprocess.run([sys.executable, "-c", statement], check=True)


async def in_workers(function: Function, request: Request) -> None:
    """The same runs in a worker process."""
    with TemporaryDirectory() as cache:
        async with WorkerPool(size=1, cache=Path(cache)) as pool:
            await pool.load(function)
            await pool.execute(function, request)
            started, repeats = time.perf_counter(), 200
            for _ in range(repeats):
                await pool.execute(function, request)
            print(f"{'execute in a worker':<44} {(time.perf_counter() - started) * 1_000 / repeats:9.2f} ms")


def main() -> None:
    """Print everything."""
    for statement in STATEMENTS:
        measured(f"python -c {statement!r}", lambda statement=statement: fresh(statement))  # type: ignore[misc]
    echo = Function(ECHO)
    quickjs = Function(engine_for("javascript"), Terms(), b"export default (input) => input.text()")
    measured("load a C function of 333 bytes", lambda: load(echo))
    measured("load a JavaScript function", lambda: load(quickjs), 3)
    loader = Loader()
    loader(quickjs)
    measured("load it again, its engine kept by a Loader", lambda: loader(quickjs))
    for name, function in (("C", echo), ("JavaScript", quickjs)):
        program = loader(function)
        request = Request.local(program.function_id, b"hello")
        measured(f"execute an echo in {name}", lambda p=program, r=request: execute(p, r), 99)  # type: ignore[misc]
    receipt = Receipt.read(ROOT / "fixtures" / "receipts" / "eth_usd_bls.json")
    measured("verify a receipt, its engine kept", lambda: receipt.verify(load=loader))
    asyncio.run(in_workers(echo, Request.local(loader(echo).function_id, b"hello")))


if __name__ == "__main__":
    main()
