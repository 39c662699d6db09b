"""The system calls a warm worker may make: a seccomp filter, assembled here.

Rule 1. What is not in a table below fails with EPERM, so that our own error paths go on and say what happened.
Rule 2. What only a break-out would try (FORBIDDEN), and any call in another instruction set's numbering, ends the
        process: the parent sees SIGSYS and says so.
Rule 3. Where one harmless use of a dangerous call is needed, its argument is checked (GUARDED).
Rule 4. Nothing here opens, connects, forks, executes or signals. Pages may become executable: the engine needs it.
Rule 5. Memory is private: what is shared counts against no limit of the process (MASKED).

The numbers are those of the kernel's tables arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ALLOWED: Final = MappingProxyType[str, tuple[int, int]](
    {
        # the parent's socket, and the memory images the engine keeps in anonymous files
        "write": (1, 64),
        "recvfrom": (45, 207),
        "sendto": (44, 206),
        "close": (3, 57),
        "memfd_create": (319, 279),
        # memory
        "mprotect": (10, 226),
        "munmap": (11, 215),
        "mremap": (25, 216),
        "madvise": (28, 233),
        "brk": (12, 214),
        "membarrier": (324, 283),
        # signals this process sends itself by faulting: how the engine sees traps
        "rt_sigaction": (13, 134),
        "rt_sigprocmask": (14, 135),
        "rt_sigreturn": (15, 139),
        "sigaltstack": (131, 132),
        # time, locks, itself
        "futex": (202, 98),
        "sched_yield": (24, 124),
        "clock_gettime": (228, 113),
        "clock_nanosleep": (230, 115),
        "restart_syscall": (219, 128),
        "getrandom": (318, 278),
        "getpid": (39, 172),
        "gettid": (186, 178),
        "getrusage": (98, 165),
        "exit": (60, 93),
        "exit_group": (231, 94),
    }
)
"""System call -> its number on x86-64 and on aarch64."""

GUARDED: Final = MappingProxyType[str, tuple[int, int, int, tuple[int, ...]]](
    {
        "prlimit64": (302, 261, 0, (0,)),  # limits of this process only
        "fcntl": (72, 25, 1, (1, 1033, 1034)),  # F_GETFD, F_ADD_SEALS, F_GET_SEALS: F_SETOWN could signal others
    }
)
"""System call -> its two numbers, which argument is checked, and the values it may have."""

MASKED: Final = MappingProxyType[str, tuple[int, int, int, int, int]](
    {"mmap": (9, 222, 3, 0x0F, 0x02)}  # MAP_TYPE is MAP_PRIVATE: memory that RLIMIT_DATA counts once it is written to
)
"""System call -> its two numbers, which argument is checked, which bits of it, and the value they must have."""

FORBIDDEN: Final = MappingProxyType[str, tuple[int, int]](
    {
        "execve": (59, 221),
        "execveat": (322, 281),
        "ptrace": (101, 117),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "mount": (165, 40),
        "bpf": (321, 280),
        "init_module": (175, 105),
        "finit_module": (313, 273),
        "kexec_load": (246, 104),
    }
)
"""System calls that end the process."""

X32_BIT: Final = 0x4000_0000  # x86-64's second numbering

ALLOW: Final = 0x7FFF_0000
REFUSE: Final = 0x0005_0000 | errno.EPERM
KILL: Final = 0x8000_0000  # the whole process, with SIGSYS

_LOAD_WORD, _AND, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16  # in struct seccomp_data
_SET_MODE_FILTER, _FLAG_ALL_THREADS = 1, 1


@dataclass(frozen=True, slots=True)
class Architecture:
    """One instruction set: its column in the tables, its audit number, the number of `seccomp` itself."""

    column: int
    audit: int
    seccomp: int


ARCHITECTURES: Final = MappingProxyType(
    {"x86_64": Architecture(0, 0xC000_003E, 317), "aarch64": Architecture(1, 0xC000_00B7, 277)}
)


def assemble(architecture: Architecture) -> bytes:
    """The filter as an array of struct sock_filter."""
    return b"".join([struct.pack("<HBBI", *instruction) for instruction in _instructions(architecture)])


def filter_system_calls() -> bool:
    """Hold every thread of this process to the tables, for good; False where the kernel has no such filter.

    Needs PR_SET_NO_NEW_PRIVS.
    """
    architecture = ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or architecture is None:
        return False
    code = assemble(architecture)
    instructions = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.syscall(architecture.seccomp, _SET_MODE_FILTER, _FLAG_ALL_THREADS, ctypes.byref(program)) == 0)


def _instructions(architecture: Architecture) -> Iterator[tuple[int, int, int, int]]:
    """(code, jump if true, jump if false, operand); jumps count the instructions passed over."""
    yield _LOAD_WORD, 0, 0, _ARCHITECTURE_OFFSET
    yield _JUMP_EQUAL, 1, 0, architecture.audit
    yield _RETURN, 0, 0, KILL
    yield _LOAD_WORD, 0, 0, _NUMBER_OFFSET
    yield _JUMP_AT_LEAST, 0, 1, X32_BIT
    yield _RETURN, 0, 0, KILL
    for numbers in ALLOWED.values():
        yield from _when_equal(numbers[architecture.column], 1)
        yield _RETURN, 0, 0, ALLOW
    for numbers in FORBIDDEN.values():
        yield from _when_equal(numbers[architecture.column], 1)
        yield _RETURN, 0, 0, KILL
    for *both, argument, values in GUARDED.values():
        yield from _when_equal(both[architecture.column], 2 + 2 * len(values))
        yield _LOAD_WORD, 0, 0, _ARGUMENTS_OFFSET + 8 * argument  # its low half: the kernel takes an int
        for value in values:
            yield from _when_equal(value, 1)
            yield _RETURN, 0, 0, ALLOW
        yield _RETURN, 0, 0, REFUSE
    for *both, argument, bits, value in MASKED.values():
        yield from _when_equal(both[architecture.column], 5)
        yield _LOAD_WORD, 0, 0, _ARGUMENTS_OFFSET + 8 * argument  # its low half has all of these bits
        yield _AND, 0, 0, bits
        yield from _when_equal(value, 1)
        yield _RETURN, 0, 0, ALLOW
        yield _RETURN, 0, 0, REFUSE
    yield _RETURN, 0, 0, REFUSE


def _when_equal(value: int, passed_over: int) -> Iterator[tuple[int, int, int, int]]:
    """Go on when the loaded word is this value, else pass over the next instructions."""
    yield _JUMP_EQUAL, 0, passed_over, value


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))
