"""executor evidence"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executor.cli._exits import FAILED
from executor.cli._show import as_json
from executor.errors import ExecutorError, InvalidConfig

if TYPE_CHECKING:
    from executor.node.config import NodeConfig
    from executor.node.evidence import Equivocation
    from executor.node.evidence_search import Search

JOURNAL = "journal.sqlite3"


def command(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Receipts and files of evidence.", show_default=False)
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A node's TOML file: looks at that node's data.")] = None,
    data: Annotated[Path | None, typer.Option(help="A stopped node's data folder.")] = None,
    submit: Annotated[bool, typer.Option("--submit", help="Prove it on chain; needs --config.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write each piece of evidence to a file in this folder.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Find and verify evidence that a member signed two outcomes; --submit proves it on chain."""
    from executor.node.config import read_config

    if not files and config is None and data is None:
        raise InvalidConfig("nothing to look at: name files, a node's --config, or its --data folder")
    if submit and config is None:
        raise InvalidConfig("--submit needs --config: its chain, and the signer whose account pays for the proof")
    settings = None if config is None else read_config(config)
    search = asyncio.run(_search(files or [], settings, data))
    found = list(search.found.values())
    if save is not None:
        _save(save, found)
    sent = asyncio.run(_submit(settings, found)) if submit and settings is not None and found else []
    if json_output:
        _tell_json(search, found, sent)
    else:
        _tell(search, found, sent)
    if any("error" in result for result in sent):
        raise typer.Exit(FAILED)


async def _search(files: Sequence[Path], settings: NodeConfig | None, data: Path | None) -> Search:
    from executor.node.evidence_search import Search

    search = Search()
    folders = [*([settings.data] if settings else []), *([data] if data else [])]
    for folder in folders:
        if settings is not None and folder == settings.data and await _ask_node(search, settings):
            pass  # it runs, and its journal is its own
        elif (folder / JOURNAL).is_file():
            try:
                search.read_journal(folder / JOURNAL)
            except ExecutorError as error:
                search.trouble(f"{error}; while the node runs, name its --config, so that it is asked")
        else:
            search.trouble(f"{folder} has no journal")
        search.read_files(sorted((folder / "receipts").glob("0x*.json")))
    search.read_files(files)
    return search


async def _ask_node(search: Search, settings: NodeConfig) -> bool:
    """Whether the running node told its evidence."""
    from executor.model.codec import encode_json
    from executor.node.evidence import decode_evidence
    from executor.node.reader import ask

    host = "127.0.0.1" if settings.http.host in ("0.0.0.0", "::") else settings.http.host  # noqa: S104
    answer = await ask(f"http://{host}:{settings.http.port}", "/v1/evidence")
    if not isinstance(answer, list):
        return False
    for item in answer:
        try:
            search.add(decode_evidence(encode_json(item)))
        except ExecutorError as error:
            search.trouble(f"the node at port {settings.http.port}: {error}")
    return True


async def _submit(settings: NodeConfig, found: Sequence[Equivocation]) -> list[dict[str, Any]]:
    from executor.chain.client import ChainClient
    from executor.chain.sender import Account, TransactionSender
    from executor.keys.client import SignerClient
    from executor.model.ids import Address
    from executor.node.evidence_submission import submit_evidence

    signer = SignerClient(settings.signer.socket)
    try:
        newest = (await signer.list_keys()).sets[-1].public
        signer.use(newest.signer)
        account = Account(newest.transmitter, signer)
        router = Address.from_hex(settings.chain.router)
        async with ChainClient(settings.chain.rpc_urls, settings.chain.id, router) as chain:
            return await submit_evidence(chain, TransactionSender(chain, account), found)
    finally:
        await signer.close()


def _save(folder: Path, found: Sequence[Equivocation]) -> None:
    from executor.node.evidence import encode_evidence

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in found:
            path = folder / f"evidence-{each.request_id}-{each.member}.json"
            path.write_bytes(encode_evidence(each) + b"\n")
    except OSError as error:
        raise InvalidConfig(f"--save {folder}: {error.strerror}") from error


def _tell_json(search: Search, found: Sequence[Equivocation], sent: Sequence[dict[str, Any]]) -> None:
    from executor.model.codec import to_plain

    plain = [{**to_plain(each), "submitted": sent[place] if sent else None} for place, each in enumerate(found)]
    as_json({"evidence": plain, "files_read": search.files_read, "not_read": search.troubles})


def _tell(search: Search, found: Sequence[Equivocation], sent: Sequence[dict[str, Any]]) -> None:
    for trouble in search.troubles:
        typer.echo(f"not read: {trouble}", err=True)
    for place, each in enumerate(found):
        head = f"member {each.member} of epoch {each.epoch.number} (key {each.signer}) signed two outcomes"
        typer.echo(f"{typer.style('evidence', fg='red', bold=True)} {head} of request {each.request_id}")
        for report in (each.first.report, each.second.report):
            status = report.status.name.lower()
            typer.echo(f"         {status}, fuel {report.fuel_used}, slots {report.slots}, output {report.output_hash}")
        match sent[place] if sent else None:
            case {"error": why}:
                typer.echo(f"         {typer.style('not proved', fg='red')}: {why}")
            case {"already_slashed": True, "operator": operator}:
                typer.echo(f"         operator {operator} was slashed already")
            case {"transaction": transaction, "operator": operator}:
                typer.echo(f"         operator {operator} is slashed, transaction {transaction}")
    typer.echo(f"{len(found)} found; {search.files_read} files and {search.votes_read} votes read")
