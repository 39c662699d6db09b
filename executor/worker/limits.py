"""What the operating system holds a worker to, so that no guest can take down the host.

Fuel and the memory limit hold guests; these limits hold our own code and the engine's compiler, and the machine when
one of them is wrong. What breaks one of them ends the worker, which is a HostFault.
"""

from __future__ import annotations

import contextlib
import mmap
import resource
import sys
from pathlib import Path
from typing import Final

from executor.errors import HostFault

ADDRESS_SPACE_BYTES: Final = 1 << 36  # an instance reserves 4 GiB without using them, so this one is generous
STACK_BYTES: Final = 16 << 20  # of the main thread: host functions and the interpreter run on it
OPEN_FILES: Final = 64
FILE_BYTES: Final = 1 << 26  # the engine's memory images are anonymous files; there are no others
SLACK_BYTES: Final = 160 << 20  # beside the guest's memory: its stack of 80 MiB, responses, transcript, logs
CPU_MARGIN_S: Final = 10
FIRST_TO_GO: Final = 1_000  # of the kernel, where memory is short: before the node, the signer and all else


def limit_resources(memory_bytes: int) -> None:
    """Limit this process for good. `memory_bytes`: private writable memory, guests and compiler included."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    _soft_limit(resource.RLIMIT_STACK, STACK_BYTES)
    if sys.platform == "linux":  # elsewhere the kernel ignores or refuses these
        _limit(resource.RLIMIT_NPROC, 0)  # root is exempt: the filter of system calls is not
        _limit(resource.RLIMIT_AS, ADDRESS_SPACE_BYTES)
        _limit(resource.RLIMIT_DATA, memory_bytes)
        with contextlib.suppress(OSError):  # no /proc, or one that nobody writes to
            Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_GO), encoding="ascii")


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
