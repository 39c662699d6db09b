"""A worker that was taken over says what it likes: its run fails, the process goes, and the parent stands."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import pytest
from vm.guests import request

from executor.errors import HostFault, WorkerDied
from executor.model.observation import Observation
from executor.model.outcome import Returned
from executor.model.profile import PROFILE
from executor.vm import Diagnostics
from executor.worker.frames import TOLD_BLOB_BYTES, Frame
from executor.worker.handle import WorkerHandle, WorkerSettings
from executor.worker.messages import end_frame
from executor.worker.serving import TimeLimits
from executor.worker.spawn import spawn
from worker.pools import HTTP, observer
from worker.worlds import World

SCRIPT = """
import socket, sys, zlib
connection = socket.socket(fileno=int(sys.argv[2]))
connection.recv(1 << 20)
connection.sendall(zlib.decompress(bytes.fromhex(sys.argv[3])))
while connection.recv(1 << 20):
    pass
"""
TARGET = observer(grants=HTTP)
CALL = Frame("call", {"operation": "http.fetch"}, (b"1.5",)).encode()
RUNNING = Frame("running").encode()
LIES = {
    "an outcome of nothing": (RUNNING + Frame("end", {"end": "returned"}, (b"",)).encode(), "malformed end"),
    "victory": (RUNNING + Frame("victory").encode(), "said victory"),
    "loaded": (Frame("loaded").encode(), "said loaded"),
    "two requests in a call": (RUNNING + Frame("call", {"operation": "x"}, (b"", b"")).encode(), "cannot make"),
    "calls without end": (RUNNING + CALL * (PROFILE.ceilings.calls + 1), "more than 64 calls"),
    "a blob over the limit": (struct.pack("<III", 2, 1, TOLD_BLOB_BYTES + 1) + b"{}", "a frame with"),
    "no frame": (b"GET / HTTP/1.1\r\n\r\n", "a frame of"),
}


async def liar(said: bytes) -> WorkerHandle:
    """A process that says this to whatever it is asked."""
    settings = WorkerSettings(TimeLimits(20, 20), 1 << 30, require_confinement=False)
    return WorkerHandle(await spawn(["-c", SCRIPT], [zlib.compress(said).hex()]), settings)


async def no_code() -> bytes | None:
    """There is none."""
    return None


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_ends_the_worker(lie: str) -> None:
    """A HostFault for this run; the world is asked no more than the machine's limits allow."""
    said, reason = LIES[lie]
    worker, world = await liar(said), World()
    with pytest.raises(HostFault, match=reason):
        await worker.run("observe", TARGET.function, request(TARGET), (), world, no_code)
    assert not worker.alive
    assert len(world.asked) <= PROFILE.ceilings.calls


async def test_a_call_larger_than_a_guest_can_make(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size limit of requests holds for the worker, too."""
    small = replace(PROFILE, ceilings=replace(PROFILE.ceilings, call_request_bytes=2))
    monkeypatch.setattr("executor.worker.handle.PROFILE", small)
    worker, world = await liar(RUNNING + CALL), World()
    with pytest.raises(HostFault, match="cannot make"):
        await worker.run("observe", TARGET.function, request(TARGET), (), world, no_code)
    assert world.asked == []


async def test_an_execute_run_calls_nobody() -> None:
    """There is no world to ask in an agreed run."""
    worker = await liar(RUNNING + CALL)
    with pytest.raises(HostFault, match="cannot make"):
        await worker.run("execute", TARGET.function, request(TARGET), (), None, no_code)
    assert not worker.alive


async def test_a_worker_that_hangs_up() -> None:
    """It closes its socket without a word: WorkerDied, with how its process ended."""
    settings = WorkerSettings(TimeLimits(20, 20), 1 << 30, require_confinement=False)
    worker = WorkerHandle(await spawn(["-c", "import sys; sys.exit('no more')"]), settings)
    with pytest.raises(WorkerDied, match="ended with status 1 before it answered: no more"):
        await worker.run("execute", TARGET.function, request(TARGET), (), None, no_code)


@pytest.mark.parametrize("end", [Returned(b"", 1), Observation.error("trap")])
async def test_the_right_words_are_believed(end: Returned | Observation) -> None:
    """The control: the same script, saying what a worker says."""
    worker = await liar(RUNNING + end_frame(end, Diagnostics()).encode())
    found, _ = await worker.run("observe", TARGET.function, request(TARGET), (), World(), no_code)
    assert found == end
    assert worker.alive
    assert worker.stopped_a_guest == isinstance(end, Observation)
    await worker.kill()
