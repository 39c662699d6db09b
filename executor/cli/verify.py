"""executor verify"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._exits import FAILED
from executor.cli._show import as_json, verdict, waiting
from executor.errors import InvalidConfig, InvalidValue
from executor.model.ids import Address
from executor.model.profile import PROFILE
from executor.receipts import all_passed, read_receipt, verify_receipt
from executor.vm import self_test


def command(
    path: Annotated[Path, typer.Argument(metavar="RECEIPT", help="The receipt file.")],
    rpc: Annotated[
        list[str] | None,
        typer.Option(help="JSON-RPC endpoint of the receipt's chain, to check that part too; three agree by majority."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "--settings", help="The same with the endpoints of this executor.toml.")
    ] = None,
    beacon: Annotated[
        str | None,
        typer.Option(help="With --rpc, a Beacon's address: whether its key is the one the committee drew with."),
    ] = None,
    module: Annotated[
        Path | None, typer.Option(help="The module, when the receipt names one it does not hold.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Check a receipt: every signature, every hash, and the run itself."""
    receipt, urls = read_receipt(path), _endpoints(rpc or [], config)
    registered = None if beacon is None else _address(beacon)
    if registered is not None and not urls:
        raise InvalidConfig("--beacon: what is registered there only the chain can tell; give its --rpc, too")
    with waiting("checking everything, the run included"):
        self_test()  # D11: a replay on a machine whose settings have no effect says nothing
        checks = verify_receipt(receipt, None if module is None else _read(module))
    if urls:
        from executor.receipts.on_chain import verify_on_chain  # brings web3's codecs; offline needs none of it

        checks += asyncio.run(verify_on_chain(receipt, *urls, beacon=registered))
    passed = all_passed(checks)
    if json_output:
        plain = [{"name": check.name, "passed": check.passed, "detail": check.detail} for check in checks]
        as_json({"passed": passed, "checked_on_chain": bool(urls), "checks": plain})
    else:
        for check in checks:
            verdict(check.passed, check.name, check.detail)
        failed = sum(not check.passed for check in checks)
        typer.echo(f"{len(checks)} checks passed" if passed else f"REFUSED: {failed} of {len(checks)} checks failed")
        if not urls:
            typer.echo("Not checked without --rpc: that these are the registered members, and the transactions.")
    if not passed:
        raise typer.Exit(FAILED)


def _endpoints(rpc: list[str], config: Path | None) -> list[str]:
    """Those named, else those of the settings file that is named: whoever names neither verifies without a network."""
    if rpc or config is None:
        return rpc
    from executor.cli._config import needed, read_settings

    return needed(read_settings(config).rpc_urls, "rpc_urls")


def _address(text: str) -> Address:
    try:
        return Address.from_hex(text)
    except InvalidValue as error:
        raise InvalidConfig(f"--beacon {text}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(PROFILE.ceilings.module_bytes + 1)
    except OSError as error:
        raise InvalidConfig(f"--module {path}: {error.strerror}") from error
