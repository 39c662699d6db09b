"""A network as a verb uses it: settings, the chain, an account, and the members' nodes."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from executor.cli._show import waiting
from executor.errors import ChainUnavailable, InvalidConfig

if TYPE_CHECKING:
    from executor.capabilities.member_networks import MemberNetworks
    from executor.chain.client import ChainClient
    from executor.chain.sender import TransactionSender
    from executor.cli._config import Settings
    from executor.model.committee import Epoch
    from executor.model.function import Function
    from executor.model.ids import Address, FunctionId
    from executor.model.transaction import Transaction

_SETTINGS: Final = "Settings; else $EXECUTOR_CONFIG, else the nearest executor.toml."
ConfigOption = Annotated[Path | None, typer.Option("--config", "--settings", help=_SETTINGS)]
SettingsOption = Annotated[Path | None, typer.Option("--settings", help=_SETTINGS)]  # where --config is another file
RpcOption = Annotated[
    list[str] | None, typer.Option("--rpc", help="JSON-RPC endpoint of the chain; three or more agree by majority.")
]
ChainIdOption = Annotated[int | None, typer.Option(min=1, help="Of the chain, which the endpoints must serve.")]
RouterOption = Annotated[str | None, typer.Option(help="Address of the Router contract.")]
NodeOption = Annotated[
    list[str] | None, typer.Option("--node", help="URL of a member's node; else those registered on chain. Repeat it.")
]
SubscriptionOption = Annotated[int | None, typer.Option(min=1, help="The subscription that pays.")]
KEY_FILE: Final = "File with the account's private key: hex, or a keystore. Else "
KeyFileOption = Annotated[Path | None, typer.Option(help=f"{KEY_FILE}$EXECUTOR_KEY.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Spend without asking.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
InputOption = Annotated[str, typer.Option("--input", help="Text, 0x-hex, or @FILE.")]
FunctionArgument = Annotated[str, typer.Argument(metavar="FUNCTION", help="Its folder, or its id.")]

MAX_NODES: Final = 100  # Committee.MAX_MEMBERS
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Member:
    """A node to talk to; `networks` guard a URL that its member registered, and not the user wrote."""

    url: str
    networks: MemberNetworks | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """What is connected."""

    settings: Settings
    chain: ChainClient

    async def epoch(self) -> Epoch:
        """The current epoch; raises ChainError, InvalidConfig where none has begun."""
        from executor.chain.epochs import current_epoch, load_epoch

        number = await current_epoch(self.chain)
        if not number:
            raise InvalidConfig(f"the committee {self.chain.committee} has begun no epoch yet")
        return await load_epoch(self.chain, number)

    async def members(self) -> list[Member]:
        """The nodes named in the settings, else those that the current epoch's members registered."""
        if self.settings.nodes:
            return named_members(self.settings)
        from executor.capabilities.member_networks import MemberNetworks

        networks = MemberNetworks()
        return [Member(each.endpoint, networks) for each in (await self.epoch()).members if each.endpoint]

    def sender(self, key: bytes) -> TransactionSender:
        """Who sends an account's transactions."""
        from executor.chain.sender import TransactionSender
        from executor.chain.signing import local_account

        return TransactionSender(self.chain, local_account(key))


def named_members(settings: Settings) -> list[Member]:
    """The nodes that the settings name."""
    return [Member(url.rstrip("/")) for url in settings.nodes]


def one_node(settings: Settings) -> str:
    """The first of the nodes that the settings name; raises InvalidConfig without one."""
    from executor.cli._config import needed

    return needed(settings.nodes, "nodes")[0].rstrip("/")


def run_on(settings: Settings, act: Callable[[Network], Coroutine[Any, Any, T]]) -> T:
    """What `act` gives on the chain of these settings; raises InvalidConfig, ChainError and what it raises."""
    import asyncio

    async def acted() -> T:
        async with connected(settings) as network:
            return await act(network)

    try:
        return asyncio.run(acted())
    except ChainUnavailable as error:
        if type(error) is not ChainUnavailable:  # they answer
            raise
        told = f"{error}; the endpoint is named by {settings.endpoints_of}: is that network up?"
        raise ChainUnavailable(told) from error


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Network]:
    """The network of these settings."""
    from executor.chain.client import ChainClient
    from executor.cli._config import needed
    from executor.model.ids import Address

    urls = needed(settings.rpc_urls, "rpc_urls")
    chain_id, router = needed(settings.chain_id, "chain_id"), needed(settings.router, "router")
    async with ChainClient(urls, chain_id, Address.from_hex(router)) as chain:
        yield Network(settings, chain)


def account_key(option: Path | None, settings: Settings, own: str = "") -> bytes:
    """The account's private key: of --key-file, else the verb's `own` variable, $EXECUTOR_KEY, the settings' key file.

    Raises InvalidConfig, which names where the key stands and never shows it.
    """
    from executor.cli._config import KEY_VARIABLE
    from executor.cli._keys import key_of_file, key_of_variable

    if option is not None:
        return key_of_file(option)
    variables = [own, KEY_VARIABLE] if own else [KEY_VARIABLE]
    if named := [variable for variable in variables if variable in os.environ]:
        return key_of_variable(named[0])
    if settings.key_file is None:
        ways = ", ".join(["--key-file", *variables])
        raise InvalidConfig(f"no account: give {ways}, or key_file in executor.toml")
    return key_of_file(settings.key_file)


def named_function(text: str) -> tuple[FunctionId, Function | None]:
    """A function's id, with its bytes where a folder was named; raises InvalidConfig, InvalidManifest."""
    from executor.cli._ids import parse_id
    from executor.crypto.digests import function_id
    from executor.model.ids import FunctionId
    from executor.projects import load_function

    if text.startswith("0x"):
        return parse_id(FunctionId, text, "FUNCTION"), None
    function = load_function(Path(text).expanduser())
    return function_id(function), function


def agree_to(question: str, *, yes: bool, settings: Settings) -> None:
    """Has the user agree to spend; raises InvalidConfig where nobody can, or who could said no."""
    if yes or not settings.ask:
        return
    if not sys.stdin.isatty():
        raise InvalidConfig(f"{question}: nobody to ask here; write --yes to spend without asking")
    if not typer.confirm(f"{question}?", err=True):
        raise InvalidConfig("nothing was sent")


@contextmanager
def stopped(what: str) -> Iterator[None]:
    """Says what becomes of what was begun when Ctrl-C ends the command."""
    import asyncio

    try:
        yield
    except asyncio.CancelledError:
        typer.echo(f"executor: stopped; {what}", err=True)
        raise


@contextmanager
def sending(sender: TransactionSender, what: str) -> Iterator[None]:
    """While a transaction is on its way: on a terminal it is said what is waited for, and after Ctrl-C what may be."""
    may_be = f"{what} of {sender.address} may have been sent: look before it is sent again"
    with stopped(may_be), waiting(f"sending {what}"):
        yield


async def priced(network: Network, gas: int) -> tuple[int, int]:
    """What a transaction of this gas costs, likely and at most, in wei; raises ChainError."""
    from executor.chain.fees import FeePolicy
    from executor.chain.sender import GAS_MARGIN_PERCENT

    policy, base_fee = FeePolicy(), (await network.chain.head()).base_fee_wei
    most = policy.price(_blank(gas), base_fee).max_fee_per_gas
    return gas * (base_fee + policy.priority_fee_wei), (gas + gas * GAS_MARGIN_PERCENT // 100) * most


def _blank(gas: int) -> Transaction:
    from executor.model.transaction import Transaction

    return Transaction(0, 0, None, 0, b"", gas, 0, 0)


async def estimated(
    sender: TransactionSender, contract: str, address: Address, function: str, *arguments: object
) -> int:
    """Gas of a call of ours now; raises TransactionFailed with the contract's error."""
    from executor.chain.contracts import calldata
    from executor.chain.reverts import explain
    from executor.errors import RpcRefused, TransactionFailed

    try:
        return await sender.estimate(address, calldata(contract, function, *arguments))
    except RpcRefused as error:
        raise TransactionFailed(f"{function}: {explain(error)}") from error


async def ask_members(members: Sequence[Member], path: str) -> list[Any]:
    """What each node answers, at once; `{"error": …}` where one does not."""
    import asyncio

    from executor.node.reader import ask

    asked: list[Awaitable[Any]] = [ask(each.url, path, networks=each.networks) for each in members[:MAX_NODES]]
    return list(await asyncio.gather(*asked))
