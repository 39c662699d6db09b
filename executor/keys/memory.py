"""Keeping a process's memory to itself: signer and node hold what must not be written to a file of somebody else's."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final as Constant

PR_SET_DUMPABLE: Constant = 4  # prctl(2): 0 keeps ptrace and /proc/PID/mem from processes without privileges


def keep_memory_here() -> None:
    """No core file of this process, and no other process of this user reading its memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
