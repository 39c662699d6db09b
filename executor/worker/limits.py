"""What the operating system holds a worker to, so that no guest can take down the host.

Fuel and the memory limit hold guests; these limits hold our own code and the engine's compiler, and the machine when
one of them is wrong. What breaks one of them ends the worker, which is a HostFault.
"""

from __future__ import annotations

import mmap
import resource
import sys
from typing import Final

from executor.errors import HostFault

ADDRESS_SPACE_BYTES: Final = 1 << 36  # an instance reserves 4 GiB without using them, so this one is generous
STACK_BYTES: Final = 16 << 20  # eight times the guest's native stack: host functions run above it
OPEN_FILES: Final = 64
FILE_BYTES: Final = 1 << 29  # compiled code of the largest module
SLACK_BYTES: Final = 64 << 20  # what a run needs beside the guest's memory: responses, transcript, logs
CPU_MARGIN_S: Final = 10


def confine(memory_bytes: int) -> None:
    """Limit this process for good. `memory_bytes`: private writable memory, guests and compiler included."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    _soft_limit(resource.RLIMIT_STACK, STACK_BYTES)
    if sys.platform == "linux":  # elsewhere the kernel ignores or refuses these
        _limit(resource.RLIMIT_AS, ADDRESS_SPACE_BYTES)
        _limit(resource.RLIMIT_DATA, memory_bytes)


def limit_cpu(seconds: float) -> None:
    """Let the kernel end this process after this much more processor time: a parent's watchdog may be gone."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft_limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + CPU_MARGIN_S)


def check_room(memory_bytes: int) -> None:
    """Raises HostFault unless a guest can get all the memory it may ask for.

    D5: a `memory.grow` that the host refuses would be seen by the guest, so it must not come to that.
    """
    try:
        mmap.mmap(-1, memory_bytes + SLACK_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError as error:
        raise HostFault(f"no room for a guest of {memory_bytes} bytes: {error}") from error


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _soft_limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, hard))
