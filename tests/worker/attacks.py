"""What a break-out would try, run in a process confined the way workers are.

`spawn([this file], [TASK])`: the task's result goes back over the socket as one frame. Attacks answer `{name: what
happened}`, where what happened is the name of an errno, or "done".
"""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from executor.errors import HostFault
from executor.vm import self_test
from executor.worker.confinement import confine, tie_to_parent
from executor.worker.frames import Frame, send
from executor.worker.landlock import deny_files
from executor.worker.limits import FILE_BYTES, limit_resources
from executor.worker.seccomp import ARCHITECTURES, filter_system_calls
from executor.worker.serving import Server, TimeLimits
from executor.worker.warmup import rehearse, warm_up

LIBC = ctypes.CDLL(None, use_errno=True)
MEMORY_BYTES = 1 << 30
PARENT, DESCRIPTOR = int(sys.argv[1]), int(sys.argv[2])
CONNECTION = socket.socket(fileno=DESCRIPTOR)
COLUMN = ARCHITECTURES[os.uname().machine].column
NUMBERS = {
    # x86-64, aarch64: calls that Python and the C library have no function for
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "tgkill": (234, 131),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "seccomp": (317, 277),
    "clone3": (435, 435),
    "openat2": (437, 437),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "name_to_handle_at": (303, 264),
    "unshare": (272, 97),
    "setns": (308, 268),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "clock_settime": (227, 112),
}


def system_call(number: int, *arguments: int) -> int:
    """The kernel's answer; raises OSError."""
    result: int = LIBC.syscall(number, *[ctypes.c_long(argument) for argument in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def named(name: str) -> Callable[[], object]:
    """A bare system call."""
    return lambda: system_call(NUMBERS[name][COLUMN], 0, 0, 0, 0, 0, 0)


def libc(name: str, *arguments: int) -> Callable[[], object]:
    """A function of the C library that answers -1 when refused."""

    def call() -> None:
        if getattr(LIBC, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")

    return call


def own_the_socket() -> None:
    """A socket's owner is sent signals by the kernel: any number, any process of the user."""
    fcntl.fcntl(DESCRIPTOR, fcntl.F_SETOWN, PARENT)


def pass_a_descriptor() -> None:
    """Hands the parent an open file it did not ask for."""
    rights = array.array("i", [DESCRIPTOR]).tobytes()
    CONNECTION.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def fill_a_file() -> None:
    """An anonymous file, as large as it gets."""
    descriptor, part = os.memfd_create("large"), bytes(1 << 24)
    try:
        for _ in range(FILE_BYTES // len(part) + 1):
            os.write(descriptor, part)
    finally:
        os.close(descriptor)


def fill_memory() -> None:
    """More private memory than the worker may have."""
    mmap.mmap(-1, MEMORY_BYTES + 1, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def share_memory() -> None:
    """Memory that counts against no limit of this process: again and again, it is all that the machine has."""
    mmap.mmap(-1, 1 << 26, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)


def share_a_file() -> None:
    """The same, backed by an anonymous file."""
    descriptor = os.memfd_create("shared")
    try:
        os.write(descriptor, bytes(4_096))
        mmap.mmap(descriptor, 4_096, flags=mmap.MAP_SHARED)
    finally:
        os.close(descriptor)


def live_longer() -> None:
    """Asks the kernel to end others first where memory is short."""
    Path("/proc/self/oom_score_adj").write_text("-1000")


ATTACKS: dict[str, Callable[[], object]] = {
    "read a file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "write a file": lambda: os.open("/tmp/worker-was-here/file", os.O_WRONLY | os.O_CREAT),
    "append to our own code": lambda: os.open(__file__, os.O_WRONLY | os.O_APPEND),
    "read own memory file": lambda: os.open("/proc/self/mem", os.O_RDWR),
    "read the parent's memory file": lambda: os.open(f"/proc/{PARENT}/mem", os.O_RDONLY),
    "read the parent's environment": lambda: os.open(f"/proc/{PARENT}/environ", os.O_RDONLY),
    "open a device": lambda: os.open("/dev/kmsg", os.O_WRONLY),
    "list the root": lambda: list(Path("/").iterdir()),
    "look at a file": lambda: Path("/etc/passwd").stat(),
    "make a directory": lambda: Path("/tmp/worker-was-here").mkdir(),
    "remove a file": lambda: Path("/etc/worker-was-here").unlink(),
    "rename a file": lambda: Path("/etc/worker-was-here").rename("/etc/worker-is-here"),
    "link a file": lambda: os.link("/etc/worker-was-here", "/tmp/worker-was-here"),
    "change a mode": lambda: Path("/etc/worker-was-here").chmod(0o777),
    "change the root": lambda: os.chroot("/tmp"),
    "change the folder": lambda: os.chdir("/tmp"),
    "open another way": named("openat2"),
    "open by handle": named("name_to_handle_at"),
    "a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "a datagram socket": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    "a unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "a kernel socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "a socket pair": socket.socketpair,
    "a pipe": os.pipe,
    "hand over a descriptor": pass_a_descriptor,
    "fork": os.fork,
    "a thread": lambda: threading.Thread(target=print).start(),
    "clone": named("clone3"),
    "signal the parent": lambda: os.kill(PARENT, signal.SIGCONT),  # harmless where it is not refused
    "signal everybody": lambda: os.kill(-1, 0),
    "kill by thread": named("tgkill"),
    "kill by descriptor": named("pidfd_send_signal"),
    "watch a process": named("pidfd_open"),
    "own the socket": own_the_socket,
    "type into a terminal": lambda: fcntl.ioctl(0, 0x5412, b"x"),
    "become root": lambda: os.setuid(0),
    "become readable": libc("prctl", 4, 1, 0, 0, 0),
    "outlive the parent": libc("prctl", 1, 0, 0, 0, 0),
    "new namespaces": named("unshare"),
    "another's namespaces": named("setns"),
    "another personality": named("personality"),
    "another root": named("pivot_root"),
    "set the clock": named("clock_settime"),
    "a filter of its own": named("seccomp"),
    "an io_uring": named("io_uring_setup"),
    "fault handling": named("userfaultfd"),
    "hidden memory": named("memfd_secret"),
    "shared memory": named("shmget"),
    "counters": named("perf_event_open"),
    "the kernel's keys": named("keyctl"),
    "limits of the parent": lambda: resource.prlimit(PARENT, resource.RLIMIT_NOFILE, (1, 1)),
    "more memory": lambda: resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY,) * 2),
    "more files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 16,) * 2),
    "a core file": lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20,) * 2),
    "fill memory": fill_memory,
    "fill a file": fill_a_file,
    "memory that nobody counts": share_memory,
    "a file's memory that nobody counts": share_a_file,
    "outlive the others": live_longer,
}

FATAL: dict[str, Callable[[], object]] = {
    "execute": lambda: os.execv("/bin/true", ["true"]),
    "execute with no path": lambda: system_call((322, 281)[COLUMN], DESCRIPTOR, 0, 0, 0, 0x1000),
    "trace the parent": lambda: system_call((101, 117)[COLUMN], 16, PARENT, 0, 0),
    "read the parent's memory": lambda: system_call((310, 270)[COLUMN], PARENT, 0, 0, 0, 0, 0),
    "write the parent's memory": lambda: system_call((311, 271)[COLUMN], PARENT, 0, 0, 0, 0, 0),
    "mount": libc("mount", 0, 0, 0, 0, 0),
}


def attempt(attack: Callable[[], object]) -> str:
    """What became of one attack."""
    try:
        attack()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except RuntimeError as error:  # threading has no errno
        return str(error)
    except ValueError as error:  # `resource` says so when a limit may not be raised
        return str(error)
    return "done"


def attacks() -> dict[str, str]:
    """Every attack that leaves us alive to tell."""
    prepare()
    confine()
    return {name: attempt(attack) for name, attack in ATTACKS.items()}


def free() -> dict[str, str]:
    """The control: harmless ones of the attacks, unconfined."""
    names = (
        "read a file", "look at a file", "a socket", "a pipe", "signal the parent", "a thread",
        "memory that nobody counts", "a file's memory that nobody counts",
    )  # fmt: skip
    return {name: attempt(ATTACKS[name]) for name in names}


def walls() -> dict[str, object]:
    """Landlock alone."""
    LIBC.prctl(38, 1, 0, 0, 0)
    connecting = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    return {
        "landlock": deny_files(),
        "file": attempt(ATTACKS["read a file"]),
        "list": attempt(ATTACKS["list the root"]),
        "connect": attempt(lambda: connecting.connect(("127.0.0.1", 9))),
    }


def filtered() -> dict[str, object]:
    """The filter of system calls alone."""
    LIBC.prctl(38, 1, 0, 0, 0)
    return {"filtered": filter_system_calls(), "file": attempt(ATTACKS["read a file"])}


def cycles() -> dict[str, object]:
    """Everything a worker does, again and again, and its error paths, behind closed doors."""
    prepare()
    ours, theirs = socket.socketpair()
    confinement = confine()
    for _ in range(5):
        rehearse(ours, Server(theirs, TimeLimits(30, 60)))
    try:
        raise HostFault("a fault behind closed doors")
    except HostFault:
        text = traceback.format_exc()
    return {"confinement": str(confinement), "traceback": text.splitlines()[-1]}


def inherited() -> dict[str, object]:
    """What a process started as workers are finds in itself."""
    descriptors = [number for number in range(256) if is_open(number)]
    return {
        "environment": sorted(os.environ),
        "descriptors": [number for number in descriptors if number > 2],
        "files": [str(Path(f"/proc/self/fd/{number}").readlink()).split(":")[0] for number in descriptors],
        "folder": str(Path.cwd()),
    }


def is_open(descriptor: int) -> bool:
    """Whether a descriptor is in use."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def prepare() -> None:
    """What comes before the doors close."""
    tie_to_parent(PARENT)
    limit_resources(MEMORY_BYTES)
    self_test()
    warm_up(TimeLimits(30, 60))


def linger() -> dict[str, object]:
    """Says it is there and stays, tied to its parent."""
    tie_to_parent(PARENT)
    send(CONNECTION, Frame("here", {"process": os.getpid()}))
    while True:
        signal.pause()


def main() -> None:
    """Run the task named on the command line."""
    task = sys.argv[3]
    if task in FATAL:
        prepare()
        confine()
        send(CONNECTION, Frame("survived", {"result": attempt(FATAL[task])}))
        return
    tasks: dict[str, Callable[[], object]] = {
        "attacks": attacks, "free": free, "walls": walls, "filtered": filtered, "cycles": cycles,
        "inherited": inherited, "linger": linger,
    }  # fmt: skip
    send(CONNECTION, Frame("result", {"result": tasks[task]()}))


if __name__ == "__main__":
    main()
