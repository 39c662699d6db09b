"""executor chainlink"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from executor.cli._chainlink import (
    CHECK,
    FUNCTIONS_LIMIT,
    SOURCE,
    OwnerTerms,
    check_of,
    manifest_of,
    request_of,
    secret_name,
    source_of,
)
from executor.cli._groups import verb_group
from executor.cli._ids import parse_id
from executor.cli._network import (
    ChainIdOption,
    ConfigOption,
    FunctionArgument,
    JsonOption,
    KeyFileOption,
    Network,
    RouterOption,
    RpcOption,
    account_key,
    named_function,
    run_on,
    sending,
)
from executor.cli._show import as_json, fact
from executor.errors import InvalidConfig
from executor.model.profile import PROFILE
from executor.projects import MANIFEST_FILE

if TYPE_CHECKING:
    from executor.model.ids import Address

CONTRACT: Final = "ChainlinkFunctionsRouter"
REQUESTS: Final = 10  # of one look, at every node (docs/http.md)
CLIENT_GAS: Final = 300_000  # of a callback, the most there was at Chainlink

group = verb_group()


@group.command()
def new(
    directory: Annotated[Path, typer.Argument(help="The folder to make; nothing is ever overwritten.")],
    hosts: Annotated[list[str] | None, typer.Option("--host", help="A host that sources may ask; repeat it.")] = None,
    methods: Annotated[list[str] | None, typer.Option("--method", help="Besides GET; repeat it.")] = None,
    secrets: Annotated[
        list[str] | None,
        typer.Option("--secret", help="What sources call it (apiKey: API_KEY is put), or apiKey=OTHER_NAME."),
    ] = None,
    owner: Annotated[str | None, typer.Option(help="The account that will put the secrets.")] = None,
    subscriptions: Annotated[
        list[int] | None, typer.Option("--subscription", min=1, help="Who may have sources run; repeat it.")
    ] = None,
    sources: Annotated[
        list[Path] | None, typer.Option("--source", help="File with a source that may run, and no other; repeat it.")
    ] = None,
    median: Annotated[bool, typer.Option("--median", help="Agree on the middle one of the numbers encoded.")] = False,
    return_bytes: Annotated[int, typer.Option(min=1, max=FUNCTIONS_LIMIT, help="The longest response.")] = 256,
    requests: Annotated[int, typer.Option(min=0, max=REQUESTS, help="HTTP requests of one source.")] = 5,
    request_bytes: Annotated[
        int, typer.Option(min=1, max=PROFILE.ceilings.input_bytes, help="The longest request, source included.")
    ] = 30_720,
    name: Annotated[str, typer.Option(help="The function's name.")] = "chainlink-functions",
    json_output: JsonOption = False,
) -> None:
    """Write the function that runs sources made for Chainlink Functions, with an owner's terms."""
    from executor.model.ids import Address
    from executor.model.manifest import parse_manifest

    terms = OwnerTerms(
        name=name,
        hosts=tuple(hosts or []),
        methods=("GET", *(method for method in methods or [] if method != "GET")),
        secrets=dict(_secret(text) for text in secrets or []),
        owner=None if owner is None else str(parse_id(Address, owner.lower(), "--owner")),
        subscriptions=tuple(subscriptions or []),
        sources=tuple(_digest(path) for path in sources or []),
        median=median,
        request_bytes=request_bytes,
        return_bytes=return_bytes,
        requests=requests,
    )
    manifest, source = manifest_of(terms), source_of(terms)
    parse_manifest(manifest)
    _write({directory / MANIFEST_FILE: manifest, directory / CHECK: check_of(terms), directory / SOURCE: source})
    if json_output:
        as_json({"folder": str(directory), "files": [str(directory / each) for each in (MANIFEST_FILE, CHECK, SOURCE)]})
        return
    fact("written", directory / MANIFEST_FILE)
    for file in (CHECK, SOURCE):
        fact("", directory / file)
    fact("next", f"executor build {directory}")


@group.command()
def request(
    source: Annotated[Path, typer.Argument(help="File with the JavaScript.")],
    args: Annotated[list[str] | None, typer.Option("--arg", help="One of `args`; repeat it.")] = None,
    bytes_args: Annotated[
        list[str] | None, typer.Option("--bytes-arg", help="One of `bytesArgs`, 0x hex; repeat it.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Print the request that a client would send, in hex: what `executor run --input` takes."""
    from executor.cli.run import read_input

    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfig(f"{source}: {error}") from error
    if wrong := [each for each in bytes_args or [] if not each.startswith("0x")]:
        raise InvalidConfig(f"--bytes-arg {wrong[0]}: 0x and pairs of hex digits")
    data = request_of(text, args or [], [read_input(each) for each in bytes_args or []])
    as_json({"request": f"0x{data.hex()}"}) if json_output else typer.echo(f"0x{data.hex()}")


@group.command()
def router(
    function: FunctionArgument,
    config: ConfigOption = None,
    rpc: RpcOption = None,
    chain_id: ChainIdOption = None,
    router: RouterOption = None,
    key_file: KeyFileOption = None,
    json_output: JsonOption = False,
) -> None:
    """Put on chain what clients of Chainlink Functions take for its router, for this function and for ever."""
    from executor.chain.calls import view
    from executor.chain.deploy import create
    from executor.chain.functions import is_registered
    from executor.cli._config import read_settings

    identity, _ = named_function(function)
    settings = read_settings(config, rpc_urls=rpc, chain_id=chain_id, router=router)
    key = account_key(key_file, settings)

    async def act(network: Network) -> tuple[Address, int]:
        if not await is_registered(network.chain, identity):
            raise InvalidConfig(f"{identity} is not registered: run `executor deploy` first")
        sender = network.sender(key)
        with sending(sender, "the transaction"):
            made = await create(sender, CONTRACT, network.chain.router, identity)
        return made, int(await view(network.chain, CONTRACT, made, "callbackGas", CLIENT_GAS))

    made, gas = run_on(settings, act)
    if json_output:
        as_json({"functions_router": str(made), "function_id": str(identity), "callback_gas": gas})
        return
    fact("functions router", made)
    fact("function id", identity)
    fact("callback gas", f"a client's {CLIENT_GAS:,} need {gas:,} of the router's maxCallbackGas")


def _secret(text: str) -> tuple[str, str]:
    """What sources call it, and its name in the manifest."""
    in_source, _, name = text.partition("=")
    if not in_source:
        raise InvalidConfig(f"--secret {text}: it is NAME, or NAME=NAME_IN_MANIFEST; a value is never given here")
    return in_source, name or secret_name(in_source)


def _digest(path: Path) -> str:
    """keccak256 of a source."""
    from executor.crypto.digests import keccak256

    try:
        return str(keccak256(path.read_bytes()))
    except OSError as error:
        raise InvalidConfig(f"--source {path}: {error.strerror}") from error


def _write(files: dict[Path, str]) -> None:
    if there := [path for path in files if path.exists()]:
        raise InvalidConfig(f"{there[0]} is there already: choose another folder, or edit it")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidConfig(f"{error.filename}: {error.strerror}") from error
