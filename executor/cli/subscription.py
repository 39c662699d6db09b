"""executor subscription"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from executor.cli._groups import verb_group
from executor.cli._ids import parse_id
from executor.cli._network import (
    ChainIdOption,
    ConfigOption,
    JsonOption,
    KeyFileOption,
    Network,
    RouterOption,
    RpcOption,
    SubscriptionOption,
    YesOption,
    account_key,
    agree_to,
    run_on,
    sending,
)
from executor.cli._show import as_json, fact
from executor.errors import InvalidConfig, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import TypeAlias

    from executor.chain.client import ChainClient
    from executor.chain.sender import TransactionSender
    from executor.cli._config import Settings
    from executor.model.ids import Address

    Change: TypeAlias = Callable[[ChainClient, TransactionSender, int, Address], Awaitable[object]]

FundOption = Annotated[str, typer.Option("--fund", help="Of the native coin, such as 0.5ether.")]
Consumers = Annotated[list[str] | None, typer.Argument(metavar="ADDRESS...", help="Contracts that may spend from it.")]

group = verb_group()


@group.command()
def create(
    consumers: Consumers = None,
    fund: FundOption = "0wei",
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    key_file: KeyFileOption = None,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Make a subscription that the account owns, in the native coin, and let contracts spend from it."""
    from executor.chain.subscriptions import add_consumer, create_subscription
    from executor.cli._config import read_settings

    addresses, wei = _addresses(consumers or []), _wei(fund)
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    key = account_key(key_file, settings)
    if wei:
        agree_to(f"Pay {fund} into a new subscription", yes=yes, settings=settings)

    async def act(network: Network) -> int:
        sender = network.sender(key)
        with sending(sender, "the transaction that makes the subscription"):
            made = await create_subscription(network.chain, sender, value_wei=wei)
        for address in addresses:
            with sending(sender, f"the transaction that lets {address} spend from subscription {made}"):
                await add_consumer(network.chain, sender, made, address)
        return made

    number = run_on(settings, act)
    if json_output:
        as_json({"subscription": number, "funded_wei": str(wei), "consumers": [str(each) for each in addresses]})
        return
    fact("subscription", number)
    for address in addresses:
        fact("consumer", address)


@group.command()
def fund(
    amount: Annotated[str, typer.Argument(help="Of the native coin, such as 0.5ether.")],
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: SubscriptionOption = None,
    key_file: KeyFileOption = None,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Pay into a subscription; anyone may."""
    from executor.chain.subscriptions import fund_subscription
    from executor.cli._config import needed, read_settings

    wei = _wei(amount)
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, subscription=subscription)
    number, key = needed(settings.subscription, "subscription"), account_key(key_file, settings)
    agree_to(f"Pay {amount} into subscription {number}", yes=yes, settings=settings)

    async def act(network: Network) -> None:
        sender = network.sender(key)
        with sending(sender, "the transaction"):
            await fund_subscription(network.chain, sender, number, wei)

    run_on(settings, act)
    if json_output:
        as_json({"subscription": number, "funded_wei": str(wei)})
        return
    fact("funded", f"subscription {number} with {amount}")


@group.command()
def allow(
    consumers: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Contracts that may spend from it.")],
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: SubscriptionOption = None,
    key_file: KeyFileOption = None,
    json_output: JsonOption = False,
) -> None:
    """Let contracts spend from a subscription of the account's."""
    from executor.chain.subscriptions import add_consumer
    from executor.cli._config import read_settings

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, subscription=subscription)
    number, addresses = _change(_addresses(consumers), settings, key_file, add_consumer)
    _tell(number, addresses, "consumer", "allowed", json_output=json_output)


@group.command()
def show(
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: SubscriptionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Show a subscription's owner, balance and what open requests reserve."""
    from executor.chain.subscriptions import Subscription, load_subscription
    from executor.cli._config import needed, read_settings
    from executor.cli._costs import amount

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, subscription=subscription)
    number = needed(settings.subscription, "subscription")

    async def act(network: Network) -> Subscription:
        return await load_subscription(network.chain, number)

    found = run_on(settings, act)
    if json_output:
        plain = {"subscription": number, "owner": str(found.owner), "asset": found.asset.name.lower()}
        units = {"balance": str(found.balance), "reserved": str(found.reserved)}
        as_json({**plain, **units, "consumers": found.consumers})
        return
    fact("subscription", number)
    fact("owner", found.owner)
    fact("balance", amount(found.balance, found.asset))
    fact("reserved", amount(found.reserved, found.asset))
    fact("consumers", found.consumers)


@group.command()
def forbid(
    consumers: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Those that may spend no more.")],
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: SubscriptionOption = None,
    key_file: KeyFileOption = None,
    json_output: JsonOption = False,
) -> None:
    """Let contracts spend no more from a subscription of the account's; what they asked for already is finished."""
    from executor.chain.subscriptions import remove_consumer
    from executor.cli._config import read_settings

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, subscription=subscription)
    number, addresses = _change(_addresses(consumers), settings, key_file, remove_consumer)
    _tell(number, addresses, "no consumer", "forbidden", json_output=json_output)


@group.command()
def withdraw(
    amount: Annotated[str, typer.Argument(help="Of what is free in it, such as 0.5ether.")],
    to: Annotated[str, typer.Option(help="The address that is paid.")],
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: SubscriptionOption = None,
    key_file: KeyFileOption = None,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Take the native coin out of a subscription of the account's."""
    from executor.chain.subscriptions import withdraw_balance
    from executor.cli._config import needed, read_settings
    from executor.model.ids import Address

    wei, address = _wei(amount), parse_id(Address, to, "--to")
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, subscription=subscription)
    number, key = needed(settings.subscription, "subscription"), account_key(key_file, settings)
    agree_to(f"Pay {amount} of subscription {number} to {address}", yes=yes, settings=settings)

    async def act(network: Network) -> None:
        sender = network.sender(key)
        with sending(sender, "the transaction"):
            await withdraw_balance(network.chain, sender, number, wei, address)

    run_on(settings, act)
    if json_output:
        as_json({"subscription": number, "withdrawn_wei": str(wei), "to": str(address)})
        return
    fact("withdrawn", f"{amount} of subscription {number}, to {address}")


def _change(
    addresses: list[Address], settings: Settings, key_file: Path | None, change: Change
) -> tuple[int, list[Address]]:
    """Have a contract call made for each of these consumers; of which subscription, and them."""
    from executor.cli._config import needed

    number, key = needed(settings.subscription, "subscription"), account_key(key_file, settings)

    async def act(network: Network) -> None:
        sender = network.sender(key)
        for address in addresses:
            with sending(sender, f"the transaction for {address}"):
                await change(network.chain, sender, number, address)

    run_on(settings, act)
    return number, addresses


def _tell(number: int, addresses: Sequence[Address], label: str, key: str, *, json_output: bool) -> None:
    if json_output:
        as_json({"subscription": number, key: [str(each) for each in addresses]})
        return
    fact("subscription", number)
    for address in addresses:
        fact(label, address)


def _addresses(texts: Sequence[str]) -> list[Address]:
    from executor.model.ids import Address

    return [parse_id(Address, text, "ADDRESS") for text in texts]


def _wei(text: str) -> int:
    from executor.model.coins import parse_coins

    try:
        return parse_coins(text)
    except InvalidValue as error:
        raise InvalidConfig(f"{text}: {error}") from error
