"""What a worker gives up once it is warm, and what it has when it starts.

Rule 1. `tie_to_parent` comes first: a worker never outlives the process that started it, however that one ends.
Rule 2. `confine` comes when everything is imported and has run once: after it nothing can be opened.
Rule 3. What this kernel cannot do is reported, never assumed; a pool may require the filter (`complete`).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from typing import Final

from executor.errors import HostFault
from executor.worker.landlock import deny_files
from executor.worker.seccomp import filter_system_calls

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITY_VERSION_3: Final = 0x2008_0522


@dataclass(frozen=True, slots=True)
class Confinement:
    """What holds a worker beside the machine's own rules and its resource limits."""

    system_calls: bool
    """A seccomp filter: no files, sockets, processes, signals to others."""
    landlock: int
    """The kernel's Landlock version, 0 without: no files, no TCP."""
    privileges: bool
    """No capabilities, none to be gained by executing, unreadable to other processes of the user."""

    @property
    def complete(self) -> bool:
        """Whether neither files nor network nor other processes are in reach."""
        return self.system_calls and self.privileges

    def __str__(self) -> str:
        """One line for people."""
        return ", ".join(
            [
                "system calls filtered" if self.system_calls else "NO filter of system calls",
                f"files denied by Landlock {self.landlock}" if self.landlock else "no Landlock",
                "privileges dropped" if self.privileges else "privileges of the user kept",
            ]
        )


def tie_to_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; raises HostFault if it has ended."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise HostFault("the process that started this worker has ended")


def confine() -> Confinement:
    """Give up what this kernel lets a process give up, for good; raises HostFault when a part of it fails."""
    if sys.platform != "linux":
        return Confinement(system_calls=False, landlock=0, privileges=False)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _drop_capabilities()
    _prctl(_PR_SET_DUMPABLE, 0)
    landlock = deny_files()
    return Confinement(system_calls=filter_system_calls(), landlock=landlock, privileges=True)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise HostFault(f"prctl {option} failed: {os.strerror(ctypes.get_errno())}")


def _drop_capabilities() -> None:
    """A worker of a node that runs as root keeps root's files and nothing else of root."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, twice 32 bits
    if libc.capset(header, none) != 0:
        raise HostFault(f"dropping capabilities failed: {os.strerror(ctypes.get_errno())}")
