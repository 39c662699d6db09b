"""What keeps secrets in a process's memory out of files and other processes."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import ctypes, resource
from executor.keys.memory import keep_memory_here
keep_memory_here()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))  # PR_GET_DUMPABLE
"""


def test_no_core_file_is_written_and_nobody_may_trace() -> None:
    """For good: the hard limit is gone, too."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == "(0, 0) 0\n"
