"""executor quote"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from executor.cli._exits import FAILED
from executor.cli._network import (
    ChainIdOption,
    ConfigOption,
    InputOption,
    JsonOption,
    Network,
    RouterOption,
    RpcOption,
    SubscriptionOption,
    run_on,
)
from executor.cli._show import as_json, fact, waiting


def command(
    path: Annotated[Path, typer.Argument(help="Directory with function.toml, or the file itself.")] = Path(),
    input_text: InputOption = "",
    callback_gas: Annotated[int, typer.Option(min=0, help="Gas of the callback; an account has none.")] = 0,
    replies: Annotated[
        Path | None,
        typer.Option("--replies", "--replay", help="JSON file with replies by URL; else check.toml's, else it asks."),
    ] = None,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: SubscriptionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Say what a request costs, likely and at most, before it is made: by a run here and the chain's prices now."""
    from executor.chain.subscriptions import load_subscription
    from executor.cli._config import read_settings
    from executor.cli._costs import Costs, amount, load_current_prices, reckon
    from executor.cli._once import run_once
    from executor.cli._show import readable
    from executor.crypto.digests import payload
    from executor.model.billing import GWEI, Asset
    from executor.model.outcome import Returned

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, subscription=subscription)
    with waiting("running the function here"):
        once = run_once(path, input_text, replies, settings)
    ended, limits, output = once.run.outcome, once.function.terms.limits, payload(once.run.outcome)

    async def act(network: Network) -> Costs:
        paying = settings.subscription
        asset = Asset.NATIVE if paying is None else (await load_subscription(network.chain, paying)).asset
        return reckon(
            await load_current_prices(network.chain),
            await network.epoch(),
            limits,
            asset=asset,
            base_fee_wei=(await network.chain.head()).base_fee_wei,
            callback_gas=callback_gas,
            fuel_used=ended.fuel_used,
            slots=len(once.run.observed),
            output_bytes=len(output),
        )

    costs = run_on(settings, act)
    name = type(ended).__name__.lower()
    if json_output:
        as_json(
            {
                "function_id": str(once.program.function_id),
                "outcome": name,
                "payload": f"0x{output.hex()}",
                "fuel_used": ended.fuel_used,
                "slots": len(once.run.observed),
                "asset": costs.asset.name.lower(),
                "base_fee_wei": str(costs.base_fee_wei),
                "likely": [
                    {
                        "scheme": each.scheme.value,
                        "gas": each.gas,
                        "work": str(each.work),
                        "gas_cost": str(each.gas_cost),
                        "charge": str(each.whole),
                    }
                    for each in costs.likely
                ],
                "at_most": str(costs.most),
            }
        )
    else:
        fact("outcome", f"{name} {readable(output)}")
        fact("fuel", f"{ended.fuel_used:,} of {limits.fuel:,}, {len(once.run.observed)} observed")
        fact("base fee", f"{costs.base_fee_wei / GWEI:g} gwei")
        for each in costs.likely:
            work, gas = amount(each.work, costs.asset), amount(each.gas_cost, costs.asset)
            whole = amount(each.whole, costs.asset)
            fact("likely", f"{whole}: {work} to the signers, {gas} for {each.gas:,} gas ({each.scheme.value})")
        fact("at most", f"{amount(costs.most, costs.asset)}, reserved until it is delivered; the rest comes back")
    if not isinstance(ended, Returned):
        raise typer.Exit(FAILED)
