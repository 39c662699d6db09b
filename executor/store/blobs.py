"""Bytes by their keccak256: modules, sources, inputs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final as Constant

from executor.crypto.digests import keccak256
from executor.errors import InvalidValue, StoreError
from executor.model.ids import Digest
from executor.store.files import make_directory, read_whole, write_whole

MAX_BLOB_BYTES: Constant = 64 * 1024 * 1024  # the largest module is 16 MiB


class Blobs:
    """A directory of blobs, each in a file named by its hash, checked whenever it is read."""

    def __init__(self, directory: Path, *, max_bytes: int = MAX_BLOB_BYTES) -> None:
        make_directory(directory)
        self._directory = directory
        self._max_bytes = max_bytes

    def put(self, data: bytes) -> Digest:
        """Keep `data` durably; its hash. A damaged file of that hash is repaired. Raises InvalidValue over the cap."""
        if len(data) > self._max_bytes:
            raise InvalidValue(f"a blob of {len(data)} bytes; the limit is {self._max_bytes}")
        digest = keccak256(data)
        path = self._path(digest)
        try:
            kept = read_whole(path, limit=self._max_bytes)
        except StoreError:
            kept = None
        if kept != data:
            write_whole(path, data)
        return digest

    def find(self, digest: Digest) -> bytes | None:
        """The blob, or None when it is not here; raises StoreError when its file is damaged."""
        data = read_whole(self._path(digest), limit=self._max_bytes)
        if data is not None and keccak256(data) != digest:
            raise StoreError(
                f"{self._path(digest)} is damaged: its hash is {keccak256(data)}; check the disk and delete the file, "
                "which is fetched again"
            )
        return data

    def __contains__(self, digest: Digest) -> bool:
        return self._path(digest).is_file()

    def size(self, digest: Digest) -> int:
        """Bytes of the blob's file; 0 when it is not here."""
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StoreError(f"cannot read {self._path(digest)}: {error.strerror}") from error

    def remove(self, digest: Digest) -> None:
        """Forget a blob; what is not here is no error."""
        try:
            self._path(digest).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot remove {self._path(digest)}: {error.strerror}") from error

    def keep_only(self, digests: Collection[Digest]) -> None:
        """Remove every other blob: what a killed process had written and named nowhere, or had begun to remove."""
        kept = {digest.hex() for digest in digests}
        for path in self._directory.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def _path(self, digest: Digest) -> Path:
        return self._directory / digest.hex()
