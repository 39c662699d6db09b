"""Children of a devnet are stopped in order."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from executor.errors import InvalidConfig
from executor.testing.processes import Children, check_free, free_ports

TELLS = """
import signal, sys, time
asked = []
def tell(*_):
    asked.append("asked")
    print("asked", file=sys.stderr, flush=True)
signal.signal(signal.SIGTERM, tell)
print("ready", flush=True)
while not asked:
    time.sleep(0.01)
ends = time.monotonic() + float(sys.argv[1])
while time.monotonic() < ends:
    time.sleep(0.01)
"""


def test_a_child_that_is_stopping_is_asked_once(tmp_path: Path) -> None:
    """To a node the second signal says to end at once, and then nobody waits for its workers."""
    with Children(tmp_path) as children:
        started = [children.start(name, "-c", TELLS, takes_s) for name, takes_s in (("slow", "1.0"), ("quick", "0.2"))]
        for child in started:
            assert child.read_line(20.0) == "ready"
    assert [child.tail() for child in started] == ["asked\n", "asked\n"]
    assert not any(child.running for child in started)


def test_the_taken_one_of_some_ports_is_named() -> None:
    """What nobody listens on any more may be taken again at once: a network's ports after it was stopped."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(InvalidConfig, match=f"port {port} is taken"):
            check_free(*free_ports(2), port)
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0]:
            pass  # this end was closed first or the other: one of them lingers on the port
    check_free(port)
