"""executor operator"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from executor.cli._groups import verb_group
from executor.cli._ids import parse_id
from executor.cli._show import as_json, fact, waiting
from executor.errors import InvalidConfig, InvalidValue, TransactionFailed
from executor.model.coins import coins, exact, parse_coins
from executor.model.ids import Address

if TYPE_CHECKING:
    from executor.chain.client import ChainClient
    from executor.chain.operators import OperatorCall, Registered, Standing
    from executor.chain.sender import Account
    from executor.keys.client import SignerClient
    from executor.node.config import NodeConfig

group = verb_group()

Config = Annotated[Path, typer.Option(help="The node's TOML file: its operator, chain and signer.")]
KeyFile = Annotated[
    Path | None, typer.Option(help="Send it with the operator's key: hex, or a keystore and $EXECUTOR_PASSWORD.")
]
Send = Annotated[bool, typer.Option("--send", help="Send it with the signer, whose transmitter the operator then is.")]
To = Annotated[str, typer.Option(help="The address that is paid.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NODE = Path("node.toml")
Made = Callable[["ChainClient", "Address", "SignerClient"], Awaitable["OperatorCall"]]


@group.command()
def status(config: Config = NODE, json_output: Json = False) -> None:
    """Show how the operator stands on chain: keys, stake, place in the epoch, earnings, what comes next."""
    from executor.chain.operators import load_standing
    from executor.model.codec import to_plain

    settings = _settings(config)
    operator = Address.from_hex(settings.operator)
    found = asyncio.run(_with_chain(settings, lambda chain: load_standing(chain, operator)))
    if json_output:
        as_json({"operator": str(operator), **to_plain(found)})
        return
    fact("operator", operator)
    _tell(found)


@group.command()
def register(
    endpoint: Annotated[str, typer.Option(help="Where the other members reach this node: http:// or https://.")],
    config: Config = NODE,
    stake: Annotated[str, typer.Option(help="Stake paid in with it, such as 32ether.")] = "0wei",
    key_set: Annotated[
        str | None, typer.Option("--set", help="Of which key set (executor keys list); the newest, if left out.")
    ] = None,
    key_file: KeyFile = None,
    send: Send = False,
    json_output: Json = False,
) -> None:
    """Register the signer's keys and this node's endpoint: the first time, after a rotation, or for a new endpoint."""
    from executor.chain.operators import registration

    wei = _amount(stake, "--stake")

    async def made(chain: ChainClient, operator: Address, signer: SignerClient) -> OperatorCall:
        keys = await _keys(signer, key_set, endpoint)
        return await registration(chain, operator, keys, signer.of(keys.signer).prove_possession, stake_wei=wei)

    _call(config, key_file, send, json_output, made)


@group.command()
def stake(
    amount: Annotated[str, typer.Argument(help="How much more, such as 1.5ether.")],
    config: Config = NODE,
    key_file: KeyFile = None,
    send: Send = False,
    json_output: Json = False,
) -> None:
    """Pay in more stake."""
    from executor.chain.operators import add_stake

    wei = _amount(amount, "AMOUNT")
    _call(config, key_file, send, json_output, _of(lambda chain: add_stake(chain, wei)))


@group.command()
def leave(config: Config = NODE, key_file: KeyFile = None, send: Send = False, json_output: Json = False) -> None:
    """Ask to be in no later epoch; the node must serve on until the present one is replaced."""
    from executor.chain import operators

    _call(config, key_file, send, json_output, _of(operators.leave))


@group.command()
def stay(config: Config = NODE, key_file: KeyFile = None, send: Send = False, json_output: Json = False) -> None:
    """Take back that the operator asked to leave."""
    from executor.chain import operators

    _call(config, key_file, send, json_output, _of(operators.stay))


@group.command("start-epoch")
def start_epoch(config: Config = NODE, key_file: KeyFile = None, send: Send = False, json_output: Json = False) -> None:
    """Begin the epoch that the committee's owner proposed, once its time has come; anyone may."""
    from executor.chain.proposals import load_proposal, start_epoch_call

    async def made(chain: ChainClient, _operator: Address, _signer: SignerClient) -> OperatorCall:
        return start_epoch_call(chain, await load_proposal(chain))

    _call(config, key_file, send, json_output, made)


@group.command()
def withdraw(
    what: Annotated[str, typer.Argument(help="`stake`, once it is free, or `earnings`, as far as they are settled.")],
    to: To,
    config: Config = NODE,
    key_file: KeyFile = None,
    send: Send = False,
    json_output: Json = False,
) -> None:
    """Have the stake or the earnings paid to an address."""
    from executor.chain.operators import withdraw_earnings, withdraw_stake

    verbs = {"stake": withdraw_stake, "earnings": withdraw_earnings}
    if what not in verbs:
        raise InvalidConfig(f"{what}: it is `stake` or `earnings` that is withdrawn")
    paid = parse_id(Address, to, "--to")
    _call(config, key_file, send, json_output, _of(lambda chain: verbs[what](chain, paid)))


def _tell(found: Standing) -> None:
    if found.registered is None:
        fact("registered", "never: executor operator register")
    else:
        fact("signer", found.registered.signer)
        fact("endpoint", found.registered.endpoint)
    enough = "" if found.stake_wei >= found.least_wei else f": executor operator stake {exact(_missing(found))}"
    fact("stake", f"{coins(found.stake_wei)}, a member needs {coins(found.least_wei)}{enough}")
    if found.slashed:
        fact("slashed", "for ever: no later epoch has this operator")
    if found.exit_at:
        fact("leaves", f"asked {_at(found.exit_at)}; {_when_free(found)}")
    fact("epoch", "none has begun" if not found.epoch else f"{found.epoch}, {_place(found)}")
    if found.profile_id is not None:
        fact("profile", found.profile_id)
    if found.proposed_at:
        when = "may begin now" if found.proposed_at <= found.now else f"may begin {_at(found.proposed_at)}"
        fact("next epoch", f"announced, {when}")
    fact("earned", coins(found.earned_wei))


def _missing(found: Standing) -> int:
    return found.least_wei - found.stake_wei


def _place(found: Standing) -> str:
    return "not a member of it" if found.place is None else f"member {found.place}"


def _when_free(found: Standing) -> str:
    return (
        "the stake is bound until an epoch without it begins"
        if found.free_at is None
        else (f"the stake is free {_at(found.free_at)}")
    )


def _at(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _settings(config: Path) -> NodeConfig:
    from executor.node.config import read_config

    return read_config(config)


def _amount(text: str, where: str) -> int:
    try:
        return parse_coins(text)
    except InvalidValue as error:
        raise InvalidConfig(f"{where}: {error}") from error


def _of(make: Callable[[ChainClient], OperatorCall]) -> Made:
    async def made(chain: ChainClient, _operator: Address, _signer: SignerClient) -> OperatorCall:
        return make(chain)

    return made


async def _keys(signer: SignerClient, key_set: str | None, endpoint: str) -> Registered:
    from executor.chain.operators import Registered

    sets = {listed.name: listed.public for listed in (await signer.list_keys()).sets}
    name = list(sets)[-1] if key_set is None else key_set
    if name not in sets:
        raise InvalidConfig(f"--set {name}: the signer holds {', '.join(map(repr, sets))}; restart it after a rotation")
    keys = sets[name]
    return Registered(keys.signer, keys.encryption_key, keys.bls_key, endpoint)


async def _with_chain(settings: NodeConfig, work: Callable[[ChainClient], Awaitable[Any]]) -> Any:
    from executor.chain.client import ChainClient

    router = Address.from_hex(settings.chain.router)
    async with ChainClient(settings.chain.rpc_urls, settings.chain.id, router) as chain:
        return await work(chain)


def _call(config: Path, key_file: Path | None, send: bool, json_output: bool, make: Made) -> None:
    """Make a call and show it, or send it where that is asked for."""
    if send and key_file is not None:
        raise InvalidConfig("--send has the signer send it, --key-file this command: give one of both")
    settings = _settings(config)
    shown = asyncio.run(_carry_out(settings, key_file, send, make))
    if json_output:
        as_json(shown)
        return
    for name, value in shown.items():
        fact(name, value)
    if "transaction" not in shown:
        fact("not sent", "send it from that account, with any wallet; or repeat with --key-file or --send")


async def _carry_out(settings: NodeConfig, key_file: Path | None, send: bool, make: Made) -> dict[str, Any]:
    from executor.chain.operators import estimate
    from executor.chain.sender import TransactionSender
    from executor.keys.client import SignerClient

    operator = Address.from_hex(settings.operator)
    signer = SignerClient(settings.signer.socket)

    async def work(chain: ChainClient) -> dict[str, Any]:
        account = await _account(operator, key_file, signer if send else None)
        call = await make(chain, operator, signer)
        plain = {"chain": chain.chain_id, "from": str(operator), "to": str(call.to), "value": str(call.value_wei)}
        shown: dict[str, Any] = {"call": f"{call.contract}.{call.function}", **plain, "data": "0x" + call.data.hex()}
        shown["gas"] = await estimate(chain, operator, call)
        if account is not None:
            with waiting("sending the transaction"):
                receipt = await TransactionSender(chain, account).send(call.to, call.data, value_wei=call.value_wei)
            if not receipt.succeeded:
                raise TransactionFailed(f"{call.function} reverted in {receipt.location.transaction}")
            shown["transaction"] = str(receipt.location.transaction)
        return shown

    try:
        return dict(await _with_chain(settings, work))
    finally:
        await signer.close()


async def _account(operator: Address, key_file: Path | None, signer: SignerClient | None) -> Account | None:
    """Who sends; None where nobody here does. Raises InvalidConfig when it is not the operator."""
    from executor.chain.sender import Account
    from executor.chain.signing import local_account
    from executor.cli._keys import key_of_file

    if key_file is not None:
        account = local_account(key_of_file(key_file))
        if account.address != operator:
            raise InvalidConfig(f"--key-file {key_file}: it is the key of {account.address}, not of {operator}")
        return account
    if signer is None:
        return None
    for listed in (await signer.list_keys()).sets:
        if listed.public.transmitter == operator:
            return Account(operator, signer.of(listed.public.signer))
    raise InvalidConfig(f"--send: no key set of the signer has {operator} as its transmitter; use --key-file")
