"""executor secrets"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from executor.cli._exits import FAILED
from executor.cli._groups import verb_group
from executor.cli._ids import parse_id
from executor.cli._network import (
    KEY_FILE,
    ChainIdOption,
    ConfigOption,
    FunctionArgument,
    JsonOption,
    Network,
    RouterOption,
    RpcOption,
    account_key,
    run_on,
)
from executor.cli._show import as_json, fact, waiting
from executor.errors import InvalidConfig
from executor.model.secret import NAME

if TYPE_CHECKING:
    from executor.cli._config import Settings
    from executor.model.committee import Epoch
    from executor.model.function import Function
    from executor.model.ids import Address, FunctionId
    from executor.model.secret import Secret

DAY_S: Final = 86_400
LIST_LIFE_S: Final = 600  # of the signature under a question: clocks may differ
VARIABLE: Final = "EXECUTOR_SECRETS_KEY"

group = verb_group()

EpochNumber = Annotated[int | None, typer.Option("--epoch", min=1, help="The current one, if left out.")]
Subscription = Annotated[
    int | None, typer.Option(min=0, help="A subscription that the owner owns, if members ask for one.")
]
Secrets = Annotated[
    list[str],
    typer.Option("--secret", help="NAME (its environment variable), NAME=env:VARIABLE or NAME=@FILE; repeatable."),
]
KeyFile = Annotated[Path | None, typer.Option(help=f"{KEY_FILE}${VARIABLE}, $EXECUTOR_KEY.")]
Days = Annotated[int, typer.Option(min=1, max=366, help="Until they expire.")]


@dataclass(frozen=True, slots=True)
class _Place:
    """An epoch of a router's committee, None for the current one, and whose key signs."""

    settings: Settings
    epoch: int | None
    key_file: Path | None

    @property
    def key(self) -> bytes:
        """The owner's; raises InvalidConfig."""
        return account_key(self.key_file, self.settings, VARIABLE)

    def load(self) -> Epoch:
        """The epoch as the chain has it: nobody else is asked for the keys that are sealed to."""

        async def loaded(network: Network) -> Epoch:
            if self.epoch is None:
                return await network.epoch()
            from executor.chain.epochs import load_epoch

            return await load_epoch(network.chain, self.epoch)

        return run_on(self.settings, loaded)


@dataclass(frozen=True, slots=True)
class _Change:
    """Values by name, None for what is to be deleted, and who signs for them."""

    function: str
    project: Function | None
    values: Mapping[str, bytes | None]
    expires: int
    subscription: int


@group.command()
def put(
    function: FunctionArgument,
    secrets: Secrets,
    days: Days = 30,
    epoch: EpochNumber = None,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: Subscription = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Seal secrets to an epoch's members and have them keep them; again for each new epoch."""
    from executor.cli._config import read_settings
    from executor.cli._secrets import read_secrets

    project = _project(function)
    values = read_secrets(secrets, None if project is None else project.terms)
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    expires = int(time.time()) + days * DAY_S
    change = _Change(function, project, values, expires, _payer(subscription, settings))
    _tell(*_carry_out(change, _Place(settings, epoch, key_file)), change, json_output=json_output)


@group.command()
def delete(
    function: FunctionArgument,
    names: Annotated[list[str], typer.Option("--name", help="A secret's name; repeatable.")],
    epoch: EpochNumber = None,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: Subscription = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Have an epoch's members forget secrets. Who kept a copy keeps it: change the secret where it is used, too."""
    from executor.cli._config import read_settings

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    change = _Change(function, _project(function), dict.fromkeys(names), 0, _payer(subscription, settings))
    _tell(*_carry_out(change, _Place(settings, epoch, key_file)), change, json_output=json_output)


@group.command()
def renew(
    function: FunctionArgument,
    secrets: Secrets,
    days: Days = 30,
    within: Annotated[int, typer.Option(min=0, max=366, help="Days before its end at which a secret is due.")] = 7,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    subscription: Subscription = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Put what the current epoch lacks or will soon lack, and nothing else: for a timer. What you deleted stays so."""
    from executor.cli._config import read_settings
    from executor.cli._renewal import due_names
    from executor.cli._secrets import read_secrets

    project = _project(function)
    values = read_secrets(secrets, None if project is None else project.terms)
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    now = int(time.time())
    change = _Change(function, project, values, now + days * DAY_S, _payer(subscription, settings))
    place = _Place(settings, None, key_file)
    epoch, _, answers = _listed(place)
    identity = str(_identity(function, project))
    due = due_names(values, answers, identity, epoch.number, epoch.f, least_end=now + within * DAY_S)
    if not due:
        text = f"nothing is due in epoch {epoch.number}"
        as_json({"epoch": epoch.number, "members": {}}) if json_output else fact("secrets", text)
        return
    change = replace(change, values={name: values[name] for name in due})
    _tell(*_carry_out(change, replace(place, epoch=epoch.number)), change, json_output=json_output)


@group.command("list")
def list_secrets(
    epoch: EpochNumber = None,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Show what each member of an epoch keeps of your secrets, in every epoch that it serves."""
    from executor.cli._config import read_settings

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    chosen, owner, answers = _listed(_Place(settings, epoch, key_file))
    if json_output:
        as_json({"epoch": chosen.number, "members": answers})
        return
    held: dict[tuple[Any, ...], list[int]] = {}
    for member, answer in enumerate(answers):
        if not isinstance(answer, list):
            fact(f"member {member}", _why(answer))
            continue
        for row in answer:
            if isinstance(row, dict):
                key_of = tuple(
                    row.get(name) for name in ("epoch", "function_id", "name", "version", "state", "expires")
                )
                held.setdefault(key_of, []).append(member)
    for (number, identity, name, version, state, expires), members in sorted(held.items(), key=repr):
        until = f" until {_day(expires)}" if state == "held" else ""
        who = "all members" if len(members) == chosen.n else f"members {', '.join(map(str, members))} only"
        fact(str(name), f"{state}{until}, by {who}: version {version}, epoch {number}, function {identity}")
    if not held:
        fact("secrets", f"none of account {owner}")


@group.command()
def seal(
    function: FunctionArgument,
    consumer: Annotated[str, typer.Option(help="Address of the contract whose request will hold it.")],
    text: Annotated[Path, typer.Option("--text", help="File with the private part of the input; - is standard input.")],
    epoch: EpochNumber = None,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    json_output: JsonOption = False,
) -> None:
    """Seal the private part of a request's input to an epoch's members, and print the envelope as hex."""
    from executor.cli._config import read_settings
    from executor.keys.private_inputs import seal_private_input
    from executor.model.ids import Address
    from executor.model.profile import PROFILE

    limit = PROFILE.ceilings.input_bytes
    try:
        data = typer.get_binary_stream("stdin").read(limit + 1) if str(text) == "-" else text.read_bytes()
    except OSError as error:
        raise InvalidConfig(f"--text {text}: {error.strerror}") from error
    if not 1 <= len(data) <= limit:
        raise InvalidConfig(f"--text: 1 to {limit} bytes")
    identity, asker = _identity(function, _project(function)), parse_id(Address, consumer, "--consumer")

    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    chosen = _Place(settings, epoch, None).load()
    envelope = "0x" + seal_private_input(chosen, identity, asker, data).hex()
    if json_output:
        as_json({"epoch": chosen.number, "function_id": str(identity), "envelope": envelope})
        return
    typer.echo(envelope)


def _listed(place: _Place) -> tuple[Epoch, Address, list[Any]]:
    """The epoch, whose key asks, and each member's list of the account's secrets, or what it says instead."""
    from executor.crypto.secp256k1 import address_of
    from executor.node.secrets.claims import HEADER, sign_list_claim

    key = place.key
    owner, chosen = address_of(key), place.load()
    expires = int(time.time()) + LIST_LIFE_S
    header = sign_list_claim(key, owner, chosen.chain_id, chosen.router, expires)
    return chosen, owner, asyncio.run(_ask_members(chosen, "GET", {HEADER: header}))


def _carry_out(change: _Change, place: _Place) -> tuple[Epoch, Secret, dict[str, list[Any]]]:
    """Every member's answers about each name; the last secret says whose and of what function they are."""
    from executor.crypto.secp256k1 import address_of
    from executor.model.codec import encode
    from executor.node.secrets.claims import make_secret

    key, identity = place.key, _identity(change.function, change.project)
    owner = address_of(key)
    if change.project is not None:
        granted = change.project.terms.capabilities.secrets
        named = None if granted is None else granted.owner
        if named != str(owner):
            raise InvalidConfig(
                f"capabilities.secrets.owner of the manifest is {named or 'not set'}, the key is {owner}'s"
            )
    if wrong := [name for name in change.values if not re.fullmatch(NAME, name)]:
        raise InvalidConfig(f"{wrong[0]}: a name has 1 to 64 of A-Z, 0-9 and _ and begins with a letter")
    epoch = place.load()
    made = [
        make_secret(
            key,
            owner,
            epoch,
            identity,
            name,
            value,
            version=time.time_ns() // 1_000_000,
            expires=change.expires,
            subscription=change.subscription,
        )
        for name, value in change.values.items()
    ]
    answers = {each.name: asyncio.run(_ask_members(epoch, "PUT", {}, encode(each))) for each in made}
    return epoch, made[-1], answers


def _tell(epoch: Epoch, last: Secret, answers: dict[str, list[Any]], change: _Change, *, json_output: bool) -> None:
    """Who took what; exits with FAILED when too few did."""
    if json_output:
        whose = {"function_id": str(last.function_id), "owner": str(last.owner)}
        as_json({"epoch": epoch.number, **whose, "members": answers})
    else:
        fact("function id", last.function_id)
        fact("owner", last.owner)
    verb = f"kept until {_day(change.expires)}" if change.expires else "deleted"
    enough = True
    for name, told in answers.items():
        takers = [member for member, answer in enumerate(told) if isinstance(answer, dict) and "version" in answer]
        enough &= len(takers) > epoch.f
        if not json_output:
            fact(name, f"{verb} by {len(takers)} of {epoch.n} members of epoch {epoch.number}")
            for member, answer in enumerate(told):
                if member not in takers:
                    fact(f"  member {member}", _why(answer))
    if not enough:  # one of the takers must be honest, to hand it on to the rest
        typer.echo(f"executor: fewer than {epoch.f + 1} members took it: put it again", err=True)
        raise typer.Exit(FAILED)


def _payer(subscription: int | None, settings: Settings) -> int:
    """Of --subscription, else of the settings; 0 where none is to be named."""
    return (settings.subscription if subscription is None else subscription) or 0


def _project(function: str) -> Function | None:
    """The function in a folder; None for an id."""
    from executor.projects import load_function

    return load_function(Path(function)) if Path(function).exists() else None


def _identity(function: str, project: Function | None) -> FunctionId:
    from executor.crypto.digests import function_id
    from executor.errors import InvalidValue
    from executor.model.ids import FunctionId

    try:
        return FunctionId.from_hex(function) if project is None else function_id(project)
    except InvalidValue as error:
        raise InvalidConfig(f"{function} is neither a function's folder nor an id: {error}") from error


async def _ask_members(epoch: Epoch, method: str, headers: dict[str, str], body: bytes | None = None) -> list[Any]:
    """Each member's JSON answer, or an object with the reason for none."""
    from executor.node.reader import ask

    with waiting(f"asking {epoch.n} members"):
        return list(
            await asyncio.gather(
                *(
                    ask(member.endpoint, "/v1/secrets", method=method, headers=headers, body=body)
                    for member in epoch.members
                )
            )
        )


def _why(answer: object) -> str:
    return str(answer["error"])[:300] if isinstance(answer, dict) and "error" in answer else "answers nothing of use"


def _day(expires: object) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(expires)) if isinstance(expires, int) else "?"
