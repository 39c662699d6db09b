"""Child processes of the devnet and of end-to-end tests: started with a log, stopped together, never left behind."""

from __future__ import annotations

import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from executor.errors import HostFault, InvalidConfig
from executor.lifeline import tied_to_parent

PORTS = range(10_000, 32_000)  # below those that Linux takes for outgoing connections, 32768 and up
STOP_S = 10.0  # a devnet's node takes 8 s at most: 3 of its own and 5 to close


class Child:
    """One running process; standard error and output go to `log`, except a first line that `read_line` takes."""

    def __init__(
        self, name: str, arguments: Sequence[str], log: Path, *, environment: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._asked = False
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # Ctrl-C reaches the parent alone, which stops them in order
                preexec_fn=tied_to_parent(signal.SIGTERM),
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def read_line(self, timeout_s: float) -> str:
        """The next line of standard output; raises HostFault when the process ends or says nothing in time."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_s
        line = b""
        descriptor = self._process.stdout.fileno()
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            byte = os.read(descriptor, 1) if ready else b""
            if not byte:
                raise HostFault(f"{self.name} did not start; its log ends:\n{self.tail()}")
            line += byte
        return line.decode("utf-8").strip()

    def tail(self, characters: int = 2_000) -> str:
        """The end of the log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-characters:]

    def kill(self) -> None:
        """SIGKILL: what a crash or a power cut looks like to the others."""
        self._process.kill()
        self._process.wait()

    def ask(self) -> None:
        """SIGTERM, once: a second one tells a node to end at once, which leaves its workers for the kernel to end."""
        if self.running and not self._asked:
            self._process.terminate()
            self._asked = True

    def stop(self, timeout_s: float = STOP_S) -> None:
        """SIGTERM, then SIGKILL when it does not end in time."""
        if self.running:
            self.ask()
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


class Children:
    """A group of children; leaving the block stops all, last started first."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._children: list[Child] = []

    def start(self, name: str, *arguments: str, environment: dict[str, str] | None = None) -> Child:
        """Start `python arguments…` under this name."""
        child = Child(name, arguments, self._logs / f"{name}.log", environment=environment)
        self._children.append(child)
        return child

    def stop(self) -> None:
        """Ask every child at once, and wait for them; those that take longer than STOP_S together are killed."""
        deadline = time.monotonic() + STOP_S
        for child in reversed(self._children):
            child.ask()
        for child in reversed(self._children):
            child.stop(max(0.0, deadline - time.monotonic()))
        self._children.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_ports(count: int) -> list[int]:
    """Distinct loopback ports that were free a moment ago, and that the system gives nobody unasked."""
    found: list[int] = []
    while len(found) < count:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe:
            if port not in found and not _taken(probe, port):
                found.append(port)
    return found


def check_free(*ports: int) -> None:
    """Raises InvalidConfig that names a port on which something listens: before anything is started."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            if _taken(probe, port):
                raise InvalidConfig(f"port {port} is taken: choose another, or 0 for free ones")


def _taken(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return True
    return False
