"""A worker that was taken over reaches nothing: real attacks from inside, each refused by the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from executor.worker import Confinement
from executor.worker.frames import Frame, receive_async
from executor.worker.landlock import ruleset
from executor.worker.seccomp import ALLOWED, ARCHITECTURES, FORBIDDEN, GUARDED, KILL, MASKED, assemble
from executor.worker.spawn import PACKAGE_ROOT, spawn
from executor.worker.warmup import GUEST

ATTACKS = Path(__file__).with_name("attacks.py")
OTHERWISE = {
    "a thread": "can't start new thread",
    "more memory": "not allowed to raise maximum limit",
    "more files": "not allowed to raise maximum limit",
    "a core file": "not allowed to raise maximum limit",
    "fill memory": "ENOMEM",
    "fill a file": "EFBIG",
}
"""Attacks that are refused in words of their own; all others with EPERM."""


async def child(task: str) -> tuple[Frame | None, int]:
    """What a task in a child process tells, None when it ended first, and its status."""
    process, reader, writer = await spawn([str(ATTACKS)], [task])
    frame = None
    with contextlib.suppress(asyncio.IncompleteReadError):
        frame = await receive_async(reader)
    writer.close()
    _, said = await process.communicate()
    assert said == b"", said.decode()
    assert process.returncode is not None
    return frame, process.returncode


async def told(task: str) -> dict[str, Any]:
    """The result a task tells."""
    frame, status = await child(task)
    assert status == 0
    assert frame is not None
    result: dict[str, Any] = frame.fields["result"]
    return result


async def test_every_attack_is_refused() -> None:
    """Files, network, processes, signals, privileges, limits: nothing that a break-out would want works."""
    results = await told("attacks")
    assert len(results) > 50
    assert {name: OTHERWISE.get(name, "EPERM") for name in results} == results


async def test_unconfined_the_same_attacks_work() -> None:
    """The control: what is refused above is not refused by the machine the tests run on."""
    assert set((await told("free")).values()) == {"done"}


@pytest.mark.parametrize(
    "attack",
    [
        "execute",
        "execute with no path",
        "trace the parent",
        "read the parent's memory",
        "write the parent's memory",
        "mount",
    ],
)
async def test_what_only_a_break_out_tries_ends_the_process(attack: str) -> None:
    """No answer, and a status that says why."""
    assert await child(attack) == (None, -signal.SIGSYS)


async def test_everything_works_behind_closed_doors() -> None:
    """Compilation, runs of every end, observation, errors and tracebacks, repeatedly; the report says what holds."""
    result = await told("cycles")
    assert result["confinement"].startswith("system calls filtered, ")
    assert result["traceback"] == "executor.errors.HostFault: a fault behind closed doors"


async def test_the_walls_hold_each_for_itself() -> None:
    """What Landlock and the filter report is what each of them refuses alone."""
    landlock, filtered = await told("walls"), await told("filtered")
    version = landlock["landlock"]
    assert landlock["file"] == landlock["list"] == ("EACCES" if version else "done")
    assert landlock["connect"] == ("EACCES" if version >= 4 else "ECONNREFUSED")
    assert filtered == {"filtered": True, "file": "EPERM"}


async def test_workers_inherit_nothing() -> None:
    """K1: two variables that Python needs, which a worker then drops, and no open file but one socket and a pipe."""
    os.environ["A_SECRET"] = "of the node"
    descriptor = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        result = await told("inherited")
    finally:
        os.close(descriptor)
        del os.environ["A_SECRET"]
    assert set(result["environment"]) <= {"PYTHONPATH", "LC_ALL", "LC_CTYPE"}
    assert len(result["descriptors"]) == 1
    assert result["files"] == ["/dev/null", "/dev/null", "pipe", "socket"]
    assert result["folder"] == "/"


async def test_a_worker_does_not_outlive_its_parent() -> None:
    """kill -9 of the parent: the kernel ends the worker, although nobody tells it."""
    code = (
        "import asyncio\n"
        "from executor.worker.frames import receive_async\n"
        "from executor.worker.spawn import spawn\n"
        "async def main():\n"
        f"    process, reader, writer = await spawn([{str(ATTACKS)!r}], ['linger'])\n"
        "    print((await receive_async(reader)).fields['process'], flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=subprocess.PIPE, env={"PYTHONPATH": PACKAGE_ROOT}
    )
    assert parent.stdout is not None
    worker = int(await parent.stdout.readline())
    os.kill(worker, 0)
    parent.kill()
    await parent.communicate()
    async with asyncio.timeout(30):
        while is_running(worker):  # noqa: ASYNC110  # a process sets no asyncio.Event
            await asyncio.sleep(0.01)


def is_running(process: int) -> bool:
    """Whether a process is there and no zombie that nobody waits for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_filter_is_what_the_tables_say() -> None:
    """Each processor's program refuses foreign numberings first and names every call of the tables once."""
    for name, architecture in ARCHITECTURES.items():
        code = assemble(architecture)
        assert len(code) % 8 == 0
        assert len(code) // 8 < 256, name  # so that every jump fits
        numbers = [
            row[architecture.column] for table in (ALLOWED, FORBIDDEN, GUARDED, MASKED) for row in table.values()
        ]
        assert len(numbers) == len(set(numbers)), name
        assert code[16:24] == b"\x06\0\0\0" + KILL.to_bytes(4, "little")


def test_the_ruleset_is_as_long_as_the_kernel_knows() -> None:
    """Every right of each Landlock version, and not one more: the kernel refuses unknown ones."""
    sizes = {1: (8, 13), 2: (8, 14), 3: (8, 15), 4: (16, 15), 5: (16, 16), 6: (24, 16), 7: (24, 16), 99: (24, 16)}
    for version, (size, rights) in sizes.items():
        attributes = ruleset(version)
        assert len(attributes) == size
        assert int.from_bytes(attributes[:8], "little").bit_count() == rights


def test_the_report_is_for_people() -> None:
    """What is missing is said in capitals, and only a filtered process is completely confined."""
    whole, none = Confinement(system_calls=True, landlock=7, privileges=True), Confinement(False, 0, False)
    assert str(whole) == "system calls filtered, files denied by Landlock 7, privileges dropped"
    assert str(none) == "NO filter of system calls, no Landlock, privileges of the user kept"
    assert whole.complete
    assert not none.complete
    assert Confinement(system_calls=True, landlock=0, privileges=True).complete


def test_the_guest_of_the_warm_up_is_its_source() -> None:
    """The bytes in the package are what the text compiles to."""
    assert bytes(wasmtime.wat2wasm(Path(__file__).with_name("warmup.wat").read_text())) == GUEST
