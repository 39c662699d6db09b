"""executor node"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from executor.cli._groups import verb_group
from executor.cli._ids import parse_id
from executor.cli._show import as_json, one_line
from executor.errors import InvalidConfig

group = verb_group()
CONFIG = Path("node.toml")
INSTALLED = {  # deploy/
    "data": "/var/lib/executor-node",
    "signer": {"socket": "/run/executor-signer/signer.sock"},
    "workers": {"compiled": "/var/cache/executor-node"},
}


@group.command()
def run(config: Annotated[Path, typer.Option(help="The node's TOML file.")] = CONFIG) -> None:
    """Run a node until SIGTERM or Ctrl-C."""
    from executor.compose import run_node

    asyncio.run(run_node(config))


@group.command()
def init(
    config: Annotated[Path, typer.Option(help="The file to write; never overwritten.")] = CONFIG,
    chain_id: Annotated[int | None, typer.Option(min=1, help="Chain id.")] = None,
    router: Annotated[str | None, typer.Option(help="Address of the Router contract.")] = None,
    rpc_url: Annotated[list[str] | None, typer.Option(help="JSON-RPC endpoint; may be given several times.")] = None,
    operator: Annotated[str | None, typer.Option(help="The operator's registered address.")] = None,
    port: Annotated[int, typer.Option(help="Port for members' messages and the API.")] = 9_600,
    start_block: Annotated[int, typer.Option(help="Block to read first.")] = 0,
    installed: Annotated[
        bool, typer.Option("--installed", help="With the folders of the systemd units and of the compose file.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a commented configuration with every key; asks for what no option gives."""
    from executor.node.config_file import config_text

    if config.exists():
        raise InvalidConfig(f"{config} exists and is never overwritten: remove it, or name another with --config")
    given = {"--chain-id": chain_id, "--router": router, "--operator": operator, "--rpc-url": rpc_url}
    missing = [option for option, value in given.items() if not value]
    if missing and not sys.stdin.isatty():
        raise InvalidConfig(f"no terminal to ask for what is missing: give {', '.join(missing)}")
    values: dict[str, Any] = {
        "operator": operator or _ask("The operator's address"),
        "chain": {
            "id": chain_id or _integer(_ask("Chain id"), "--chain-id"),
            "router": router or _ask("Address of the Router contract"),
            "rpc_urls": rpc_url or _ask("JSON-RPC endpoints, separated by spaces").split(),
            "start_block": start_block,
        },
        "http": {"port": port},
        **(INSTALLED if installed else {}),
    }
    text = config_text(values)
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InvalidConfig(f"{config}: {error.strerror}") from error
    if json_output:
        as_json({"written": str(config)})
        return
    typer.echo(f"{config} is written; look through it, then: executor doctor --config {config}")


@group.command()
def replies(
    config: Annotated[Path, typer.Option(help="The node's TOML file.")] = CONFIG,
    request: Annotated[str | None, typer.Option(help="Id of a request; else of all.")] = None,
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest, where no request is named.")] = 20,
    json_output: Annotated[bool, typer.Option("--json", help="Print them whole, as JSON.")] = False,
) -> None:
    """Show what this node's guests were answered over HTTP; while it runs, too."""
    from executor.model.codec import to_plain
    from executor.model.ids import RequestId
    from executor.node.config import read_config
    from executor.store.replies import FILE, read_replies

    wanted = None if request is None else parse_id(RequestId, request, "--request")
    found = read_replies(read_config(config).data / FILE, wanted, last=last)
    if json_output:
        plain = [{"request": str(each.request_id), "at": each.at_s, **to_plain(each.reply)} for each in found]
        as_json({"replies": plain})
        return
    if not found:
        typer.echo("no replies are kept" + ("" if wanted is None else f" of request {wanted}"))
    for each in found:
        reply = each.reply
        at = datetime.fromtimestamp(each.at_s, UTC).isoformat(timespec="seconds")
        came = f"error {reply.error}" if reply.error else f"{reply.status}, {reply.body_bytes} bytes"
        typer.echo(f"{at} {each.request_id} slot {reply.slot} {one_line(f'{reply.method} {reply.url}')}: {came}")
        if reply.body:
            typer.echo(f"    {one_line(reply.body.decode('utf-8', 'backslashreplace'))}")


def _ask(what: str) -> str:
    return str(typer.prompt(what)).strip()


def _integer(text: str, option: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InvalidConfig(f"{option}: {text!r} is no integer") from error
