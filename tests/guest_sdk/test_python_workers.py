"""Python functions in worker processes, as nodes run them: compiled there, within the limits, several side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Failed, Outcome, Returned
from executor.model.request import Request
from executor.vm import execute
from executor.worker import WorkerPool

from .python_engine import ENGINE, LOADER, TIMESTAMP, body

SOURCES = [body(f"return str(request.context.epoch + {number})") for number in range(3)]
FULL = body("x = []\nwhile True: x.append(bytes(1 << 20))")


def function_of(source: str) -> Function:
    """A function with little memory."""
    return Function(ENGINE, Terms.model_validate({"limits": {"fuel": 10**9, "memory_mib": 24}}), source.encode())


def request_of(function: Function) -> Request:
    """Its request."""
    return Request.local(LOADER(function).function_id, b"", block_timestamp=TIMESTAMP)


async def test_workers_run_python_as_this_process_does(tmp_path: Path) -> None:
    """Functions of one engine, and one that fills its memory: the same outcomes with the same fuel."""
    functions = [function_of(source) for source in (*SOURCES, FULL)]
    requests = [request_of(function) for function in functions]
    expected: list[Outcome] = [
        execute(LOADER(each), request) for each, request in zip(functions, requests, strict=True)
    ]
    assert [type(outcome) for outcome in expected] == [Returned, Returned, Returned, Failed]
    async with WorkerPool(size=1, cache=tmp_path / "code") as pool:
        await pool.load(functions[0])
        runs = [pool.execute(each, request) for each, request in zip(functions, requests, strict=True)]
        assert [done.outcome for done in await asyncio.gather(*runs)] == expected
