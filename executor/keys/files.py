"""Files that hold keys, or what keys have signed: made new or replaced whole, synced, readable to their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from executor.errors import KeyStoreError


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist; raises KeyStoreError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise KeyStoreError(f"cannot write {path}: {error.strerror}") from error


def replace_file(path: Path, data: bytes) -> None:
    """Put new content in the place of a file, whole or not at all; raises KeyStoreError."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)  # of a replacement that was cut short
    write_new(new, data)
    try:
        new.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise KeyStoreError(f"cannot replace {path}: {error.strerror}") from error
