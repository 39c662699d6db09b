"""Makes .engines/aarch64/python: an arm64 Python under qemu with the packages that `executor` needs to replay receipts.

python tools/aarch64/setup.py     # some 15 s and 80 MB of downloads; nothing when it is there already

Needs an x86-64 Debian with a mirror, and pip; no root. apt checks every package by its signed index, pip every wheel
by the hashes of requirements/demo.txt. Ends with 2 where that is impossible (no Debian), with 1 where it failed.
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
from wheels import install, locked

HERE = Path(__file__).resolve().parent
ENGINES = HERE.parents[1] / ".engines"
TARGET = ENGINES / "aarch64"
PACKAGES = ("python3-minimal", "libpython3-stdlib", "libstdc++6")
EMULATOR = ("qemu-user-static", "usr/bin/qemu-aarch64-static")
WRAPPER = """#!/bin/sh
# An arm64 Python. The processor is pinned: ARMv8.0, the oldest, so that nothing follows the emulator's default.
here=$(dirname "$(readlink -f "$0")")
exec env -u PYTHONHOME PYTHONNOUSERSITE=1 PYTHONPYCACHEPREFIX="$here/bytecode" \\
    PYTHONPATH="$here/site${PYTHONPATH:+:$PYTHONPATH}" QEMU_CPU="${QEMU_CPU:-cortex-a53}" \\
    "$here/qemu-aarch64" -L "$here/root" "$here/root/usr/bin/python3" "$@"
"""


def recipe() -> str:
    """A digest of everything that decides what is made, but for the mirror's present packages."""
    parts = [locked(), WRAPPER, *(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.py")))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def make(work: Path) -> None:
    """Put the whole machine into a new folder."""
    with tempfile.TemporaryDirectory(prefix="executor-apt-") as state, ThreadPoolExecutor() as threads:
        apt = Apt(Path(state))
        apt.update()
        packages = apt.unpack(PACKAGES, work / "root")
        emulator = threads.submit(apt.extract, *EMULATOR, work / "qemu-aarch64")
        version = (work / "root/usr/bin/python3").readlink().name.removeprefix("python")
        install(work / "site", version, Path(state))
        packages.append(emulator.result())
    (work / "packages.txt").write_text("\n".join(sorted(packages)) + "\n", encoding="utf-8")
    (work / "python").write_text(WRAPPER, encoding="utf-8")
    (work / "python").chmod(0o755)


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
        except NotDebian as reason:
            sys.stderr.write(f"no arm64 machine here: {reason}\n")
            sys.exit(2)
        except SetupFailed as reason:
            sys.stderr.write(f"the arm64 machine could not be made: {reason}\n")
            sys.exit(1)


if __name__ == "__main__":
    main()
