"""executor trigger"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from executor.cli._groups import verb_group
from executor.cli._ids import parse_id
from executor.cli._network import (
    KEY_FILE,
    ChainIdOption,
    ConfigOption,
    JsonOption,
    Network,
    RouterOption,
    RpcOption,
    SettingsOption,
    SubscriptionOption,
    account_key,
    one_node,
    run_on,
    sending,
)
from executor.cli._show import as_json, fact
from executor.errors import HostFault, InvalidConfig, InvalidValue

if TYPE_CHECKING:
    from executor.chain.client import ChainClient
    from executor.chain.sender import TransactionSender
    from executor.cli._config import Settings
    from executor.model.ids import FunctionId, RegistrationId
    from executor.model.trigger import TriggerKind

VARIABLE: Final = "EXECUTOR_TRIGGER_KEY"
LIFE_S: Final = 600  # of a POST's signature: clocks may differ
POST_TIMEOUT_S: Final = 15.0  # a node asks its chain a few things before it answers

group = verb_group()

RegistrationArgument = Annotated[str, typer.Argument(metavar="REGISTRATION", help="Its id.")]
KeyFile = Annotated[Path | None, typer.Option(help=f"{KEY_FILE}${VARIABLE}, $EXECUTOR_KEY.")]
OneNode = Annotated[str | None, typer.Option("--node", help="URL of one member's node; else the settings' first.")]
Act = Callable[["ChainClient", "TransactionSender"], Awaitable[Any]]


@group.command()
def register(
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="Its folder, or its id.")],
    kind: Annotated[Literal["log", "cron", "block", "http"], typer.Option(help="What starts it.")],
    config: Annotated[str, typer.Option(help="What exactly: JSON, or @FILE (docs/triggers.md).")],
    receiver: Annotated[str | None, typer.Option(help="Contract whose onReport is called, if any.")] = None,
    callback_gas: Annotated[int, typer.Option(min=0, help="Gas of that call, exactly.")] = 0,
    name: Annotated[str, typer.Option(help="Workflow name in the report's metadata, ten bytes at most.")] = "",
    input: Annotated[str, typer.Option(help="Text of the run's own input, 0x hex, or @FILE.")] = "",
    settings_file: SettingsOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: SubscriptionOption = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Register a trigger on chain; it counts once its block is final."""
    from executor.chain.triggers import register_trigger
    from executor.cli._config import needed, read_settings
    from executor.model.ids import Address
    from executor.model.trigger import TriggerKind

    chosen, identity = TriggerKind[kind.upper()], _function_id(function)
    written, given = _config(chosen, config), _bytes(input)
    to = None if receiver is None else parse_id(Address, receiver, "--receiver")
    settings = read_settings(settings_file, rpc_urls=rpc, chain_id=chain_id, router=router, subscription=subscription)
    payer = needed(settings.subscription, "subscription")

    async def act(chain: ChainClient, sender: TransactionSender) -> RegistrationId:
        return await register_trigger(
            chain,
            sender,
            kind=chosen,
            function=identity,
            config=written,
            subscription=payer,
            receiver=to,
            callback_gas_limit=callback_gas,
            name=name.encode(),
            input=given,
        )

    made = _on_chain(settings, key_file, act)
    if json_output:
        as_json({"registration": str(made), "function_id": str(identity), "config": json.loads(written)})
        return
    fact("registration", str(made))
    fact("function id", str(identity))
    fact("config", written.decode())


@group.command("list")
def list_triggers(config: ConfigOption = None, node: OneNode = None, json_output: JsonOption = False) -> None:
    """Show what a member follows, and how it stands."""
    from executor.cli._config import read_settings

    told = _asked(one_node(read_settings(config, nodes=[node] if node else None)), "/v1/triggers")
    if json_output:
        as_json(told)
        return
    fact("finalized", f"block {told.get('finalized_block')}")
    for each in told.get("triggers", []):
        state = "unreadable" if each["config"] is None else "paused" if each["paused"] else "active"
        fact(each["trigger"], f"{each['registration']} {state}")
        fact("", f"function {each['function_id']}, subscription {each['subscription']}")
        fact("", f"config {json.dumps(each['config'])}")
        hour = f"{each['started_this_hour']} started and {each['dropped_this_hour']} dropped in its last hour"
        fact("", f"{each['open']} open, {hour}, {each['unfunded']} not paid for")


@group.command()
def pause(
    registration: RegistrationArgument,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Have it start nothing for now."""
    from executor.cli._config import read_settings

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    _change("paused", registration, settings, key_file, json_output=json_output)


@group.command()
def resume(
    registration: RegistrationArgument,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Let a paused one go on."""
    from executor.cli._config import read_settings

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    _change("resumed", registration, settings, key_file, json_output=json_output)


@group.command()
def remove(
    registration: RegistrationArgument,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """End it for good."""
    from executor.cli._config import read_settings

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    _change("removed", registration, settings, key_file, json_output=json_output)


@group.command()
def fire(
    registration: RegistrationArgument,
    body: Annotated[str, typer.Option(help="Text, 0x hex, or @FILE.")] = "",
    nonce: Annotated[
        int | None,
        typer.Option(min=0, help="Random, if left out; the same with --block and --expires is the same run."),
    ] = None,
    block: Annotated[int | None, typer.Option(min=0, help="A finalized block; the node's last, if left out.")] = None,
    seconds: Annotated[int, typer.Option(min=1, max=86_400, help="How long the signature is good for.")] = LIFE_S,
    expires: Annotated[int | None, typer.Option(min=1, help="Until when, in Unix time, instead of --seconds.")] = None,
    config: ConfigOption = None,
    node: OneNode = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Sign a POST to an http trigger and send it to one member, which passes it on; shows the request's id."""
    from executor.cli._config import read_settings
    from executor.model.ids import Address, RegistrationId
    from executor.node.triggers.posting import HEADER, sign_post

    settings = read_settings(config, nodes=[node] if node else None)
    member, key = one_node(settings), account_key(key_file, settings, VARIABLE)
    posted, told = _bytes(body), _asked(member, "/v1/health")
    identity = parse_id(RegistrationId, registration, "REGISTRATION")
    try:
        chain_id, router = int(told["chain_id"]), Address.from_hex(told["router"])
        last = int(_asked(member, f"/v1/triggers/{identity}")["finalized_block"])
    except (KeyError, TypeError, ValueError) as error:
        raise HostFault(f"{member} does not answer as a node does: {error}") from error
    header = sign_post(
        key,
        posted,
        chain_id=chain_id,
        router=router,
        registration=identity,
        block_number=last if block is None else block,
        nonce=secrets.randbits(52) if nonce is None else nonce,
        expires=int(time.time()) + seconds if expires is None else expires,
    )
    answer = _asked(member, f"/v1/triggers/{identity}", method="POST", headers={HEADER: header}, body=posted)
    if json_output:
        as_json(answer)
        return
    fact("request", str(answer["request_id"]))
    fact("status", str(answer["status"]))
    fact("receipt", f"{member}/v1/receipts/{answer['request_id']}")


def _change(what: str, registration: str, settings: Settings, key_file: Path | None, *, json_output: bool) -> None:
    from executor.chain.triggers import remove_trigger, set_paused
    from executor.model.ids import RegistrationId

    identity = parse_id(RegistrationId, registration, "REGISTRATION")

    async def act(chain: ChainClient, sender: TransactionSender) -> None:
        if what == "removed":
            await remove_trigger(chain, sender, identity)
        else:
            await set_paused(chain, sender, identity, what == "paused")

    _on_chain(settings, key_file, act)
    if json_output:
        as_json({"registration": str(identity), "state": what})
        return
    fact(what, str(identity))


def _on_chain(settings: Settings, key_file: Path | None, act: Act) -> Any:
    key = account_key(key_file, settings, VARIABLE)

    async def acted(network: Network) -> Any:
        sender = network.sender(key)
        with sending(sender, "the transaction"):
            return await act(network.chain, sender)

    return run_on(settings, acted)


def _asked(node: str, path: str, **options: Any) -> dict[str, Any]:
    """A node's answer; raises InvalidValue with its reason."""
    from executor.node.reader import ask

    answer = asyncio.run(ask(node, path, timeout_s=POST_TIMEOUT_S, **options))
    if not isinstance(answer, dict) or "error" in answer:
        raise InvalidValue(f"{node}: {answer.get('error') if isinstance(answer, dict) else 'an answer of no use'}")
    return answer


def _function_id(function: str) -> FunctionId:
    from executor.crypto.digests import function_id
    from executor.model.ids import FunctionId
    from executor.projects import load_function

    return (
        parse_id(FunctionId, function, "FUNCTION")
        if function.startswith("0x")
        else function_id(load_function(Path(function)))
    )


def _config(kind: TriggerKind, text: str) -> bytes:
    """In canonical form, what has its default left out; raises InvalidTrigger naming the key."""
    from executor.model.codec import encode_json
    from executor.model.trigger_config import parse_trigger_config

    try:
        plain = json.loads(_bytes(text))
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(f"--config is not JSON: {error}") from error
    return parse_trigger_config(kind, encode_json(plain)).canonical()


def _bytes(text: str) -> bytes:
    """Text, 0x hex or a file."""
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_bytes()
        except OSError as error:
            raise InvalidConfig(f"cannot read {text[1:]}: {error.strerror}") from error
    if text.startswith("0x"):
        try:
            return bytes.fromhex(text[2:])
        except ValueError as error:
            raise InvalidConfig(f"{text[:20]}: not hex") from error
    return text.encode()
