"""executor upload"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from executor.cli._network import (
    KEY_FILE,
    ChainIdOption,
    ConfigOption,
    JsonOption,
    Member,
    Network,
    NodeOption,
    RouterOption,
    RpcOption,
    account_key,
    named_members,
    run_on,
)
from executor.cli._show import as_json, fact, waiting
from executor.errors import ExecutorError, HostFault, InvalidConfig, InvalidValue

if TYPE_CHECKING:
    from executor.capabilities.member_networks import MemberNetworks
    from executor.model.function import Function
    from executor.model.ids import Address

VARIABLE = "EXECUTOR_UPLOAD_KEY"
LIFE_S = 600  # of the signature: clocks may differ, uploads take a minute at most
TIMEOUT_S = 90.0  # the node reads for a minute and loads the module before it answers
MAX_ANSWER_BYTES = 65_536
OK = 200
KeyFile = Annotated[Path | None, typer.Option(help=f"{KEY_FILE}${VARIABLE}, $EXECUTOR_KEY.")]


def command(
    folder: Annotated[Path, typer.Argument(help="Directory with function.toml, or the file itself.")],
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    node: NodeOption = None,
    subscription: Annotated[
        int | None, typer.Option(min=0, help="A subscription that the account owns, if nodes ask for one.")
    ] = None,
    key_file: KeyFile = None,
    json_output: JsonOption = False,
) -> None:
    """Have a committee's nodes keep a function's bytes: the first that takes them, and the others fetch from it."""
    from executor.cli._config import read_settings
    from executor.model.ids import Address
    from executor.projects import load_function

    function = load_function(folder)
    payer = subscription or None  # 0: none is asked for
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router, nodes=node, subscription=payer)
    key = account_key(key_file, settings, VARIABLE)
    serving = None
    if settings.chain_id is not None and settings.router is not None:
        serving = settings.chain_id, Address.from_hex(settings.router)
    paid_by = (0 if subscription == 0 else settings.subscription) or 0

    async def taken(members: Sequence[Member]) -> tuple[str, str, str]:
        """Account, function id, and who took it; raises the first refusal where nobody does."""
        refusals: list[ExecutorError] = []
        for member in members:
            try:
                with waiting(f"sending the function to {member.url}"):
                    told = await upload(function, member.url, key, paid_by, serving=serving, networks=member.networks)
            except ExecutorError as error:
                refusals.append(error)
            else:
                return *told, member.url
        raise refusals[0] if refusals else InvalidConfig("no member has an endpoint: name a node with --node")

    async def of_chain(network: Network) -> tuple[str, str, str]:
        return await taken(await network.members())

    if settings.nodes:
        account, identity, taker = asyncio.run(taken(named_members(settings)))
    else:
        account, identity, taker = run_on(settings, of_chain)
    if json_output:
        as_json({"account": account, "function_id": identity, "node": taker})
        return
    fact("function id", identity)
    fact("account", account)
    fact("kept by", taker)


async def upload(
    function: Function,
    node: str,
    key: bytes,
    subscription: int,
    *,
    serving: tuple[int, Address] | None = None,
    networks: MemberNetworks | None = None,
) -> tuple[str, str]:
    """Account and function id; raises InvalidValue with the node's reason, or HostFault when it does not answer.

    A node that serves another chain and router than `serving` is given nothing; `networks` are for registered URLs.
    """
    from executor.crypto.digests import function_id
    from executor.crypto.secp256k1 import address_of
    from executor.model.ids import Address
    from executor.node.functions import pack_function
    from executor.node.reader import ask
    from executor.node.uploads import sign_upload

    account, identity, health = address_of(key), function_id(function), await ask(node, "/v1/health", networks=networks)
    try:
        chain_id, router = int(health["chain_id"]), Address.from_hex(health["router"])
    except (KeyError, TypeError, ValueError, InvalidValue) as error:
        raise HostFault(f"{node} does not answer as a node does: {str(health)[:200]}") from error
    if serving is not None and serving != (chain_id, router):
        raise InvalidConfig(
            f"{node} serves router {router} on chain {chain_id}, not {serving[1]} on chain {serving[0]}"
        )
    header = sign_upload(
        key,
        account,
        chain_id=chain_id,
        router=router,
        function=identity,
        expires=int(time.time()) + LIFE_S,
        subscription=subscription,
    )
    status, answer = await _put(f"{node}/v1/functions", pack_function(function), header, networks)
    if status != OK:
        raise InvalidValue(f"{node} refused the function: {answer}")
    return str(account), str(identity)


async def _put(url: str, body: bytes, header: str, networks: MemberNetworks | None = None) -> tuple[int, str]:
    """Status and the reason of a refusal; raises HostFault."""
    import aiohttp

    from executor.node.uploads import HEADER

    data = bytearray()
    connector = None if networks is None else networks.connector()
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), connector=connector) as session,
            session.put(url, data=body, headers={HEADER: header}, allow_redirects=False) as response,
        ):
            async for piece in response.content.iter_chunked(4_096):
                data += piece
                if len(data) > MAX_ANSWER_BYTES:
                    raise HostFault(f"{url}: an answer of more than {MAX_ANSWER_BYTES} bytes")
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise HostFault(f"{url}: {type(error).__name__}: {error}") from error
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError):
        plain = None
    return status, str(plain["error"]) if isinstance(plain, dict) and "error" in plain else f"status {status}"
