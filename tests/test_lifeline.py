"""What a process started ends with it, also when it is killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from executor.worker.spawn import spawn

STARTING = """
import asyncio, time
from executor.worker.spawn import spawn

async def main():
    process, _, _ = await spawn(["-c", "import time; time.sleep(60)"])  # it never comes to tie itself
    print(process.pid, flush=True)
    time.sleep(60)

asyncio.run(main())
"""
CHAIN = """
import sys, time
from executor.chain.devchain import ChainProcess

class Chain(ChainProcess):
    def command(self):
        return [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"]
    def ready(self, output):
        return output and "http://127.0.0.1:1"

chain = Chain(1)
chain.start()
print(chain.pid, flush=True)
time.sleep(60)
"""
SLEEPS = ["-c", "import time; time.sleep(60)"]
END_S = 10.0  # to end a test that fails, not to time it


@pytest.mark.parametrize("script", [STARTING, CHAIN], ids=["a worker that is still starting", "a chain"])
def test_a_child_is_killed_with_its_parent(script: str) -> None:
    """The kernel does it: the child takes no part, as anvil takes none."""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert runs(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + END_S
    while runs(child):
        assert time.monotonic() < deadline, "it outlived its parent"
        time.sleep(0.01)


async def test_a_start_that_is_cancelled_leaves_no_process() -> None:
    """Wherever it is cancelled: what was not handed out is killed."""
    before = children()
    cancelled = 0
    for steps in range(12):
        start = asyncio.create_task(spawn(SLEEPS))
        for _ in range(steps):
            await asyncio.sleep(0)
        start.cancel()
        try:
            process, _, writer = await start
        except asyncio.CancelledError:
            cancelled += 1
            continue
        writer.close()
        process.kill()
        await process.wait()
    assert cancelled > 0
    assert before == children()


def children() -> set[int]:
    """Our own, by procfs."""
    threads = Path("/proc/self/task").glob("*/children")
    return {int(word) for thread in threads for word in thread.read_text().split() if runs(int(word))}


def runs(pid: int) -> bool:
    """Whether there is such a process and it has not ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
