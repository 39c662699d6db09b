"""A node's configuration: one TOML file, unknown keys refused, every default finite, no secret in it.

Each key's meaning stands in its `description`, from which `executor node init` writes the commented file
(executor/node/config_file.py). Times are in seconds, sizes in bytes, paths relative to the file's own folder, with `~`
for the home folder.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin
from typing import Final as Constant

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from executor.capabilities.drand import RELAYS
from executor.capabilities.member_networks import MemberNetworks
from executor.capabilities.resolver import parse_override
from executor.errors import InvalidConfig
from executor.model.codec import MAX_INTEGER

MAX_CONFIG_BYTES: Constant = 65_536
VARIABLE: Constant = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
SHOWN_PROBLEMS: Constant = 5
EVIDENCE_DAYS: Constant = 15  # contracts/src/Stake.sol, UNBONDING_PERIOD: after that no stake answers for a vote

AddressText: TypeAlias = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
NetworkText: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-fA-F:.]+/[0-9]{1,3}$")]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65_535)]
UrlText: TypeAlias = Annotated[str, Field(pattern=r"^(https?://|\$\{)[^\s@]+$", max_length=2_048)]
File: TypeAlias = Annotated[Path, Field(strict=False)]
Seconds: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


class Table(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ChainConfig(Table):
    """The chain this node serves."""

    id: Annotated[int, Field(ge=1, description="The chain id; an endpoint that serves another chain is not used.")]
    router: Annotated[AddressText, Field(description="Address of the Router contract.")]
    rpc_urls: Annotated[
        list[UrlText],
        Field(
            min_length=1,
            max_length=8,
            description="JSON-RPC endpoints, http or https. A majority of them must agree: name three or more of "
            "different people (docs/chain.md). A key in a URL is a secret: write ${NAME}, which is read from the "
            "environment.",
        ),
    ]
    start_block: Annotated[int, Field(ge=0, description="Block to read first on a first start: the epoch's.")] = 0
    confirmations: Annotated[
        Annotated[int, Field(ge=0, le=1_000)] | Literal["finalized"],
        Field(description='Blocks on top of a request before it is taken, or "finalized".'),
    ] = 1
    poll_interval_s: Annotated[Seconds, Field(ge=0.02, le=60, description="Pause between looks for a new block.")] = 1.0
    ahead_s: Annotated[
        Seconds,
        Field(
            ge=15,
            le=10_000_000_000,
            description="How far ahead of this machine's clock a block may be dated, on every chain; endpoints that "
            "say more are not believed: a false date would close requests and end triggers for good.",
        ),
    ] = 900.0


class ReadChainConfig(Table):
    """A chain that functions may read besides the home chain (docs/evm.md)."""

    id: Annotated[int, Field(ge=1, le=MAX_INTEGER, description="Its chain id, as manifests list it.")]
    rpc_urls: Annotated[
        list[UrlText],
        Field(min_length=1, max_length=8, description="As in [chain]: a majority of its endpoints must agree."),
    ]


class SignerConfig(Table):
    """The signer process, which holds the keys (`executor signer`)."""

    socket: Annotated[File, Field(description="Its Unix socket.")] = Path("signer.sock")


class TransmitterConfig(Table):
    """The account that brings attestations on chain."""

    max_fee_gwei: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="The most it pays for a unit of gas; above it, it waits and says so."),
    ] = 1_000
    priority_fee_gwei: Annotated[
        float,
        Field(
            allow_inf_nan=False, ge=0, le=10_000, description="What it adds for the block's maker, for a unit of gas."
        ),
    ] = 1.0
    keep_sums_after: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="BLS: after so many deliveries by the same signers their keys' sum is kept on chain, so "
            "that later ones cost less (docs/gas.md); 0 keeps none.",
        ),
    ] = 0


class WorkersConfig(Table):
    """The processes that run guests."""

    count: Annotated[int, Field(ge=1, le=64, description="Execute runs at a time; observe runs are twice as many.")] = 1
    compiled: Annotated[File, Field(description="Folder of compiled code; may be deleted.")] = Path("compiled")
    watchdog_s: Annotated[
        Seconds, Field(gt=0, le=600, description="Wall clock of one run; beyond it the run is a host fault.")
    ] = 30.0
    require_confinement: Annotated[
        bool, Field(description="Do not start where the kernel cannot filter the workers' system calls.")
    ] = False
    apart: Annotated[
        bool,
        Field(
            description="Give each function processes of its own, as those that read secrets or private inputs have: a "
            "guest that breaks the engine then lies about itself alone. Costs half a second of processor time whenever "
            "a function comes that did not run lately."
        ),
    ] = False


class HttpConfig(Table):
    """Where members' messages and the API are served. Put a proxy with TLS in front of it."""

    host: Annotated[str, Field(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, Field(description="Port to listen on; the registered endpoint must lead here.")]
    member_networks: Annotated[
        list[NetworkText],
        Field(
            max_length=64,
            description='Private networks in which other members serve, like "10.8.0.0/16". Where a member\'s endpoint '
            "leads to a private address outside of these, this node does not connect.",
        ),
    ] = []


class FetchesConfig(Table):
    """What guests fetch over HTTP (docs/http.md)."""

    per_second: Annotated[
        Seconds,
        Field(ge=0, le=10_000, description="Requests a second to one host, of all functions together; 0: any number."),
    ] = 0.0
    burst: Annotated[int, Field(ge=1, le=10_000, description="How many of them may come at once.")] = 10
    cache_s: Annotated[
        Seconds,
        Field(
            ge=0,
            le=60,
            description="How long a reply is given again to functions that ask the same; 0: never. Never to or from "
            "functions that read secrets or private inputs.",
        ),
    ] = 0.0
    cache_bytes: Annotated[int, Field(ge=1, le=1 << 34, description="Bytes of all such replies, in memory.")] = (
        16_777_216
    )
    kept_replies: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="Raw replies kept for you (`executor node replies`), the oldest go; 0: none. Never of "
            "functions that read secrets or private inputs.",
        ),
    ] = 1_000
    kept_bytes: Annotated[int, Field(ge=1, le=1 << 34, description="Bytes of all kept replies, on disk.")] = 67_108_864


class RoundsConfig(Table):
    """How this node takes part in rounds; nothing here touches safety."""

    collect_delay_s: Annotated[
        Seconds, Field(gt=0, le=60, description="How long a leader that heard a quorum waits for the others.")
    ] = 0.4
    scheme: Annotated[
        Literal["ecdsa", "bls"] | None,
        Field(description="Verifier that this node's attestations are made for; else the first the epoch names."),
    ] = None


class LimitsConfig(Table):
    """What strangers may make this node keep."""

    functions: Annotated[int, Field(ge=1, le=1_000_000, description="Functions held.")] = 1_000
    function_bytes: Annotated[
        int, Field(ge=1, le=1 << 40, description="Bytes of all functions held, modules and sources.")
    ] = 268_435_456
    secrets: Annotated[int, Field(ge=1, le=100_000, description="Secrets kept of all accounts, 25 kB each.")] = 4_096


class UploadsConfig(Table):
    """Who may have this node keep functions' bytes; members fetch from each other whatever stands here."""

    allowed: Annotated[
        Literal["subscribers", "listed", "anyone"],
        Field(
            description='"subscribers": owners of a subscription of the router with at least min_balance free in it, '
            'and the accounts listed; "listed": those alone; "anyone": also uploads without a signature.'
        ),
    ] = "subscribers"
    accounts: Annotated[list[AddressText], Field(max_length=1_000, description="Accounts that may always upload.")] = []
    min_balance: Annotated[
        str,
        Field(
            pattern=r"^[0-9]{1,30}$",
            description="Free balance that a subscription must have, in the smallest unit of its asset (wei).",
        ),
    ] = "1000000000000000"
    account_functions: Annotated[int, Field(ge=1, le=1_000_000, description="Functions kept of one account.")] = 50
    account_bytes: Annotated[
        int, Field(ge=1, le=1 << 40, description="Bytes kept of one account, modules and sources.")
    ] = 67_108_864
    account_secrets: Annotated[int, Field(ge=1, le=100_000, description="Secrets kept of one account.")] = 256


class ReceiptsConfig(Table):
    """Receipts on disk, one file a request (docs/receipts.md)."""

    kept_days: Annotated[
        int,
        Field(
            ge=EVIDENCE_DAYS,
            le=36_500,
            description="How long they stay. For 15 days all do: members that were down ask for them, and what they "
            "prove is punished so long.",
        ),
    ] = 90
    kept_bytes: Annotated[
        int, Field(ge=1, le=1 << 44, description="Bytes of all; the oldest beyond those 15 days go first.")
    ] = 17_179_869_184


class RandomConfig(Table):
    """Where the proofs of functions' draws come from; each is verified, so nobody here is trusted."""

    beacon: Annotated[
        AddressText | None,
        Field(
            description="The Beacon at which epochs' draw keys are registered. Naming it switches the committee's own "
            "draws on: this node makes each epoch's key with the other members. Without it, it leaves out functions "
            "that draw from their committee."
        ),
    ] = None
    drand_relays: Annotated[
        list[UrlText],
        Field(
            max_length=16,
            description="Relays of drand, asked one after the other: name several of different people. They are public "
            "hosts, or stand under [resolve].",
        ),
    ] = list(RELAYS)
    drand_chains: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]],
        Field(max_length=16, description="Hashes of chains of drand to serve besides quicknet, for development."),
    ] = []


class MetricsConfig(Table):
    """Prometheus metrics at http://HOST:PORT/metrics. They tell what a node does: keep the port private."""

    enabled: Annotated[bool, Field(description="Whether they are served.")] = True
    host: Annotated[str, Field(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, Field(description="Port to listen on; another for each node of one machine.")] = 9_640


class LogsConfig(Table):
    """Logs, one line an event, on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="The least level that is written.")
    ] = "info"
    format: Annotated[
        Literal["auto", "json", "text"], Field(description='"auto": text on a terminal, JSON elsewhere.')
    ] = "auto"
    value_bytes: Annotated[
        int, Field(ge=16, le=65_536, description="Longest text of one field; what is longer is cut and says so.")
    ] = 256


class NodeConfig(Table):
    """Who this node is and where it keeps what it must not lose."""

    operator: Annotated[AddressText, Field(description="The operator's address, as registered in the Committee.")]
    data: Annotated[
        File, Field(description="Folder of journal, functions, receipts and events; back it up only with the node off.")
    ] = Path("data")
    stop_timeout_s: Annotated[
        Seconds, Field(gt=0, le=300, description="A stop that takes longer is cut off; a second signal ends at once.")
    ] = 10.0
    chain: ChainConfig
    signer: SignerConfig = SignerConfig()
    transmitter: TransmitterConfig = TransmitterConfig()
    workers: WorkersConfig = WorkersConfig()
    http: HttpConfig
    fetches: FetchesConfig = FetchesConfig()
    rounds: RoundsConfig = RoundsConfig()
    limits: LimitsConfig = LimitsConfig()
    uploads: UploadsConfig = UploadsConfig()
    receipts: ReceiptsConfig = ReceiptsConfig()
    random: RandomConfig = RandomConfig()
    metrics: MetricsConfig = MetricsConfig()
    logs: LogsConfig = LogsConfig()
    chains: Annotated[list[ReadChainConfig], Field(max_length=16)] = []
    resolve: Annotated[
        dict[str, str],
        Field(
            max_length=256,
            description="Host names that guests may ask for, to ADDRESS:PORT, like a hosts file; what stands here is "
            "exempt from the check against private addresses.",
        ),
    ] = {}

    @model_validator(mode="after")
    def _each_chain_once(self) -> NodeConfig:
        ids = [self.chain.id, *(each.id for each in self.chains)]
        if twice := sorted({id for id in ids if ids.count(id) > 1}):
            raise ValueError(f"chains: chain {twice[0]} is there twice; the home chain's endpoints stand in [chain]")
        return self

    @model_validator(mode="after")
    def _what_fits_together(self) -> NodeConfig:
        if self.metrics.enabled and (self.metrics.host, self.metrics.port) == (self.http.host, self.http.port):
            raise ValueError(f"metrics.port: [http] has port {self.http.port} already; each needs its own")
        if self.transmitter.priority_fee_gwei > self.transmitter.max_fee_gwei:
            raise ValueError("transmitter.priority_fee_gwei: more than max_fee_gwei")
        try:
            MemberNetworks(self.http.member_networks)
        except InvalidConfig as error:
            raise ValueError(f"http.member_networks: {error}") from error
        for host, text in self.resolve.items():
            try:
                parse_override(text)
            except ValueError as error:
                raise ValueError(f'resolve."{host}": {error}') from error
        for id, urls in self.endpoints.items():
            if len(set(urls)) < len(urls):
                raise ValueError(f"rpc_urls of chain {id}: an endpoint is named twice; it would have two voices")
        return self

    @property
    def endpoints(self) -> dict[int, list[str]]:
        """The RPC endpoints of every chain by its id, the home chain first."""
        return {self.chain.id: self.chain.rpc_urls} | {each.id: each.rpc_urls for each in self.chains}

    @property
    def urls(self) -> list[str]:
        """Every RPC URL: secrets."""
        return [url for urls in self.endpoints.values() for url in urls]


def read_config(path: Path, environment: Mapping[str, str] = os.environ) -> NodeConfig:
    """The configuration in a file, its paths absolute; raises InvalidConfig naming file, key and what to do."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidConfig(
            f"{path}: cannot be read: {error.strerror}; `executor node init --config {path}` writes a new one"
        ) from error
    if len(raw) > MAX_CONFIG_BYTES:
        raise InvalidConfig(f"{path}: {len(raw)} bytes, the limit is {MAX_CONFIG_BYTES}")
    try:
        plain = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfig(f"{path}: not TOML: {error}") from error
    config = check_config(plain, str(path))
    folder = path.resolve().parent

    def filled(chain: ChainConfig | ReadChainConfig, key: str) -> list[str]:
        return [_filled(url, environment, f"{path}: {key}") for url in chain.rpc_urls]

    others = [
        each.model_copy(update={"rpc_urls": filled(each, f"chains.{place}.rpc_urls")})
        for place, each in enumerate(config.chains)
    ]
    return config.model_copy(
        update={
            "data": folder / at_home(config.data, f"{path}: data"),
            "chain": config.chain.model_copy(update={"rpc_urls": filled(config.chain, "chain.rpc_urls")}),
            "chains": others,
            "signer": config.signer.model_copy(
                update={"socket": folder / at_home(config.signer.socket, f"{path}: signer.socket")}
            ),
            "workers": config.workers.model_copy(
                update={"compiled": folder / at_home(config.workers.compiled, f"{path}: workers.compiled")}
            ),
        }
    )


def at_home(path: Path, where: str) -> Path:
    """The path with `~` or `~user` at its beginning replaced, as a shell does; raises InvalidConfig."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise InvalidConfig(f"{where}: {path}: this machine knows no such home folder: write the whole path") from error


def check_config(plain: Mapping[str, Any], where: str) -> NodeConfig:
    """The configuration in plain values, paths as they are; raises InvalidConfig naming each key that is wrong."""
    try:
        return NodeConfig.model_validate(dict(plain))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        told = list(dict.fromkeys(_problem(each) for each in found))
        more = f"; and {len(told) - SHOWN_PROBLEMS} more" if len(told) > SHOWN_PROBLEMS else ""
        raise InvalidConfig(f"{where}: {'; '.join(told[:SHOWN_PROBLEMS])}{more}") from error


def keys(table: type[BaseModel] = NodeConfig, prefix: str = "") -> Iterator[str]:
    """Every key there is, with its table."""
    for name, field in table.model_fields.items():
        if (inner := table_of(field.annotation) or tables_of(field.annotation)) is not None:
            yield from keys(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def table_of(annotation: Any) -> type[Table] | None:
    """The table a field holds, or None for a value."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, Table) else None


def tables_of(annotation: Any) -> type[Table] | None:
    """The table a field holds any number of, or None."""
    return table_of(get_args(annotation)[0]) if get_origin(annotation) is list else None


def _problem(error: ErrorDetails) -> str:
    words = [str(part) for part in error["loc"]]
    if words[:2] == ["chain", "confirmations"]:  # a union: pydantic adds which branch it tried
        words = words[:2]
    key = ".".join(words)
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {key}{_nearest(key)}"
        case "missing":
            return f"{key} is missing"
        case "string_pattern_mismatch":
            is_url = ".rpc_urls." in key
            return f"{key}: {'an http or https URL without user and password' if is_url else '0x and 40 hex digits'}"
        case "literal_error" | "int_type" if key == "chain.confirmations":
            return f'{key}: an integer from 0 to 1000, or "finalized"'
        case _:
            return f"{key}: {error['msg']}"


def _nearest(key: str) -> str:
    """The key most like this one: by its whole name, else by its last part, wherever that belongs."""
    known = list(keys())
    last = key.rpartition(".")[2]
    same = [each for each in known if each.rpartition(".")[2] == last]
    like = same or difflib.get_close_matches(key, known, 1, 0.75)
    if not like:
        ends = {each.rpartition(".")[2]: each for each in known} | {each.replace(".", "_"): each for each in known}
        like = [ends[each] for each in difflib.get_close_matches(last, ends, 1, 0.7)]
    tables = [name for name, field in NodeConfig.model_fields.items() if table_of(field.annotation)]
    like = like or [f"[{each}]" for each in difflib.get_close_matches(key, tables, 1, 0.6)]
    return f"; did you mean {like[0]}?" if like else f"; the tables are {', '.join(f'[{each}]' for each in tables)}"


def _filled(url: str, environment: Mapping[str, str], where: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise InvalidConfig(f"{where}: the environment has no variable {found[1]}")
        return environment[found[1]]

    return VARIABLE.sub(value, url)
