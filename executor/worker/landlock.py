"""No path is opened and no TCP port used any more: Landlock, a second wall behind the filter of system calls.

The ruleset handles every right the kernel knows and grants none. Constants: include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Final

from executor.errors import HostFault

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same on every architecture
_VERSION_FLAG: Final = 1
_FILE_RIGHTS: Final = ((1, 13), (2, 14), (3, 15), (5, 16))
"""(version, how many file rights it knows): read, write, execute, make, remove, then refer, truncate, ioctl."""
_NETWORK_RIGHTS: Final = 0b11  # bind and connect TCP, from version 4
_SCOPES: Final = 0b11  # abstract unix sockets and signals stay inside, from version 6


def deny_files() -> int:
    """Deny this thread, for good, every file and what else Landlock knows; its version, 0 where the kernel has none.

    Needs PR_SET_NO_NEW_PRIVS. Raises HostFault when the kernel has Landlock and refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform != "linux" or (version := libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)) <= 0:
        return 0
    attributes = ruleset(version)
    ruleset_descriptor = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset_descriptor < 0:
        raise HostFault(f"Landlock {version} refused a ruleset: {os.strerror(ctypes.get_errno())}")
    try:
        if libc.syscall(_RESTRICT_SELF, ruleset_descriptor, 0) != 0:
            raise HostFault(f"Landlock {version} refused to restrict: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(ruleset_descriptor)
    return int(version)


def ruleset(version: int) -> bytes:
    """struct landlock_ruleset_attr, as long as this version knows it."""
    files = (1 << max(count for since, count in _FILE_RIGHTS if version >= since)) - 1
    if version < 4:
        return struct.pack("<Q", files)
    if version < 6:
        return struct.pack("<QQ", files, _NETWORK_RIGHTS)
    return struct.pack("<QQQ", files, _NETWORK_RIGHTS, _SCOPES)
