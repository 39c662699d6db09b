"""What `executor demo` and `executor devnet` share."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, get_args

from executor.cli._story import Story
from executor.errors import ExecutorError, InvalidConfig
from executor.model.function import Function
from executor.projects import load_function
from executor.testing.devnet import ChainKind, Devnet
from executor.testing.exchanges import RELAYS

INTERRUPTED = 130  # 128 + SIGINT, as shells say it
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
T = TypeVar("T")

_PACKAGE = Path(__file__).resolve().parents[1]


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


def example(name: str) -> Function:
    """An example function of this release, from the installed package or the checkout."""
    for folder in (_PACKAGE / "examples" / name, _PACKAGE.parent / "examples" / name):
        if folder.is_dir():
            return load_function(folder)
    raise InvalidConfig(f"this installation has no example {name!r}")


def describe_network(story: Story, devnet: Devnet) -> None:
    """Chain, contracts, committee, processes."""
    deployment, epoch = devnet.deployment, devnet.epoch
    story.line("chain", f"{devnet.settings.chain}, chain id {deployment.chain_id}, {devnet.chain.url}")
    story.line("contracts", f"router {deployment.router}, committee {deployment.committee}")
    story.line("registries", f"functions {deployment.functions}, triggers {deployment.triggers}")
    verifiers = ", ".join(f"{each.scheme} {each.address}" for each in deployment.verifiers)
    story.line("verifiers", verifiers)
    story.line("consumer", f"PriceConsumer {deployment.consumer}, paid for by subscription {deployment.subscription}")
    story.line(
        "committee",
        f"n = {epoch.n}, f = {epoch.f}, quorum {epoch.quorum}; keys with proof of possession, checked on chain",
    )
    story.line("", f"rounds of {epoch.round_length_s} s: the aggregator's role goes round")
    for node in devnet.nodes:
        node_pid = node.node.pid if node.node else 0
        signer_pid = node.signer.pid if node.signer else 0
        story.line(f"node {node.index}", f"{node.url}  process {node_pid}, signer process {signer_pid}")
    for name, address in sorted(devnet.overrides.items()):
        kind = "exchange" if name.startswith("exchange") else "drand relay" if name in RELAYS else "provider"
        story.line(kind, f"http://{name} at {address}")
