"""executor deploy

Rule 1. First the bytes, to f + 1 members: one of them at least is honest, and the others fetch from it. Then the facts
        on chain, then the name. So nothing on chain ever names what no member holds.
Rule 2. What is there already is left as it is and said; a deploy that failed midway is run again.
Rule 3. Nothing is paid before everything that could be refused without paying has been tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from executor.cli._network import (
    ChainIdOption,
    ConfigOption,
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
    ask_members,
    estimated,
    priced,
    run_on,
    stopped,
)
from executor.cli._show import as_json, fact, progress
from executor.errors import ExecutorError, HostFault, InvalidConfig

if TYPE_CHECKING:
    from executor.cli._network import Member
    from executor.model.function import Function
    from executor.model.ids import Address, FunctionId


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there, and what is to be done; costs in wei, likely and at most."""

    function_id: FunctionId
    wanted: int
    held_by: tuple[str, ...]
    missing: tuple[Member, ...]
    registered: bool
    published: int | None  # the version of the name that is this function already; 0 without a name
    likely: int
    most: int


def command(
    path: Annotated[Path, typer.Argument(help="Directory with function.toml, or the file itself.")] = Path(),
    publish: Annotated[
        str | None, typer.Option(metavar="NAME", help="Publish it as the next version of this name of yours, too.")
    ] = None,
    uri: Annotated[str, typer.Option(help="Where else its bytes can be fetched; published with the name.")] = "",
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
    """Bring a function's bytes to the members' stores and its facts on chain; again as often as needed."""
    from executor.cli._config import read_settings
    from executor.cli._load import load_kept
    from executor.crypto.digests import function_id
    from executor.crypto.secp256k1 import address_of
    from executor.projects import load_function

    function = load_function(path)
    settings = read_settings(
        config, rpc_urls=rpc, chain_id=chain_id, router=router, nodes=node, subscription=subscription
    )
    key = account_key(key_file, settings)
    load_kept(function)  # raises InvalidModule for whatever a node would refuse
    identity = function_id(function)

    async def act(network: Network) -> tuple[Plan, int | None]:
        plan = await _plan(network, function, identity, key, publish, uri)
        if not json_output:
            _tell(plan, publish, address_of(key))
        if not plan.registered or plan.published is None:
            what = " and ".join(([] if plan.registered else ["register it"]) + (["publish it"] if publish else []))
            agree_to(
                f"Spend about {_coins(plan.likely)}, at most {_coins(plan.most)}, to {what}", yes=yes, settings=settings
            )
        with stopped("what is done stays, and the same command again does the rest"):
            return plan, await _carry_out(network, function, plan, key, publish, uri)

    plan, version = run_on(settings, act)
    if json_output:
        as_json(
            {
                "function_id": str(identity),
                "account": str(address_of(key)),
                "registered_before": plan.registered,
                "held_before_by": list(plan.held_by),
                "cost_likely_wei": str(plan.likely),
                "cost_at_most_wei": str(plan.most),
                "name": publish,
                "version": version,
            }
        )
        return
    if publish:
        fact("published", f"{publish} version {version}")
    fact("deployed", f"{identity}: request it with `executor request`")


def _coins(wei: int) -> str:
    from executor.model.coins import coins

    return coins(wei)


async def _plan(
    network: Network, function: Function, identity: FunctionId, key: bytes, publish: str | None, uri: str
) -> Plan:
    from executor.chain.functions import is_registered, load_registry
    from executor.crypto.digests import keccak256, module_id
    from executor.model.ids import ProfileId

    members = await network.members()
    if not members:
        raise InvalidConfig(
            "no member of the current epoch has an endpoint that can be reached: name nodes with --node"
        )
    answers = await ask_members(members, "/v1/functions")
    held = [isinstance(answer, list) and str(identity) in answer for answer in answers]
    silent = [isinstance(answer, dict) and "error" in answer for answer in answers]
    if all(silent):
        raise HostFault(f"no node answers: {members[0].url}: {answers[0]['error']}")
    registered = await is_registered(network.chain, identity)
    published = await _published(network, identity, key, publish) if publish else 0
    sender, registry, gas = network.sender(key), await load_registry(network.chain), 0
    if not registered:
        facts = (module_id(function.module), keccak256(function.source), function.terms.canonical())
        gas += await estimated(sender, "FunctionRegistry", registry, "register", *facts)
    if publish and published is None:
        if registered:
            profile = ProfileId((await network.epoch()).profile_id)
            gas += await estimated(sender, "FunctionRegistry", registry, "publish", publish, identity, profile, uri)
        else:
            gas += PUBLISH_GAS + 22 * (len(publish.encode()) + len(uri.encode()))
    likely, most = await priced(network, gas) if gas else (0, 0)
    epoch = await network.epoch()
    return Plan(
        function_id=identity,
        wanted=min(epoch.f + 1, len(members)),
        held_by=tuple(each.url for each, has in zip(members, held, strict=True) if has),
        missing=tuple(each for each, has, gone in zip(members, held, silent, strict=True) if not has and not gone),
        registered=registered,
        published=published,
        likely=likely,
        most=most,
    )


PUBLISH_GAS = 260_000  # of a name's first version, which cannot be estimated before its function is registered


async def _published(network: Network, identity: FunctionId, key: bytes, name: str) -> int | None:
    """The name's latest version where that is this function; raises ChainError."""
    from executor.chain.calls import view
    from executor.chain.functions import load_registry
    from executor.crypto.digests import name_id
    from executor.crypto.secp256k1 import address_of

    registry, owner = await load_registry(network.chain), address_of(key)
    identity_of_name = name_id(owner, name.encode())
    _, _, versions, _ = await view(network.chain, "FunctionRegistry", registry, "nameInfo", identity_of_name)
    if not versions:
        return None
    latest, _, _, withdrawn = await view(
        network.chain, "FunctionRegistry", registry, "versionInfo", identity_of_name, versions
    )
    return int(versions) if bytes(latest) == bytes(identity) and not withdrawn else None


def _tell(plan: Plan, publish: str | None, account: Address) -> None:
    fact("function id", plan.function_id)
    fact("account", account)
    if plan.held_by:
        fact("held by", ", ".join(plan.held_by))
    fact("on chain", "registered already" if plan.registered else "not registered yet")
    if publish:
        there = plan.published is not None
        fact(
            "name",
            f"{publish} version {plan.published} is this function already" if there else f"{publish}, a new version",
        )


async def _carry_out(
    network: Network, function: Function, plan: Plan, key: bytes, publish: str | None, uri: str
) -> int | None:
    from executor.chain.functions import publish_function, register_function

    steps = max(0, plan.wanted - len(plan.held_by)) + (not plan.registered) + (bool(publish) and plan.published is None)
    with progress("deploying", steps) as done:
        await _upload(network, function, plan, key, done)
        sender = network.sender(key)
        if not plan.registered:
            await register_function(network.chain, sender, function)
            done("registered on chain")
        if publish and plan.published is None:
            profile = (await network.epoch()).profile_id
            made = await publish_function(network.chain, sender, publish, plan.function_id, profile, uri)
            done("published")
            return made.version
    return plan.published or None


async def _upload(network: Network, function: Function, plan: Plan, key: bytes, done: Callable[[str], None]) -> None:
    """Rule 1; raises the first refusal when too few members take the bytes."""
    from executor.cli.upload import upload

    settings, held, refusals = network.settings, len(plan.held_by), []
    for member in plan.missing:
        if held >= plan.wanted:
            return
        try:
            await upload(
                function,
                member.url,
                key,
                settings.subscription or 0,
                serving=(network.chain.chain_id, network.chain.router),
                networks=member.networks,
            )
        except ExecutorError as error:
            refusals.append(error)
            continue
        held += 1
        done(f"bytes held by {member.url}")
    if held < plan.wanted:
        told = "; ".join(dict.fromkeys(map(str, refusals)))
        raise HostFault(
            f"{held} of {plan.wanted} members that are needed hold the bytes, nothing was sent to the chain: {told}"
        )
