"""What `executor demo` and `executor devnet` share."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, get_args

from executor.chain.accounts import dev_accounts
from executor.errors import ExecutorError, InvalidConfig
from executor.model.codec import Json
from executor.testing.devnet import ChainKind, Devnet

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


def settings_of(devnet: Devnet) -> dict[str, Json]:
    """The settings with which other verbs use this network, but `resolve`."""
    deployment = devnet.deployment
    return {
        "rpc_urls": [devnet.chain.url],
        "chain_id": deployment.chain_id,
        "router": str(deployment.router),
        "nodes": [node.url for node in devnet.nodes],
        "subscription": deployment.subscription,
        "key_file": str(_key_file(devnet)),  # of a development chain: everybody knows this key
        "ask": False,
    }


def _key_file(devnet: Devnet) -> Path:
    return (devnet.directory / "owner.key").resolve()


def write_settings(file: Path, devnet: Devnet) -> str:
    """The network's settings as a file, and the key of the account that owns its subscription; what was written."""
    key, values = _key_file(devnet), settings_of(devnet)
    key.touch(mode=0o600)
    key.write_text(f"0x{dev_accounts()[0].private_key.hex()}\n")
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    lines += ["", "[resolve]", *(f"{json.dumps(name)} = {json.dumps(to)}" for name, to in devnet.overrides.items())]
    text = "# Of the running `executor devnet`, which removes it when it stops.\n" + "\n".join(lines) + "\n"
    file.write_text(text)
    return text


def remove_settings(file: Path, text: str) -> None:
    """Remove the file unless another network has written its own since: nothing is to be sent to one that is gone."""
    if text and file.is_file() and file.read_text() == text:
        file.unlink()


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
