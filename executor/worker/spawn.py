"""A child process that inherits one socket and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import executor
from executor.lifeline import tied_to_parent

PACKAGE_ROOT: Final = str(Path(executor.__file__ or "").resolve().parent.parent)

Child: TypeAlias = tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]


async def spawn(program: Sequence[str], arguments: Sequence[str] = ()) -> Child:
    """`python PROGRAM... PARENT FD ARGUMENTS...` with an empty environment; the socket's streams.

    Its standard error is a pipe, so that no terminal or log file of ours is open in it.
    """
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-s", "-P", *program, str(os.getpid()), str(theirs.fileno()), *arguments,
            pass_fds=(theirs.fileno(),), env={"PYTHONPATH": PACKAGE_ROOT, "LC_ALL": "C.UTF-8"}, cwd=os.sep,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the parent's business
            preexec_fn=tied_to_parent(signal.SIGKILL),
        )  # fmt: skip
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    try:
        return process, *await asyncio.open_connection(sock=ours)
    except BaseException:  # cancelled: nobody else knows of the process yet
        ours.close()
        process.kill()
        await asyncio.shield(process.wait())
        raise
