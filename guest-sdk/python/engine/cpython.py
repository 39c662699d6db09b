"""The pinned CPython: fetched, patched, built once for this machine, whose compiler makes byte code, once for WASI."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import ziglang
from patches import patch

HERE = Path(__file__).resolve().parent
VERSION = "3.13.5"
ARCHIVE = f"python3.13_{VERSION}.orig.tar.xz"
ARCHIVE_SHA256 = "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640"
POOL = f"pool/main/p/python3.13/{ARCHIVE}"  # in Debian's archive; trixie's source package

ZIG = str(Path(ziglang.__file__).parent / "zig")
TARGET = ("-target", "wasm32-wasi")
OPTIMISED = ("-O2", "-DNDEBUG")
COMPILE_FLAGS = ("-fno-sanitize=undefined", "-Wno-everything", "-g0")
OPTIONS = (
    "--disable-test-modules", "--without-ensurepip", "--disable-shared", "--with-pymalloc", "--without-mimalloc",
    "--without-doc-strings",
)  # fmt: skip
# Extension modules that need an operating system, a library, or subinterpreters.
DISABLED = (
    "_codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _ctypes _elementtree _interpchannels "
    "_interpqueues _interpreters _lsprof _lzma _multibytecodec _socket _uuid _zoneinfo fcntl grp mmap pwd pyexpat "
    "readline resource select syslog termios zlib"
)
LIBRARIES = ("libpython3.13.a", "Modules/_decimal/libmpdec/libmpdec.a", "Modules/_hacl/libHacl_Hash_SHA2.a")


class SourceError(Exception):
    """The pinned source cannot be had, or is another."""


def fetch(work: Path, archive: Path | None = None) -> Path:
    """The unpacked, patched source; the archive comes from the Debian mirror this machine's apt is set up with."""
    if archive is None:
        archive = work / ARCHIVE
        if not archive.exists():
            helper = ["/usr/lib/apt/apt-helper", "download-file", f"{_mirror()}{POOL}", str(archive)]
            subprocess.run([*helper, f"SHA256:{ARCHIVE_SHA256}"], check=True, stdout=subprocess.DEVNULL)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != ARCHIVE_SHA256:
        raise SourceError(f"{archive.name} has sha256 {digest}, pinned is {ARCHIVE_SHA256}")
    with tarfile.open(archive) as tar:
        tar.extractall(work, filter="data")
    source = work / f"Python-{VERSION}"
    shutil.copy(HERE / "slots.h", source / "Include")
    patch(source)
    return source


def build_native(source: Path, directory: Path) -> Path:
    """The helper's executable: two to three minutes."""
    directory.mkdir()
    _configure(source, directory, ["--disable-test-modules", "--without-ensurepip"], {})
    _make(directory, "python")
    _make(directory, "sharedmods")
    return directory / "python"


def build_library(source: Path, directory: Path, native: Path) -> list[Path]:
    """The static libraries for WASI: one to two minutes."""
    directory.mkdir()
    compiler = " ".join([ZIG, "cc", *TARGET])
    # A path is relative wherever CPython keeps one, so that the bytes do not depend on where it is built.
    environment = {
        "CC": compiler,
        "CPP": f"{compiler} -E",
        "AR": f"{ZIG} ar",
        "RANLIB": f"{ZIG} ranlib",
        "OPT": " ".join(OPTIMISED),
        "CFLAGS": " ".join([*COMPILE_FLAGS, f"-ffile-prefix-map={source}=."]),
        "CONFIG_SITE": f"{source / 'Tools/wasm/config.site-wasm32-wasi'} {HERE / 'config.site'}",
        "PKG_CONFIG": "false",
    }
    machine = subprocess.run(["gcc", "-dumpmachine"], check=True, capture_output=True, text=True).stdout.strip()
    cross = ["--host=wasm32-unknown-wasip1", f"--build={machine}", f"--with-build-python={native}"]
    _configure(source, directory, [*cross, *OPTIONS], environment)
    (directory / "Modules" / "Setup.local").write_text(f"*disabled*\n{DISABLED}\n", encoding="ascii")
    _make(directory, "Makefile")
    makefile = directory / "Makefile"
    # binascii's crc32 without zlib
    text = re.sub(r"(?m)^MODULE_BINASCII_CFLAGS=.*", "MODULE_BINASCII_CFLAGS=", makefile.read_text(encoding="utf-8"))
    makefile.write_text(text, encoding="utf-8")
    _make(directory, *LIBRARIES)
    return [directory / name for name in LIBRARIES]


def _configure(source: Path, directory: Path, options: list[str], environment: Mapping[str, str]) -> None:
    command = [f"../{source.name}/configure", "-q", *options]
    subprocess.run(command, cwd=directory, env=_environment(environment), check=True, stdout=subprocess.DEVNULL)


def _make(directory: Path, *targets: str) -> None:
    command = ["make", "-s", f"-j{os.cpu_count() or 1}", *targets]
    with (directory / "make.log").open("a") as log:
        done = subprocess.run(command, cwd=directory, env=_environment({}), check=False, stdout=log, stderr=log)
    if done.returncode:
        sys.stderr.write("\n".join((directory / "make.log").read_text().splitlines()[-20:]) + "\n")
        raise SourceError(f"make {' '.join(targets)} failed in {directory}")


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "ZIG_GLOBAL_CACHE_DIR") if name in os.environ}
    return {**kept, "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1700000000", **more}


def _mirror() -> str:
    """The address of Debian's archive in this machine's apt sources."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"], check=False, capture_output=True, text=True
    )
    for address in done.stdout.splitlines():
        if address.rstrip("/").endswith("/debian"):
            return address.rstrip("/") + "/"
    raise SourceError(f"no Debian mirror in apt's sources: give --archive {ARCHIVE} (sha256 {ARCHIVE_SHA256})")
