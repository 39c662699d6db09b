"""Compiled code on disk (D8).

Rule 1. A file's name is its key: profile id, module id, engine version. Another profile never finds it.
Rule 2. The directory belongs to this user and nobody else may enter it: compiled code is native code.
Rule 3. Files are written to a temporary name and renamed; a mapped file is never overwritten.
Rule 4. A file starts with a digest of its key and content; one that does not match is removed and compiled again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from executor.crypto.digests import module_id, profile_id
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.profile import Profile
from executor.vm import ENGINE, Program, load

MAGIC: Final = b"executor-code-1\n"
MAX_TOTAL_BYTES: Final = 1 << 30  # about 250 engines of the size of QuickJS
_DIGEST_BYTES: Final = 32


class CodeCache:
    """Compiled code in a private directory."""

    def __init__(self, directory: Path, profile: Profile) -> None:
        """Creates the directory; raises HostFault when it is not ours alone."""
        self._directory, self._profile = directory, profile
        self._prefix = f"{profile_id(profile).hex()}-{ENGINE}"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise HostFault(f"{directory} must be a directory of this user that nobody else may enter (chmod 700)")

    def load(self, function: Function) -> Program:
        """`vm.load` with the compiled code kept; raises what it raises."""
        path = self._directory / f"{self._prefix}-{module_id(function.module).hex()}"
        compiled = self._read(path)
        if compiled is not None:
            try:
                return load(function, self._profile, compiled=compiled)
            except HostFault:  # another processor's code, or a file made to look right: compile it ourselves
                path.unlink(missing_ok=True)
        program = load(function, self._profile)
        self._write(path, program.serialize())
        return program

    def _read(self, path: Path) -> bytes | None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        start = len(MAGIC) + _DIGEST_BYTES
        if data[:start] == MAGIC + _digest(path.name, data[start:]):
            os.utime(path)  # for _make_room: used now
            return data[start:]
        path.unlink(missing_ok=True)
        return None

    def _write(self, path: Path, compiled: bytes) -> None:
        """Keep compiled code; a full disk only means compiling again next time."""
        temporary = None
        try:
            self._make_room(len(compiled))
            descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix="new-")
            with os.fdopen(descriptor, "wb") as file:
                file.write(MAGIC + _digest(path.name, compiled) + compiled)
            Path(temporary).replace(path)
        except OSError:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        """Remove what was unused for longest."""
        entries = sorted((entry.stat().st_mtime, entry.stat().st_size, entry) for entry in self._directory.iterdir())
        total = sum(entry[1] for entry in entries) + size
        for _, freed, entry in entries:
            if total <= MAX_TOTAL_BYTES:
                return
            entry.unlink(missing_ok=True)
            total -= freed


def _digest(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode("ascii") + b"\n" + content).digest()
