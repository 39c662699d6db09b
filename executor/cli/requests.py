"""executor requests"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from executor.cli._ids import parse_id
from executor.cli._requests import comparison, overview
from executor.errors import HostFault, InvalidConfig

if TYPE_CHECKING:
    from executor.node.config import NodeConfig

MAX_NODES = 100  # Committee.MAX_MEMBERS


def command(
    request: Annotated[str | None, typer.Argument(metavar="ID", help="One request; all open ones without.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="A node's TOML file: asks every member of its epoch. Default: node.toml.")
    ] = None,
    node: Annotated[list[str] | None, typer.Option(help="A node's URL instead; may be given several times.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the nodes' answers as JSON.")] = False,
) -> None:
    """List open requests, or show what every member knows of one, side by side."""
    from executor.capabilities.member_networks import MemberNetworks
    from executor.model.ids import RequestId
    from executor.node.config import read_config
    from executor.node.reader import ask

    if request is not None:
        request = str(parse_id(RequestId, request, "ID"))
    urls, networks = node or [], None
    if not urls:
        read = read_config(config or Path("node.toml"))
        urls = asyncio.run(_members(read))
        networks = MemberNetworks(["127.0.0.0/8", "::1/128", *read.http.member_networks])  # its own node is among them
    if len(urls) > MAX_NODES:
        raise InvalidConfig(f"{len(urls)} nodes, the limit is {MAX_NODES}")
    path = "/v1/requests" if request is None else f"/v1/requests/{request}"

    async def ask_all() -> list[Any]:
        return list(await asyncio.gather(*(ask(url, path, networks=networks) for url in urls)))

    answers = asyncio.run(ask_all())
    if json_output:
        told = [{"node": url, "answer": answer} for url, answer in zip(urls, answers, strict=True)]
        typer.echo(json.dumps({"request_id": request, "nodes": told}, indent=2))
    else:
        console = Console(highlight=False, soft_wrap=True)
        show = overview(urls, answers) if request is None else comparison(request, urls, answers)
        for each in show:
            console.print(each)
    if not any(_answered(answer) for answer in answers):
        raise HostFault("no node answers; see --node and `executor doctor`")


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
