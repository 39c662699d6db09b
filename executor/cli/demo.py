"""executor demo"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from executor.chain.embedded.process import EmbeddedChain
from executor.cli._devnet import INTERRUPTED, chain_kind, new_folder, stoppable
from executor.cli._exits import FAILED
from executor.cli._show import as_json
from executor.demos.plays import DEFAULT, PLAYS, Play, draws_itself, find_play, reads_other_chain
from executor.demos.stage import OTHER_CHAIN, Stage
from executor.demos.story import Story
from executor.errors import HostFault
from executor.testing.devnet import ChainKind, Devnet, DevnetSettings


def command(
    name: Annotated[str, typer.Argument(help="Which use case; --list names them.")] = DEFAULT,
    listed: Annotated[bool, typer.Option("--list", help="Name all use cases, and start nothing.")] = False,
    chain: Annotated[str, typer.Option(help="embedded (py-evm), anvil or anvil-osaka.")] = "embedded",
    directory: Annotated[
        Path | None, typer.Option(help="Where the network and the receipts live; a new temporary folder by default.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep the network's folder, with keys, logs and journals.")] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print how it ended as JSON; what happens is told on stderr.")
    ] = False,
) -> None:
    """The whole journey of a request, or another use case, shown as it happens."""
    if listed and json_output:
        as_json({"demos": {each: find_play(each).ABOUT for each in PLAYS}})
        return
    if listed:
        for each in PLAYS:
            typer.echo(f"{each:<14} {find_play(each).ABOUT}")
        return
    play, kind = find_play(name), chain_kind(chain)
    place = new_folder(directory, "executor-demo-")
    network = place / f"network-{time.time_ns()}"
    network.mkdir()
    started = time.monotonic()
    try:
        passed = asyncio.run(stoppable(_play(play, kind, network, place, stderr=json_output)))
    except HostFault as error:
        logs = place / "logs"
        shutil.copytree(network / "logs", logs, dirs_exist_ok=True)
        raise HostFault(f"{error} (logs: {logs})") from error
    finally:
        if not keep:
            shutil.rmtree(network, ignore_errors=True)
        with contextlib.suppress(OSError):
            place.rmdir()  # nothing was written: nothing is left
    if passed is None:
        typer.echo("Interrupted; everything it started is stopped.", err=True)
        raise typer.Exit(INTERRUPTED)
    seconds = time.monotonic() - started
    if json_output:
        as_json({"demo": name, "passed": passed, "receipts": str(place), "seconds": round(seconds, 1)})
    else:
        typer.echo(f"\nDone in {seconds:.0f} s. Receipts: {place}")
    if not passed:
        raise typer.Exit(FAILED)


async def _play(play: Play, kind: ChainKind, network: Path, receipts: Path, *, stderr: bool) -> bool:
    """On a network of its own, and a second chain where the use case reads one; told on stderr where that is said."""
    console = Console(highlight=False, stderr=stderr)
    async with contextlib.AsyncExitStack() as stack:
        with console.status("starting a chain, four signers and four nodes …") as status:
            other = EmbeddedChain(chain_id=OTHER_CHAIN) if reads_other_chain(play) else None
            more = () if other is None else ((OTHER_CHAIN, ((await stack.enter_async_context(other)).url,)),)
            settings = DevnetSettings(chain=kind, more_chains=more, committee_draws=draws_itself(play))
            devnet = Devnet(network, settings, tell=lambda what: status.update(f"started: {what}"))
            await stack.enter_async_context(devnet)
        return await play.play(Stage(devnet, Story(console), receipts, other))
