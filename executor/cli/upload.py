"""executor upload"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from executor.cli._show import as_json, fact
from executor.errors import HostFault, InvalidConfig, InvalidValue

if TYPE_CHECKING:
    from executor.capabilities.member_networks import MemberNetworks
    from executor.model.function import Function
    from executor.model.ids import Address

VARIABLE = "EXECUTOR_UPLOAD_KEY"
LIFE_S = 600  # of the signature: clocks may differ, uploads take a minute at most
TIMEOUT_S = 90.0  # the node reads for a minute and loads the module before it answers
MAX_ANSWER_BYTES = 65_536
OK = 200


def command(
    folder: Annotated[Path, typer.Argument(help="Where function.toml is.")],
    node: Annotated[str, typer.Option(help="URL of one member's node; the others fetch from it.")],
    subscription: Annotated[int, typer.Option(min=0, help="A subscription that the account owns, if asked for.")] = 0,
    key_file: Annotated[
        Path | None, typer.Option(help=f"File with the account's private key in hex; else ${VARIABLE}.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Have a committee's nodes keep a function's bytes."""
    from executor.projects import load_function

    function, key = load_function(folder), read_key(key_file)
    account, identity = asyncio.run(upload(function, node.rstrip("/"), key, subscription))
    if json_output:
        as_json({"account": account, "function_id": identity, "node": node})
        return
    fact("function id", identity)
    fact("account", account)
    fact("kept by", node)


def read_key(file: Path | None, variable: str = VARIABLE) -> bytes:
    """The private key of a file (hex, keystore) or the environment; raises InvalidConfig, which never shows it."""
    if file is not None:
        try:
            text = file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidConfig(f"cannot read the key file {file}: {error}") from error
    elif variable in os.environ:
        text = os.environ[variable].strip()
    else:
        raise InvalidConfig(f"no account to sign with: use --key-file or the environment variable {variable}")
    if text.startswith("{"):
        return _decrypted(text)
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InvalidConfig("the key is not 32 bytes in hex, nor a keystore in JSON")
    return key


def _decrypted(text: str) -> bytes:
    """The key of a Web3 Secret Storage file, as wallets and `executor keygen` write it."""
    from executor.cli.keygen import read_password
    from executor.keys.keystore import decrypt_key

    return decrypt_key("secp256k1", text.encode(), read_password(None))


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
