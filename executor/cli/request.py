"""executor request

An account asks the router itself and is its own consumer: no contract is needed, and the answer is the attested report,
in the router's log and in the receipt. With --consumer a contract asks, and is called back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from executor.cli._exits import FAILED, HOST, UNFINISHED
from executor.cli._network import (
    ChainIdOption,
    ConfigOption,
    FunctionArgument,
    InputOption,
    JsonOption,
    KeyFileOption,
    Network,
    NodeOption,
    RouterOption,
    RpcOption,
    SubscriptionOption,
    YesOption,
    account_key,
    agree_to,
    named_function,
    priced,
    run_on,
    sending,
    stopped,
)
from executor.cli._show import as_json, fact, one_line, readable, waiting
from executor.errors import ExecutorError, InvalidConfig, RpcRefused, TransactionFailed

if TYPE_CHECKING:
    from executor.chain.logs import SeenDelivery, SeenExpiry, SeenRequest
    from executor.chain.sender import TransactionSender
    from executor.cli._receipts import Fetched
    from executor.model.billing import Asset
    from executor.model.codec import Json
    from executor.model.ids import Address, FunctionId

FOLLOWED = 7  # members whose events are shown as they happen
RECEIPT_S = 20.0  # that a receipt which knows its delivery is waited for
STATUS = ("returned", "failed", "trapped")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, by whom, of what."""

    function: FunctionId
    input: bytes
    subscription: int
    callback_gas: int
    consumer: Address | None
    method: str


@dataclass(frozen=True, slots=True)
class Answered:
    """How it went."""

    seen: SeenRequest
    asset: Asset
    closing: SeenDelivery | SeenExpiry | None
    fetched: Fetched | None
    seconds: float
    no_receipt: str = ""


def command(
    function: FunctionArgument,
    input_text: InputOption = "",
    callback_gas: Annotated[int, typer.Option(min=0, help="Gas of the callback; an account needs none.")] = 0,
    consumer: Annotated[
        str | None, typer.Option(help="A contract that asks in the account's stead, and is called back.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="Its method, which takes (uint64 subscription, bytes32 function, bytes input).")
    ] = "requestPrice",
    receipt: Annotated[Path | None, typer.Option(help="Write the receipt to this file.")] = None,
    timeout: Annotated[float, typer.Option(min=1, max=7 * 86_400, help="Seconds to wait for its end.")] = 120.0,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    node: NodeOption = None,
    subscription: SubscriptionOption = None,
    key_file: KeyFileOption = None,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Ask for a function's result on chain, wait for it, and check its receipt."""
    from executor.cli._config import needed, read_settings
    from executor.cli._ids import parse_id
    from executor.cli._receipts import check_target
    from executor.cli.run import read_input
    from executor.model.ids import Address

    settings = read_settings(
        config, rpc_urls=rpc, chain_id=chain_id, router=router, nodes=node, subscription=subscription
    )
    identity, _ = named_function(function)
    key = account_key(key_file, settings)
    asked = Asked(
        function=identity,
        input=read_input(input_text),
        subscription=needed(settings.subscription, "subscription"),
        callback_gas=callback_gas,
        consumer=None if consumer is None else parse_id(Address, consumer, "--consumer"),
        method=method,
    )
    _check(method)
    if receipt is not None:
        check_target(receipt)

    async def act(network: Network) -> Answered:
        return await _ask(network, asked, key, yes=yes, timeout_s=timeout)

    done = run_on(settings, act)
    if receipt is not None and done.fetched is not None and done.fetched.passed:
        from executor.cli._receipts import save

        save(receipt, done.fetched.receipt)
    (_as_json if json_output else _print)(done, receipt)
    _end(done, timeout, receipt)


def _check(method: str) -> None:
    if not method.isidentifier() or not method.isascii():
        raise InvalidConfig(f"--method {method}: the name of a method, such as requestPrice")


async def _ask(network: Network, asked: Asked, key: bytes, *, yes: bool, timeout_s: float) -> Answered:
    from executor.chain.asking import ask_consumer, ask_router
    from executor.cli._awaiting import await_closing

    sender, chain = network.sender(key), network.chain
    asset = await _prepare(network, sender, asked, yes=yes)
    members = (await network.members())[:FOLLOWED]
    begun = time.monotonic()

    def tell(text: str) -> None:
        typer.echo(f"{time.monotonic() - begun:7.2f} s  {text}", err=True)

    with sending(sender, "the request's transaction"):
        if asked.consumer is None:
            seen = await ask_router(chain, sender, asked.subscription, asked.function, asked.input, asked.callback_gas)
        else:
            seen = await ask_consumer(
                chain, sender, asked.consumer, asked.method, asked.subscription, asked.function, asked.input
            )
    tell(f"requested   {seen.request_id} in block {seen.location.block_number}")
    with stopped(f"request {seen.request_id} stays: `executor receipt {seen.request_id}` fetches the result"):
        closing = await await_closing(network, members, seen, timeout_s, tell)
    seconds = time.monotonic() - begun
    from executor.chain.logs import SeenDelivery

    if not isinstance(closing, SeenDelivery):
        return Answered(seen, asset, closing, None, seconds)
    tell(f"delivered   in block {closing.location.block_number}")
    fetched, trouble = await _receipt(network, seen)
    return Answered(seen, asset, closing, fetched, seconds, trouble)


async def _receipt(network: Network, seen: SeenRequest) -> tuple[Fetched | None, str]:
    from executor.cli._receipts import fetch_receipt

    try:
        with waiting("fetching the receipt and checking all of it"):
            return await fetch_receipt(network, seen.request_id, delivered=True, wait_s=RECEIPT_S), ""
    except ExecutorError as error:  # it is delivered whatever nodes serve
        return None, str(error)


async def _prepare(network: Network, sender: TransactionSender, asked: Asked, *, yes: bool) -> Asset:
    """Everything that could refuse is asked, what it costs is said, and the account becomes a consumer if it must.

    What the subscription pays with.
    """
    from executor.chain.asking import is_consumer
    from executor.chain.functions import is_registered
    from executor.chain.subscriptions import add_consumer, estimate_cost, load_subscription
    from executor.cli._costs import amount
    from executor.model.billing import Asset

    chain, number = network.chain, asked.subscription
    if not await is_registered(chain, asked.function):
        raise InvalidConfig(f"function {asked.function} is not registered: run `executor deploy` first")
    paying = await load_subscription(chain, number)
    asset = paying.asset
    most = await estimate_cost(chain, asked.function, asked.callback_gas, asset)
    if paying.balance < most:
        raise InvalidConfig(
            f"subscription {number} has {amount(paying.balance, asset)} free, and up to {amount(most, asset)} would be "
            "reserved: fund it, or lower the function's limits"
        )
    if asked.consumer is not None and not await chain.code(asked.consumer):
        raise InvalidConfig(f"--consumer {asked.consumer}: there is no contract at this address")
    asking = asked.consumer or sender.address
    joins = not await is_consumer(chain, number, asking)
    if joins and paying.owner != sender.address:
        raise InvalidConfig(f"{asking} is no consumer of subscription {number}; its owner {paying.owner} can add it")
    if joins:
        agree_to(f"Let {asking} spend from subscription {number}", yes=yes, settings=network.settings)
        with sending(sender, f"the transaction that lets {asking} spend from it"):
            await add_consumer(chain, sender, number, asking)
    _, gas_cost = await priced(network, await _gas(network, sender, asked))
    reserved, gas_for = amount(most, asset), amount(gas_cost, Asset.NATIVE)
    question = f"Reserve up to {reserved} of subscription {number}, and pay up to {gas_for} for the transaction"
    agree_to(question, yes=yes, settings=network.settings)
    return asset


async def _gas(network: Network, sender: TransactionSender, asked: Asked) -> int:
    from executor.chain.asking import consumer_calldata
    from executor.chain.reverts import explain
    from executor.cli._network import estimated

    if asked.consumer is None:
        arguments = (asked.subscription, asked.function, asked.input, asked.callback_gas)
        return await estimated(sender, "Router", network.chain.router, "request", *arguments)
    calldata = consumer_calldata(asked.method, asked.subscription, asked.function, asked.input)
    try:
        return await sender.estimate(asked.consumer, calldata)
    except RpcRefused as error:
        raise TransactionFailed(
            f"{asked.method} of {asked.consumer}: {explain(error) or 'it refuses, or has no such method'}"
        ) from error


def _print(done: Answered, receipt: Path | None) -> None:
    from executor.chain.logs import SeenDelivery
    from executor.cli._costs import amount

    closing = done.closing
    if not isinstance(closing, SeenDelivery):
        return
    fact("request", done.seen.request_id)
    fact("status", STATUS[closing.status])
    if done.fetched is not None and done.fetched.passed:  # else it is a node's word only
        payload = done.fetched.receipt.payload
        fact("output" if closing.status == 0 else "error", readable(payload))
    if done.seen.request.callback_gas_limit:
        fact("callback", "succeeded" if closing.success else "FAILED: it reverted or ran out of its gas")
    charge = closing.charge
    whole = amount(charge.work + charge.gas_cost, done.asset)
    fact("charged", f"{whole}; {amount(charge.refund, done.asset)} of what was reserved came back")
    fact("delivered", f"in block {closing.location.block_number}, {done.seconds:.1f} s after the request")
    if done.fetched is None:
        fact("receipt", f"none: {done.no_receipt}")
        return
    passed = sum(check.passed for check in done.fetched.checks)
    where = "" if receipt is None else f", written to {receipt}" if done.fetched.passed else ", not written"
    fact("receipt", f"{passed} of {len(done.fetched.checks)} checks passed, given by {done.fetched.node}{where}")
    for check in done.fetched.checks:
        if not check.passed:
            fact("", f"{check.name}: {check.detail}")


def _as_json(done: Answered, receipt: Path | None) -> None:
    from executor.chain.logs import SeenDelivery, SeenExpiry

    closing = done.closing
    told: dict[str, Json] = {
        "request_id": str(done.seen.request_id),
        "function_id": str(done.seen.request.function_id),
        "block": done.seen.location.block_number,
        "deadline": done.seen.deadline,
        "reserved": str(done.seen.quote.max_cost),
        "ended": "open" if closing is None else "expired" if isinstance(closing, SeenExpiry) else "delivered",
        "seconds": round(done.seconds, 2),
    }
    if isinstance(closing, SeenDelivery):
        told |= {
            "status": STATUS[closing.status],
            "callback_succeeded": closing.success,
            "delivered_block": closing.location.block_number,
            "transaction": str(closing.location.transaction),
            "charge": {
                "asset": done.asset.name.lower(),
                "work": str(closing.charge.work),
                "gas_cost": str(closing.charge.gas_cost),
                "refund": str(closing.charge.refund),
            },
        }
    if isinstance(closing, SeenDelivery) and done.fetched is None:
        told |= {"no_receipt": done.no_receipt, "payload": None, "receipt": None, "receipt_passed": False}
    if done.fetched is not None:
        told |= {
            "payload": f"0x{done.fetched.receipt.payload.hex()}" if done.fetched.passed else None,
            "receipt": None if receipt is None or not done.fetched.passed else str(receipt),
            "receipt_passed": done.fetched.passed,
            "receipt_from": done.fetched.node,
        }
    as_json(told)


def _end(done: Answered, timeout_s: float, receipt: Path | None) -> None:
    """The exit code, and a line on stderr for what is no result."""
    from executor.chain.logs import SeenExpiry

    closing, request = done.closing, done.seen.request_id
    if closing is None:
        left = f"until block time {done.seen.deadline}, then anybody may have it expire"
        typer.echo(
            f"executor: request {request} is still open after {timeout_s:g} s; it can be delivered {left}: "
            f"`executor requests {request}` says what it waits for, `executor receipt {request}` fetches the result",
            err=True,
        )
        raise typer.Exit(UNFINISHED)
    if isinstance(closing, SeenExpiry):
        typer.echo(f"executor: request {request} expired; all that was reserved came back", err=True)
        raise typer.Exit(FAILED)
    if done.fetched is None or not done.fetched.passed:
        trouble = f"no receipt was found: {done.no_receipt}" if done.fetched is None else "its receipt does not pass"
        target = "" if receipt is None else f"; {receipt} was not written"
        again = f"`executor receipt {request}` asks again"
        said = one_line(f"request {request} was delivered, but {trouble}{target}; {again}")
        typer.echo(f"executor: {said}", err=True)
    if closing.status or (done.seen.request.callback_gas_limit and not closing.success):
        raise typer.Exit(FAILED)
    if done.fetched is None:
        raise typer.Exit(HOST)
    if not done.fetched.passed:
        raise typer.Exit(FAILED)
