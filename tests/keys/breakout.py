"""What a guest that broke out of its machine tries next: Python in a process confined as workers are.

`spawn([this file], [TARGETS])`: TARGETS is JSON with everything an attacker could wish to know. It answers `{name: what
happened}`, where what happened is the name of an errno, or "done".
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from executor.vm import self_test
from executor.worker.confinement import confine, tie_to_parent
from executor.worker.frames import Frame, send
from executor.worker.limits import limit_resources
from executor.worker.serving import TimeLimits
from executor.worker.warmup import warm_up

MEMORY_BYTES = 1 << 30
PARENT, DESCRIPTOR = int(sys.argv[1]), int(sys.argv[2])
CONNECTION = socket.socket(fileno=DESCRIPTOR)
KEY_FILES = ("signer.json", "transmitter.json", "bls.json", "encryption.json", "keys.json", "record.sqlite3")


def connect(family: int, address: object) -> None:
    """A connection to somewhere."""
    with socket.socket(family, socket.SOCK_STREAM) as ours:
        ours.connect(address)  # type: ignore[arg-type]


def attacks(targets: dict[str, object]) -> dict[str, Callable[[], object]]:
    """By name. Every one of them works for the node's own user outside."""
    keys, signer = Path(str(targets["keys"])), int(str(targets["signer"]))
    found: dict[str, Callable[[], object]] = {
        f"read {name}": lambda name=name: (keys / name).read_bytes() for name in KEY_FILES
    }
    return found | {
        "list the keys": lambda: list(keys.iterdir()),
        "read the password": lambda: Path(str(targets["password"])).read_bytes(),
        "append to the record": lambda: (keys / "record.sqlite3").open("ab"),
        "the signer's socket": lambda: connect(socket.AF_UNIX, str(targets["socket"])),
        "an abstract socket": lambda: connect(socket.AF_UNIX, "\0" + str(targets["abstract"])),
        "the network": lambda: connect(socket.AF_INET, ("127.0.0.1", targets["port"])),
        "list the processes": lambda: os.listdir("/proc"),  # noqa: PTH208 # the call itself
        "the signer's descriptors": lambda: os.listdir(f"/proc/{signer}/fd"),  # noqa: PTH208
        "the signer's memory": lambda: os.open(f"/proc/{signer}/mem", os.O_RDONLY),
        "the signer's environment": lambda: Path(f"/proc/{signer}/environ").read_bytes(),
        "the node's memory": lambda: os.open(f"/proc/{PARENT}/mem", os.O_RDONLY),
        "the node's environment": lambda: Path(f"/proc/{PARENT}/environ").read_bytes(),
        "the node's descriptors": lambda: os.open(f"/proc/{PARENT}/fd/{targets['descriptor']}", os.O_RDWR),
        "signal the signer": lambda: os.kill(signer, 0),
    }


def attempt(attack: Callable[[], object]) -> str:
    """What became of one attack."""
    try:
        attack()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "done"


def descriptors() -> list[int]:
    """Every open one but standard input, output and error."""
    found = []
    for number in range(3, 4096):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def main() -> None:
    """Confine, attack, tell; with `"free": true`, without the confinement."""
    targets = json.loads(sys.argv[3])
    environment = sorted(os.environ)
    if not targets["free"]:
        tie_to_parent(PARENT)
        limit_resources(MEMORY_BYTES)
        self_test()
        warm_up(TimeLimits(30, 60))
        confine()
    results = {name: attempt(attack) for name, attack in attacks(targets).items()}
    found = [number for number in descriptors() if number != DESCRIPTOR]
    send(CONNECTION, Frame("result", {"results": results, "descriptors": found, "environment": environment}))


if __name__ == "__main__":
    main()
