"""A guest that escaped into its worker finds no key, no signer, no network, and nobody else's process (K1)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from executor.keys.client import SignerClient
from executor.worker.frames import receive_async
from executor.worker.spawn import spawn

BREAKOUT = Path(__file__).with_name("breakout.py")


@pytest.fixture
def listening() -> Iterator[tuple[str, int]]:
    """An abstract socket and a TCP port that anybody outside may reach: their name and number."""
    name = f"executor-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as abstract, socket.socket() as tcp:
        abstract.bind("\0" + name)
        abstract.listen()
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        yield name, tcp.getsockname()[1]


async def told(targets: dict[str, Any]) -> dict[str, Any]:
    """What the break-out tells."""
    process, reader, writer = await spawn([str(BREAKOUT)], [json.dumps(targets)])
    frame = await receive_async(reader)
    writer.close()
    _, said = await process.communicate()
    assert (process.returncode, said) == (0, b"")
    return frame.fields


async def test_a_worker_that_was_taken_over_reaches_no_key(
    start: Callable[[], Any],
    directory: Path,
    listening: tuple[str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It knows every path, name and process, beside a node that is connected to its signer; outside all of it works."""
    one = start()
    password = tmp_path / "password"
    password.write_text("correct horse\n")
    monkeypatch.setenv("EXECUTOR_PASSWORD", "correct horse")
    client = SignerClient(one.socket)
    await client.public_keys()
    kept = os.open(password, os.O_RDONLY)
    os.set_inheritable(kept, True)
    try:
        targets = {
            "keys": str(directory),
            "password": str(password),
            "socket": str(one.socket),
            "signer": one.process.pid,
            "abstract": listening[0],
            "port": listening[1],
            "descriptor": kept,
        }
        free = await told({**targets, "free": True})
        confined = await told({**targets, "free": False})
    finally:
        os.close(kept)
        await client.close()
    attacks = set(confined["results"])
    unprivileged = {name for name in attacks if name.startswith("the signer's") and name != "the signer's socket"}
    assert {free["results"][name] for name in attacks - unprivileged} == {"done"}
    expected = "done" if os.geteuid() == 0 else "EACCES"  # it is not dumpable: its own user may not look
    assert {free["results"][name] for name in unprivileged} == {expected}
    assert dict.fromkeys(attacks, "EPERM") == confined["results"]
    assert confined["descriptors"] == []
    assert set(confined["environment"]) <= {"PYTHONPATH", "LC_ALL", "LC_CTYPE"}
