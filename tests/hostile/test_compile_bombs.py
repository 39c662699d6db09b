"""Modules that no node can compile: they cost their author the function, and a node one process (D4, D5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.crypto.digests import function_id
from executor.errors import HostFault, WatchdogExpired, WorkerDied
from executor.model.function import Function
from executor.model.outcome import Returned
from executor.model.request import Request
from executor.worker import WorkerPool
from fixtures.guests.hostile.generated.compile import loops_times_locals, values_through_blocks

GOOD = Function((Path(__file__).resolve().parents[2] / "fixtures" / "guests" / "c_echo.wasm").read_bytes())
BOMBS = {
    "time": (loops_times_locals(500), WatchdogExpired),  # 20 kB, measured over a minute
    "memory": (values_through_blocks(3_000), WorkerDied),  # 21 kB, measured over 2 GiB
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_compile_bomb_costs_one_process(name: str, tmp_path: Path) -> None:
    """Over its time or its memory the compiler's process ends: a fault, no outcome, and the next guest runs."""
    module, fault = BOMBS[name]
    bomb = Function(module)
    compile_s = 2.0 if fault is WatchdogExpired else 60.0
    async with WorkerPool(size=1, cache=tmp_path / "code", compile_s=compile_s, memory_bytes=640 << 20) as pool:
        with pytest.raises(HostFault) as raised:
            await pool.execute(bomb, Request.local(function_id(bomb)))
        assert isinstance(raised.value, fault)
        execution = await pool.execute(GOOD, Request.local(function_id(GOOD), b"input"))
    assert isinstance(execution.outcome, Returned)
    assert execution.outcome.output == b"input"
