"""executor requests"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from executor.cli import _ended
from executor.cli._ids import parse_id
from executor.cli._network import (
    ChainIdOption,
    JsonOption,
    Network,
    NodeOption,
    RouterOption,
    RpcOption,
    SettingsOption,
    named_members,
    run_on,
)
from executor.cli._requests import comparison, overview
from executor.errors import HostFault, InvalidConfig

if TYPE_CHECKING:
    from executor.node.config import NodeConfig

NODE_FILE = Path("node.toml")
MAX_NODES = 100  # Committee.MAX_MEMBERS
RECEIPTS_AT_ONCE = 8  # each may have 16 MiB


def command(
    request: Annotated[str | None, typer.Argument(metavar="ID", help="One request; all open ones without.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="A node's TOML file: asks every member of its epoch. Else node.toml, executor.toml."),
    ] = None,
    settings_file: SettingsOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    node: NodeOption = None,
    json_output: JsonOption = False,
) -> None:
    """List open requests, or show what every member knows of one, side by side; an answered one from receipts, too."""
    from executor.capabilities.member_networks import MemberNetworks
    from executor.cli._config import read_settings
    from executor.model.ids import RequestId
    from executor.node.config import read_config
    from executor.node.reader import ask

    if request is not None:
        request = str(parse_id(RequestId, request, "ID"))
    networks: MemberNetworks | None = None
    if config is None and (node or rpc or settings_file or not NODE_FILE.exists()):
        settings = read_settings(settings_file, rpc_urls=rpc, chain_id=chain_id, router=router, nodes=node)
        if not settings.nodes and not settings.rpc_urls:
            raise InvalidConfig(
                "nobody to ask: give --node, or --config with a node's TOML file; or write executor.toml, or start "
                "`executor devnet` in this folder"
            )
        members = named_members(settings) if settings.nodes else run_on(settings, Network.members)
        urls, networks = [each.url for each in members], next((each.networks for each in members), None)
    else:
        read = read_config(config or NODE_FILE)
        urls = asyncio.run(_members(read))
        networks = MemberNetworks(["127.0.0.0/8", "::1/128", *read.http.member_networks])  # its own node is among them
    if len(urls) > MAX_NODES:
        raise InvalidConfig(f"{len(urls)} nodes, the limit is {MAX_NODES}")

    async def ask_all() -> list[Any]:
        path = "/v1/requests" if request is None else f"/v1/requests/{request}"
        return list(await asyncio.gather(*(ask(url, path, networks=networks) for url in urls)))

    async def ask_receipts(request: str) -> list[_ended.Known]:
        places = asyncio.Semaphore(RECEIPTS_AT_ONCE)

        async def ask_one(url: str, answer: Any) -> _ended.Known:
            async with places:
                told = await ask(url, f"/v1/receipts/{request}", networks=networks)
            return _ended.read(request, answer, told)

        return list(await asyncio.gather(*(ask_one(*pair) for pair in zip(urls, answers, strict=True))))

    answers = asyncio.run(ask_all())
    is_open = any(isinstance(answer, dict) and answer.get("view") for answer in answers)
    known = [] if request is None or is_open else asyncio.run(ask_receipts(request))
    if json_output:
        typer.echo(json.dumps({"request_id": request, "nodes": _plain(urls, answers, known)}, indent=2))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for each in _tables(request, urls, answers, known):
            console.print(each)
    if not any(_answered(answer) for answer in answers):
        raise HostFault("no node answers; see --node and `executor doctor`")


def _tables(
    request: str | None, urls: list[str], answers: list[Any], known: list[_ended.Known]
) -> Iterator[Text | Table]:
    if request is None:
        return overview(urls, answers)
    if any(each.receipt is not None or each.ended is not None for each in known):
        return _ended.comparison(request, urls, answers, known)
    return comparison(request, urls, answers)


def _plain(urls: list[str], answers: list[Any], known: list[_ended.Known]) -> list[dict[str, Any]]:
    told = [{"node": url, "answer": answer} for url, answer in zip(urls, answers, strict=True)]
    for each, line in zip(known, told, strict=False):
        line["receipt"] = _ended.facts(each)
    return told


def _answered(answer: object) -> bool:
    """Whether a node said something, be it that it has no such request."""
    return not (isinstance(answer, dict) and "error" in answer) or "no open request" in str(answer["error"])


async def _members(config: NodeConfig) -> list[str]:
    """The endpoints of the newest epoch's members, this node's own address for its own."""
    from executor.chain.client import ChainClient
    from executor.chain.epochs import current_epoch, load_epoch
    from executor.model.ids import Address

    async with ChainClient(config.chain.rpc_urls, config.chain.id, Address.from_hex(config.chain.router)) as chain:
        epoch = await load_epoch(chain, await current_epoch(chain))
    own = Address.from_hex(config.operator)
    host = "127.0.0.1" if config.http.host in ("0.0.0.0", "::") else config.http.host  # noqa: S104
    return [
        f"http://{host}:{config.http.port}" if member.operator == own else member.endpoint for member in epoch.members
    ]
