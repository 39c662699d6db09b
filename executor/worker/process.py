"""A worker process: `python -m executor.worker.process PARENT FD MEMORY_BYTES RUN_S COMPILE_S`.

It holds no key (K1), inherits nothing but one socket, and does one thing at a time. It ends when the socket closes.
"""

from __future__ import annotations

import os
import socket
import sys

from executor.errors import ExecutorError
from executor.vm import self_test
from executor.worker.confinement import confine, tie_to_parent
from executor.worker.frames import send
from executor.worker.limits import limit_resources
from executor.worker.messages import fault_frame, ready_frame
from executor.worker.serving import Server, TimeLimits
from executor.worker.warmup import warm_up


def main(arguments: list[str]) -> None:
    """Show that the engine is what the profile says, use everything once, give up the rest, and serve."""
    parent, descriptor, memory_bytes, run_s, compile_s = arguments
    limits = TimeLimits(float(run_s), float(compile_s))
    os.environ.clear()
    connection = socket.socket(fileno=int(descriptor))
    try:
        tie_to_parent(int(parent))
        limit_resources(int(memory_bytes))
        self_test()
        warm_up(limits)
        confinement = confine()
    except ExecutorError as error:
        send(connection, fault_frame(error))
        return
    send(connection, ready_frame(confinement))
    Server(connection, limits).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
