"""Bytes by their keccak256: modules, sources, inputs."""

from __future__ import annotations

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
            raise StoreError(f"{self._path(digest)} is damaged: its hash is {keccak256(data)}")
        return data

    def __contains__(self, digest: Digest) -> bool:
        return self._path(digest).is_file()

    def _path(self, digest: Digest) -> Path:
        return self._directory / digest.hex()
