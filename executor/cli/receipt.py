"""executor receipt"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from executor.cli._exits import FAILED
from executor.cli._network import ChainIdOption, ConfigOption, JsonOption, NodeOption, RouterOption, RpcOption, run_on
from executor.cli._show import as_json, fact, verdict, waiting


def command(
    request: Annotated[str, typer.Argument(metavar="ID", help="The request's id.")],
    save: Annotated[Path | None, typer.Option(help="Write the receipt to this file.")] = None,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    node: NodeOption = None,
    json_output: JsonOption = False,
) -> None:
    """Fetch a request's receipt from the members, check all of it, and show it."""
    from executor.cli._config import read_settings
    from executor.cli._ids import parse_id
    from executor.cli._receipts import fetch_receipt
    from executor.cli._receipts import save as write
    from executor.cli.inspect import print_facts, receipt_facts
    from executor.model.ids import RequestId

    identity = parse_id(RequestId, request, "ID")
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, nodes=node)
    with waiting("fetching the receipt and checking all of it"):
        fetched = run_on(settings, lambda network: fetch_receipt(network, identity))
    if save is not None and fetched.passed:
        write(save, fetched.receipt)
    facts = receipt_facts(fetched.receipt)
    if json_output:
        checks = [{"name": each.name, "passed": each.passed, "detail": each.detail} for each in fetched.checks]
        as_json({"passed": fetched.passed, "node": fetched.node, **facts, "checks": checks})
    else:
        print_facts(facts)
        for check in fetched.checks:
            if not check.passed:
                verdict(check.passed, check.name, check.detail)
        passed = sum(check.passed for check in fetched.checks)
        fact("checked", f"{passed} of {len(fetched.checks)} checks passed; given by {fetched.node}")
        if save is not None and fetched.passed:
            fact("written", save)
    if not fetched.passed:
        raise typer.Exit(FAILED)
