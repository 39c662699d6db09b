"""What `executor demo` and `executor devnet` share."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, get_args

from executor.errors import ExecutorError, InvalidConfig
from executor.testing.devnet import ChainKind

INTERRUPTED = 130  # 128 + SIGINT, as shells say it
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
T = TypeVar("T")


def chain_kind(text: str) -> ChainKind:
    """The chain a user named; raises InvalidConfig."""
    for kind in get_args(ChainKind):
        if text == kind:
            return kind  # type: ignore[no-any-return]
    raise InvalidConfig(f"--chain {text}: one of {', '.join(get_args(ChainKind))}")


def new_folder(directory: Path | None, prefix: str) -> Path:
    """The folder a user named, made when it is not there, else a new temporary one; raises InvalidConfig."""
    if directory is None:
        return Path(tempfile.mkdtemp(prefix=prefix))
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidConfig(f"--directory {directory}: {error.strerror}") from error
    return directory


async def stoppable(work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`, or None when Ctrl-C, a termination or a closed terminal ended it; it cleans up first."""
    task = asyncio.ensure_future(work)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    for each in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(each, stop)
    try:
        return await task
    except (asyncio.CancelledError, ExecutorError):  # what fails after the stop fails because of it
        if stopped:
            return None
        raise
