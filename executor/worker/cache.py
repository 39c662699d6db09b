"""Compiled code on disk (D8), read and written by the parent: workers open no file.

Rule 1. A file's name is its key: profile id, engine and its version, module id. Another profile never finds it.
Rule 2. The directory belongs to this user and nobody else may enter it: compiled code is native code.
Rule 3. Files are written to a temporary name and renamed; a file is never overwritten.
Rule 4. A file starts with a digest of its key and content; one that does not match is removed and compiled again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

from executor.crypto.digests import profile_id
from executor.errors import HostFault
from executor.model.ids import ModuleId
from executor.model.profile import Profile

MAGIC: Final = b"executor-code-1\n"
MAX_TOTAL_BYTES: Final = 1 << 30  # about 250 engines of the size of QuickJS
_DIGEST_BYTES: Final = 32


class CodeCache:
    """Compiled code in a private directory."""

    def __init__(self, directory: Path, profile: Profile, *, edition: str = "") -> None:
        """Creates the directory; raises HostFault when it is not ours alone. `edition` is part of every name."""
        self._directory = directory
        self._prefix = f"{profile_id(profile).hex()}-wasmtime-{version('wasmtime')}{edition and '-' + edition}"
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = directory.lstat()
        except OSError as error:
            raise HostFault(f"the folder of compiled code, {directory}, cannot be used: {error.strerror}") from error
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise HostFault(f"{directory} must be a directory of this user that nobody else may enter (chmod 700)")

    def holds(self, module: ModuleId) -> bool:
        """Whether there is a file for a module; `read` finds out what it is worth."""
        return self._path(module).exists()

    def read(self, module: ModuleId) -> bytes | None:
        """The code of a module, or None; a damaged file is removed."""
        path = self._path(module)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        start = len(MAGIC) + _DIGEST_BYTES
        code = data[start:]  # copied once: 25 MB of CPython's engine
        if data[:start] == MAGIC + _digest(path.name, code):
            os.utime(path)  # for _make_room: used now
            return code
        path.unlink(missing_ok=True)
        return None

    def write(self, module: ModuleId, code: bytes) -> None:
        """Keep the code of a module; raises HostFault when the disk does not take it."""
        path, temporary = self._path(module), None
        try:
            self._make_room(len(code))
            descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix="new-")
            with os.fdopen(descriptor, "wb") as file:
                file.write(MAGIC + _digest(path.name, code) + code)
            Path(temporary).replace(path)
        except OSError as error:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            raise HostFault(f"compiled code cannot be kept in {self._directory}: {error}") from error

    def forget(self, module: ModuleId) -> None:
        """Remove what the engine refused."""
        self._path(module).unlink(missing_ok=True)

    def _path(self, module: ModuleId) -> Path:
        return self._directory / f"{self._prefix}-{module.hex()}"

    def _make_room(self, size: int) -> None:
        """Remove what was unused for longest."""
        entries = sorted(self._entries())
        total = sum(entry[1] for entry in entries) + size
        for _, freed, entry in entries:
            if total <= MAX_TOTAL_BYTES:
                return
            entry.unlink(missing_ok=True)
            total -= freed

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        for entry in self._directory.iterdir():
            try:
                status = entry.stat()
            except FileNotFoundError:  # another writer renamed or removed it
                continue
            yield status.st_mtime, status.st_size, entry


def _digest(name: str, content: bytes) -> bytes:
    digest = hashlib.sha256(name.encode("ascii") + b"\n")
    digest.update(content)
    return digest.digest()
