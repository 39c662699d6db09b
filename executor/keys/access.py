"""Who may talk to the signer: the modes of its socket and directory, and the kernel's word for who is calling."""

from __future__ import annotations

import asyncio
import grp
import os
import socket
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final as Constant

from executor.errors import KeyStoreError

MAX_SOCKET_PATH_BYTES: Constant = 103  # sockaddr_un holds 104 bytes on macOS, 108 on Linux, with the final zero
ROOT: Constant = 0
_CREDENTIALS: Constant = struct.Struct("3i")  # struct ucred: process, user, group


@dataclass(frozen=True, slots=True)
class Peer:
    """A caller: its user, None where the system cannot tell (then the socket's mode alone decides)."""

    uid: int | None

    @property
    def administers(self) -> bool:
        """Whether this is the signer's own user or root, who could as well read its files."""
        return self.uid is None or self.uid in (os.geteuid(), ROOT)


@dataclass(frozen=True, slots=True)
class Access:
    """Beside the signer's own user: a group that reaches the socket, and the users in it that are served."""

    group: int | None = None
    uids: frozenset[int] = frozenset()

    def admits(self, peer: Peer) -> bool:
        """Whether this caller is served: root, who could as well read the files, always."""
        return peer.administers or peer.uid in self.uids

    def give(self, path: Path) -> None:
        """Set the mode of a socket just made; raises KeyStoreError."""
        try:
            if self.group is not None:
                os.chown(path, -1, self.group)
            path.chmod(0o600 if self.group is None else 0o660)
        except OSError as error:
            raise KeyStoreError(f"cannot give {path} to group {self.group}: {error.strerror}") from error


def access_of(group: str | None, uids: list[int]) -> Access:
    """The access an operator named; raises KeyStoreError for a group that this machine does not have."""
    if uids and group is None:
        raise KeyStoreError("other users reach the socket through a group: name it with --group")
    try:
        return Access(None if group is None else grp.getgrnam(group).gr_gid, frozenset(uids))
    except KeyError as error:
        raise KeyStoreError(f"this machine has no group {group}") from error


def peer_of(writer: asyncio.StreamWriter) -> Peer:
    """Who is at the other end, by the kernel's word."""
    ours = writer.get_extra_info("socket")
    if not hasattr(socket, "SO_PEERCRED"):
        return Peer(None)
    _, uid, _ = _CREDENTIALS.unpack(ours.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(uid)


def check_place(path: Path, access: Access) -> None:
    """Raises KeyStoreError unless others than `access` names cannot put anything beside the socket, or reach it."""
    if len(bytes(path)) > MAX_SOCKET_PATH_BYTES:
        raise KeyStoreError(f"the socket path {path} is longer than {MAX_SOCKET_PATH_BYTES} bytes")
    allowed = 0o700 if access.group is None else 0o710
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
            if access.group is not None:
                os.chown(path.parent, -1, access.group)
                path.parent.chmod(allowed)
        status = path.parent.stat()
    except OSError as error:
        raise KeyStoreError(f"cannot use the socket's directory: {error}") from error
    mode = stat.S_IMODE(status.st_mode)
    if mode & ~allowed & 0o777:
        raise KeyStoreError(f"{path.parent} is open to other users (mode {mode:o}); make it {allowed:04o}")
    if access.group is not None and mode & 0o010 and status.st_gid != access.group:
        raise KeyStoreError(f"{path.parent} belongs to another group than the socket; chgrp it")
    if path.exists() and not path.is_socket():
        raise KeyStoreError(f"{path} exists and is no socket")
