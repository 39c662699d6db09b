"""Files that are whole or absent: written to a temporary name, synced, renamed, and the directory synced (D8)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final as Constant

from executor.errors import StoreError

TEMPORARY_PREFIX: Constant = ".incomplete-"


def make_directory(directory: Path) -> None:
    """Create `directory` (0700) and drop what a killed process left half-written in it; raises StoreError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in directory.glob(f"{TEMPORARY_PREFIX}*"):
            leftover.unlink()
    except OSError as error:
        raise StoreError(f"cannot use {directory}: {error.strerror}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Durably write `path`: after a crash it holds all of `data` or what it held before; raises StoreError."""
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def read_whole(path: Path, *, limit: int) -> bytes | None:
    """The bytes of `path`, or None when there is no such file; raises StoreError above `limit` or when unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > limit:
        raise StoreError(f"{path} is longer than {limit} bytes")
    return data


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
