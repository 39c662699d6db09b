"""executor logs

Two things are told. What nodes say they did for a request: each one's events, which are public and hold no secret. And
what the function wrote in the agreed run: nodes keep no guest's text, but the receipt holds all that the run depends
on, so it is run again here (D1) and its log is the same. What it wrote inside an observation nobody else can know.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executor.cli._network import (
    ChainIdOption,
    ConfigOption,
    JsonOption,
    Network,
    NodeOption,
    RouterOption,
    RpcOption,
    ask_members,
    run_on,
)
from executor.cli._show import as_json, fact, one_line, waiting
from executor.errors import HostFault

if TYPE_CHECKING:
    from executor.model.codec import Json
    from executor.model.ids import RequestId
    from executor.vm import LogLine

MAX_EVENTS = 1_000  # of one node, about one request
SHOWN = 160  # characters of one field
MAX_FIELDS = 32  # of one event; nodes' own have ten
YEAR_10000 = 253_402_300_800  # later has no date
LEVELS = ("debug", "info", "warning", "error")
HEAD = ("number", "time", "kind", "request_id")


def command(
    request: Annotated[str, typer.Argument(metavar="ID", help="The request's id.")],
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    node: NodeOption = None,
    json_output: JsonOption = False,
) -> None:
    """Show what each node did for a request, and what the function wrote in the agreed run."""
    from executor.cli._config import read_settings
    from executor.cli._ids import parse_id
    from executor.model.ids import RequestId

    identity = parse_id(RequestId, request, "ID")
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, nodes=node)

    async def act(network: Network) -> tuple[list[dict[str, Any]], list[LogLine] | None, str]:
        members = await network.members()
        answers = await ask_members(members, "/v1/events?after=0")
        told = [
            {"node": member.url, "events": _events(answer, identity), "error": _error(answer)}
            for member, answer in zip(members, answers, strict=False)
        ]
        lines, why = await _written(network, identity)
        return told, lines, why

    with waiting("asking the nodes, and running it again"):
        told, lines, why = run_on(settings, act)
    if json_output:
        written: Json = None if lines is None else [{"level": _level(each), "text": each.text} for each in lines]
        as_json({"request_id": str(identity), "nodes": told, "log": written, "no_log": why})
    else:
        _print(told, lines, why)
    if lines is None and not any(each["events"] for each in told):
        raise HostFault(f"no node tells of request {identity}: its events are gone, or there is no such request here")


def _events(answer: Any, request: RequestId) -> list[dict[str, Any]]:
    """A stranger's words: what has the form of an event of this request."""
    found = [
        each
        for each in (answer if isinstance(answer, list) else [])
        if isinstance(each, dict)
        and each.get("request_id") == str(request)
        and isinstance(each.get("kind"), str)
        and isinstance(each.get("time"), int | float)
        and 0 <= each["time"] < YEAR_10000
    ]
    return found[-MAX_EVENTS:]


def _error(answer: Any) -> str:
    return str(answer["error"])[:200] if isinstance(answer, dict) and "error" in answer else ""


async def _written(network: Network, request: RequestId) -> tuple[list[LogLine] | None, str]:
    """The agreed run's log, by replay of the first receipt that passes every check; else why there is none."""
    from executor.cli._load import load_kept
    from executor.cli._receipts import fetch_receipt
    from executor.errors import ExecutorError
    from executor.receipts import function_of
    from executor.vm import Diagnostics, execute

    try:
        receipt = (fetched := await fetch_receipt(network, request)).receipt
        if not fetched.passed:
            return None, f"the receipt of {fetched.node} does not pass every check"
        seen = Diagnostics()
        execute(load_kept(function_of(receipt)), receipt.request, receipt.transcript, diagnostics=seen)
    except ExecutorError as error:
        return None, str(error)
    return list(seen.logs), ""


def _print(told: list[dict[str, Any]], lines: list[LogLine] | None, why: str) -> None:
    for each in told:
        fact("node", f"{each['node']}{'  ' + each['error'] if each['error'] else ''}")
        for event in each["events"]:
            when = datetime.fromtimestamp(event["time"], UTC).strftime("%H:%M:%S.%f")[:-3]
            fields = " ".join(
                f"{one_line(name, SHOWN)}={one_line(str(value), SHOWN)}"
                for name, value in islice(event.items(), MAX_FIELDS)
                if name not in HEAD
            )
            fact(when, f"{one_line(event['kind'], SHOWN)} {fields}".rstrip())
    if lines is None:
        fact("no log", why)
        return
    fact("function", f"{len(lines)} lines in the agreed run, run again from the receipt" if lines else "wrote nothing")
    for line in lines:
        fact("log", f"{_level(line)}: {line.text}")


def _level(line: LogLine) -> str:
    return LEVELS[line.level] if line.level < len(LEVELS) else str(line.level)
