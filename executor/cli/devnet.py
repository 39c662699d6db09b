"""executor devnet"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from typing import Final as Constant

import typer
from rich.console import Console

from executor.chain.client import ChainClient
from executor.cli._config import CONFIG_FILE
from executor.cli._devnet import chain_kind, new_folder, remove_settings, settings_of, stoppable, write_settings
from executor.cli._show import as_json
from executor.demos.examples import example
from executor.demos.network import describe_network
from executor.demos.story import Story
from executor.errors import ChainError
from executor.testing.devnet import Devnet, DevnetSettings

BLOCK_S: Constant = 2.0


def command(
    chain: Annotated[str, typer.Option(help="embedded (py-evm), anvil or anvil-osaka.")] = "embedded",
    nodes: Annotated[int, typer.Option(min=1, max=31, help="Members of the committee.")] = 4,
    port: Annotated[int, typer.Option(min=0, max=65_000, help="First of the nodes' ports; 0 takes free ones.")] = 0,
    chain_port: Annotated[int, typer.Option(min=0, max=65_535, help="The chain's port; 0 takes a free one.")] = 0,
    round_length: Annotated[int, typer.Option(min=1, max=60, help="Seconds a leader's round lasts.")] = 2,
    directory: Annotated[Path, typer.Option(help="Where networks live, each in a new folder.")] = Path("devnet"),
    json_output: Annotated[
        bool, typer.Option("--json", help="Print its settings as JSON once it is up; the rest is told on stderr.")
    ] = False,
) -> None:
    """A chain and a committee on this machine, up until Ctrl-C."""
    settings = DevnetSettings(
        chain=chain_kind(chain),
        chain_port=chain_port,
        nodes=nodes,
        ports=tuple(range(port, port + nodes)) if port else (),
        round_length_s=round_length,
        committee_draws=True,
    )
    place = new_folder(directory, "") / time.strftime("%Y%m%d-%H%M%S")
    place.mkdir()
    asyncio.run(stoppable(_serve(place, settings, json_output=json_output)))


async def make_blocks(client: ChainClient, pause_s: float) -> None:
    """Anvil's blocks are final two blocks later, and it makes none by itself: so what waits for finality goes on."""
    while True:
        await asyncio.sleep(pause_s)
        with suppress(ChainError):
            await client.rpc.call("evm_mine")


async def _serve(place: Path, settings: DevnetSettings, *, json_output: bool) -> None:
    """Until cancelled."""
    console = Console(highlight=False, stderr=json_output)
    with console.status("starting …"):
        devnet = await Devnet(place, settings).__aenter__()
    settings_file, written = place.parent / CONFIG_FILE, ""
    blocks = None if settings.chain == "embedded" else asyncio.create_task(make_blocks(devnet.client, BLOCK_S))
    try:
        story = Story(console)
        story.chapter("The network")
        describe_network(story, devnet)
        function_id = await devnet.register(example("eth_usd"))
        story.line("function", f"eth-usd {function_id}, registered on chain, held by all nodes")
        story.line("folder", f"{place}: deployment.json, keys, journals, logs, receipts")
        written = write_settings(settings_file, devnet)
        story.line("settings", f"{settings_file}: in this folder deploy, request and quote find it by themselves")
        story.line("", "Ctrl-C stops everything")
        if json_output:
            contracts = {"consumer": str(devnet.deployment.consumer), "resolve": dict(devnet.overrides)}
            as_json({**settings_of(devnet), **contracts, "settings": str(settings_file), "folder": str(place)})
            sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        story.line("", "stopping …")
        if blocks is not None:
            blocks.cancel()
        remove_settings(settings_file, written)
        await devnet.close()
