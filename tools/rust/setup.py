"""Makes .engines/rust/rustc: a Rust compiler for WebAssembly, of Debian 12's packages, for machines that have no other.

python tools/rust/setup.py    # some 10 s and 120 MB of downloads; nothing when it is there already

Needs an x86-64 Debian 12 with a mirror; no root, and nothing is installed. What decides the bytes of modules is pinned
below; the libraries that the compiler uses are checked by apt's signed index. Ends with 2 where that is impossible (no
Debian 12), with 1 where it failed.
"""

from __future__ import annotations

import fcntl
import hashlib
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "aarch64"))  # which has the same apt for another processor

from debian import Apt, NotDebian, SetupFailed, check_machine  # noqa: E402 (found by the line above)

ENGINES = HERE.parents[1] / ".engines"
TARGET = ENGINES / "rust"
RELEASE = "VERSION_CODENAME=bookworm"
PINNED = {
    "rustc": "26dd439266153e38d3e6fbe0fe2dbbb41f20994afa688faa71f38427348589ed",
    "libstd-rust-1.63": "3970c02845cd407e2389623f138e2e96443702c46a789d394ec63b58a482448e",
    "libstd-rust-dev-wasm32": "959a7c281b4a7af90e0ad67961aec82594d0eb09442c5e06d8478974d7287fd1",
    "lld-14": "3b77ab0cc30bbba9e874ba57cabc090116ed52d5eebaa043cf1e1412c4523a99",
    "libllvm14": "cd986403cfe53f47c41b80667f6b344c40fe35de4c5081dad9358b4c77cf64a8",
}
"""SHA-256 of the packages of rustc 1.63 with LLVM 14."""
LIBRARIES = ("libbsd0", "libedit2", "libffi8", "libicu72", "liblzma5", "libmd0", "libtinfo6", "libxml2", "libz3-4")
UNUSED = ("usr/lib/rustlib/wasm32-wasi", "usr/share")  # half of the space
WRAPPER = """#!/bin/sh
# rustc 1.63 of Debian 12, run from where it was unpacked.
root=$(dirname "$(readlink -f "$0")")/root/usr
LD_LIBRARY_PATH="$root/lib/x86_64-linux-gnu:$root/lib/llvm-14/lib" PATH="$root/bin:$PATH" \\
    exec "$root/bin/rustc" --sysroot "$root" "$@"
"""


def make(work: Path) -> None:
    """Put the compiler into a new folder."""
    with tempfile.TemporaryDirectory(prefix="executor-apt-") as state, ThreadPoolExecutor(2) as threads:
        apt = Apt(Path(state), "amd64")
        apt.update()
        packages = Path(state) / "packages"
        packages.mkdir()
        archives = apt.download((*PINNED, *LIBRARIES), packages)
        check_pins(archives)
        (work / "root").mkdir()
        for done in [threads.submit(unpack, archive, work / "root") for archive in archives]:
            done.result()
    (work / "packages.txt").write_text("\n".join(path.name for path in archives) + "\n", encoding="utf-8")
    (work / "rustc").write_text(WRAPPER, encoding="utf-8")
    (work / "rustc").chmod(0o755)


def check_pins(archives: list[Path]) -> None:
    """Raises SetupFailed when the mirror has another compiler than the pinned one."""
    for name, digest in PINNED.items():
        (archive,) = (path for path in archives if path.name.startswith(f"{name}_"))
        if hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
            raise SetupFailed(f"{archive.name} is not the pinned {name}")


def unpack(archive: Path, root: Path) -> None:
    """One package, without what is not needed of it."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as reading:
        without = [f"--exclude=./{path}" for path in UNUSED]
        done = subprocess.run(["tar", "--extract", f"--directory={root}", *without], stdin=reading.stdout)
    if done.returncode != 0:
        raise SetupFailed(f"{archive.name} cannot be unpacked")


def prepare() -> str:
    """Make the compiler unless it is there; what was done, for people."""
    stamp, wanted = TARGET / "recipe", hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return f"{TARGET}/rustc is there"
    check_machine(platform.machine())
    if RELEASE not in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        raise NotDebian("the pinned compiler is Debian 12's; this is another release")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rust-", dir=ENGINES) as folder:
        work = Path(folder) / "made"
        work.mkdir()
        make(work)
        (work / "recipe").write_text(wanted, encoding="utf-8")
        if TARGET.exists():
            TARGET.rename(Path(folder) / "former")
        work.rename(TARGET)
    return f"{TARGET}/rustc made in {time.monotonic() - started:.0f} s"


def main() -> None:
    """Command line."""
    ENGINES.mkdir(exist_ok=True)
    with (ENGINES / "rust.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            sys.stdout.write(prepare() + "\n")
        except NotDebian as reason:
            sys.stderr.write(f"no Rust compiler for this machine: {reason}\n")
            sys.exit(2)
        except SetupFailed as reason:
            sys.stderr.write(f"the Rust compiler could not be made: {reason}\n")
            sys.exit(1)


if __name__ == "__main__":
    main()
