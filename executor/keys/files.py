"""Files that hold keys, or what keys have signed: made new or replaced whole, synced, readable to their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from executor.errors import KeyStoreError


def check_private(path: Path) -> None:
    """Raises KeyStoreError when another user of this machine may read or change the file or folder.

    What is not there is none of its business: whoever opens it says so.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise KeyStoreError(f"cannot look at {path}: {error.strerror}") from error
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        wanted = "0700" if stat.S_ISDIR(status.st_mode) else "0600"
        raise KeyStoreError(f"{path} is open to other users (mode {mode:04o}): chmod {wanted} {path}")


def check_password_file(path: Path) -> None:
    """Raises KeyStoreError when everybody on this machine may read the password; a pipe is nobody else's."""
    status = path.stat()
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o007:
        mode = stat.S_IMODE(status.st_mode)
        raise KeyStoreError(f"everybody may read the password file {path} (mode {mode:04o}): chmod 0600 {path}")


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
