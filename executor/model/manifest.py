"""The function manifest, `function.toml`: limits and capabilities are part of the function id."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from executor.errors import InvalidManifest
from executor.model.codec import MAX_INTEGER, encode_json
from executor.model.draw import MAX_DRAWS, QUICKNET, DrandChain
from executor.model.profile import PROFILE, Ceilings

MAX_MANIFEST_BYTES = 65_536  # the largest manifest we could think of, 256 hosts, is 20 kB
MAX_CONFIRMATIONS = 256  # Ethereum finalizes within 64 to 96 blocks; beyond, `finalized` is what is meant
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"^(https?://)?(\*\.)?{_LABEL}(\.{_LABEL})*(:[1-9][0-9]{{0,4}})?$")
MAX_TIME_S = 2**40  # 36,000 years
MIN_DELAY_S = 30  # two slots of Ethereum in a row, and the rest for clocks that differ: contracts/src/Beacon.sol
MAX_DELAY_S = 86_400  # a request is open for 7 days at most
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
Method = Literal["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _host(value: str) -> str:
    if not _HOST.match(value):
        raise ValueError(
            f"{value!r} is not [scheme://]name[:port] with a lower-case name and at most one leading '*.' label"
        )
    return value


Host = Annotated[str, AfterValidator(_host)]
Positive = Annotated[int, Field(gt=0)]


class FunctionSection(_Strict):
    """Names and paths: for people and tools, not hashed."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    language: Literal["javascript", "python", "assemblyscript", "c", "go", "rust", "wasm", "zig"]
    source: Annotated[str, Field(min_length=1, max_length=255)]
    description: Annotated[str, Field(max_length=1000)] = ""


class BuildSection(_Strict):
    """How `executor build` makes what runs: it decides the bytes and so the id, and is not hashed itself.

    `snapshot`: whether an engine function's evaluated top level is frozen into a module of its own; `auto` measures.
    `minify`: whether a bundle is made small at the cost of names in stacks.
    """

    snapshot: Literal["always", "auto", "never"] = "never"
    minify: bool = False


class Limits(_Strict):
    """What one run may use. Fuel in fuel units, memory in MiB, output in bytes."""

    fuel: Positive = 200_000_000
    observe_fuel: Positive = 500_000_000
    memory_mib: Positive = 64
    output_bytes: Positive = 4_096
    observations: Annotated[int, Field(ge=0)] = 5


class HttpCapability(_Strict):
    """http@1: exact host names or one leading wildcard label; https unless a scheme is written.

    `keep_replies`: receipts hold what the node that wrote them was answered.
    """

    hosts: Annotated[list[Host], Field(min_length=1, max_length=256)]
    methods: Annotated[list[Method], Field(min_length=1)] = ["GET"]
    keep_replies: Literal[True] | None = None


class EvmCapability(_Strict):
    """evm@1: the chain ids that may be read, the home chain's among them."""

    chains: Annotated[list[Annotated[int, Field(ge=1, le=MAX_INTEGER)]], Field(min_length=1, max_length=16)]


class SecretsCapability(_Strict):
    """secrets@1: the names this function may read, and the account that may put them."""

    owner: Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$")] | None = None
    names: Annotated[list[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]], Field(min_length=1, max_length=64)]


class PrivateInputCapability(_Strict):
    """Opening the sealed part of a request's input (an empty table grants it)."""


class DrandChainTerms(_Strict):
    """Another chain of drand than quicknet, for development: whoever holds its key knows all its rounds."""

    hash: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
    key: Annotated[str, Field(pattern=r"^0x[0-9a-f]{192}$")]
    genesis: Annotated[int, Field(ge=0, le=MAX_TIME_S)]
    period_s: Annotated[int, Field(ge=1, le=86_400)]


class DrandRandom(_Strict):
    """random@1 of drand: a round is fixed by the request's block timestamp and `delay_s`."""

    source: Literal["drand"]
    delay_s: Annotated[int, Field(ge=1, le=MAX_DELAY_S)]
    draws: Annotated[int, Field(ge=1, le=MAX_DRAWS)] = 1
    chain: DrandChainTerms | None = None
    accept_draw_known_before_observations: Literal[True] | None = None

    @property
    def drand(self) -> DrandChain:
        """The chain whose rounds are drawn from."""
        if (own := self.chain) is None:
            return QUICKNET
        return DrandChain(bytes.fromhex(own.hash[2:]), bytes.fromhex(own.key[2:]), own.genesis, own.period_s)


class CommitteeRandom(_Strict):
    """random@1 of the committee itself: made once the request is final and everything observed is settled."""

    source: Literal["committee"]
    draws: Annotated[int, Field(ge=1, le=MAX_DRAWS)] = 1


RandomCapability: TypeAlias = Annotated[DrandRandom | CommitteeRandom, Field(discriminator="source")]
"""Agreed draws, by where they come from."""


class ChainTerms(_Strict):
    """What must hold of a request's block before it is run: so many blocks over it, or that it is finalized."""

    confirmations: Annotated[int, Field(ge=1, le=MAX_CONFIRMATIONS)] | Literal["finalized"]


class TimeCapability(_Strict):
    """time@1: the node's own clock, inside an observation; nothing to say about it."""


class Capabilities(_Strict):
    """Everything granted; what is absent is denied."""

    http: HttpCapability | None = None
    evm: EvmCapability | None = None
    random: RandomCapability | None = None
    secrets: SecretsCapability | None = None
    private_input: PrivateInputCapability | None = None
    time: TimeCapability | None = None
    chain: ChainTerms | None = None

    @model_validator(mode="after")
    def _private_replies_are_not_kept(self) -> Self:
        if self.are_private and self.http is not None and self.http.keep_replies:
            raise ValueError(
                "http.keep_replies: replies to a function that reads secrets or private inputs are not kept"
            )
        return self

    @property
    def are_private(self) -> bool:
        """Whether an observe run may hold what nobody else is to read."""
        return self.secrets is not None or self.private_input is not None


class Terms(_Strict):
    """The hashed part of a manifest: limits and capabilities with defaults filled in."""

    limits: Limits = Limits()
    capabilities: Capabilities = Capabilities()

    @property
    def confirmations(self) -> int | Literal["finalized"] | None:
        """How deep a request must stand before it is run; None: as deep as nodes read anyway."""
        if isinstance(self.capabilities.random, CommitteeRandom):
            return "finalized"  # no member helps to draw for a request that could still be another
        return None if self.capabilities.chain is None else self.capabilities.chain.confirmations

    @property
    def home_chain(self) -> int:
        """The home chain of requests that no chain made: the first that is listed, else 0."""
        return 0 if self.capabilities.evm is None else self.capabilities.evm.chains[0]

    def canonical(self) -> bytes:
        """Canonical JSON; lists are sorted and deduplicated, since their order means nothing."""
        plain = self.model_dump(mode="json", exclude_none=True)
        for capability in plain["capabilities"].values():
            for key, value in capability.items():
                if isinstance(value, list):
                    capability[key] = sorted(set(value))
        return encode_json(plain)


class Manifest(Terms):
    """A whole function.toml."""

    function: FunctionSection
    build: BuildSection = BuildSection()

    @property
    def terms(self) -> Terms:
        """The part that the function id commits to."""
        return Terms(limits=self.limits, capabilities=self.capabilities)


def parse_manifest(text: str, ceilings: Ceilings = PROFILE.ceilings) -> Manifest:
    """The manifest written in `text` (TOML); raises InvalidManifest naming the first wrong key."""
    if len(text) > MAX_MANIFEST_BYTES:
        raise InvalidManifest(f"the manifest has {len(text)} characters, the limit is {MAX_MANIFEST_BYTES}")
    try:
        manifest = Manifest.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidManifest(f"not TOML: {error}") from error
    except ValidationError as error:
        raise InvalidManifest(_explain(error)) from error
    check_terms(manifest, ceilings)
    return manifest


def parse_terms(value: object, ceilings: Ceilings = PROFILE.ceilings) -> Terms:
    """Terms from plain JSON (a receipt, a registration); raises InvalidManifest."""
    try:
        terms = Terms.model_validate(value)
    except ValidationError as error:
        raise InvalidManifest(_explain(error)) from error
    check_terms(terms, ceilings)
    return terms


def check_terms(terms: Terms, ceilings: Ceilings) -> None:
    """Raises InvalidManifest when a limit is over the profile's ceiling, or a draw could be known too early."""
    for name in Limits.model_fields:
        asked, ceiling = getattr(terms.limits, name), getattr(ceilings, name)
        if asked > ceiling:
            raise InvalidManifest(f"limits.{name} = {asked} is over the ceiling of {ceiling}")
    match terms.capabilities.random:
        case DrandRandom() as drand:
            _check_drand(drand, terms.limits.observations)
        case CommitteeRandom() if (asked := terms.capabilities.chain) and asked.confirmations != "finalized":
            raise InvalidManifest(
                f"capabilities.chain.confirmations = {asked.confirmations}: a committee draws for finalized requests "
                'only; leave it out, or write "finalized"'
            )


def _check_drand(random: DrandRandom, observations: int) -> None:
    if random.chain is not None and (random.drand.key == QUICKNET.key or random.drand.hash == QUICKNET.hash):
        raise InvalidManifest("capabilities.random.chain: this is quicknet, which is meant where no chain is written")
    if random.chain is None and random.delay_s < MIN_DELAY_S:
        raise InvalidManifest(
            f"capabilities.random.delay_s = {random.delay_s}: at least {MIN_DELAY_S}, because a block's producer can "
            "know the rounds published before its block is; where money hangs on it, the chain's time to finality"
        )
    if observations > 0 and random.accept_draw_known_before_observations is None:
        raise InvalidManifest(
            "capabilities.random: a drand round may be public before the committee agreed on an observation, and "
            "whoever bends one could know the draw; write limits.observations = 0, or accept that with "
            "capabilities.random.accept_draw_known_before_observations = true"
        )


def _explain(error: ValidationError) -> str:
    every = error.errors(include_url=False)
    unknown = [each for each in every if each["type"] == "extra_forbidden"]
    first = (unknown or every)[0]  # an unknown key is what a missing one was meant to be
    location = first["loc"]
    where = ".".join(str(part) for place, part in enumerate(location) if location[:place] != _RANDOM)
    match first["type"]:
        case "literal_error" if isinstance(first["input"], str):
            known = re.findall(r"'([^']*)'", first["ctx"]["expected"])
            return f"{where}: {first['msg']}{_meant(first['input'], known)}"
        case "union_tag_not_found":
            return f"{where}.source: missing; it is one of {', '.join(map(repr, _SOURCES))}"
        case "union_tag_invalid":
            return (
                f"{where}.source: it is one of {', '.join(map(repr, _SOURCES))}{_meant(first['ctx']['tag'], _SOURCES)}"
            )
        case "extra_forbidden" if location[:-1] == (*_RANDOM, "committee") and location[-1] in DrandRandom.model_fields:
            return f'{where}: belongs to source = "drand": a committee draws once the request is final, on no clock'
        case "extra_forbidden":
            near = get_close_matches(str(location[-1]), _keys_beside(location), n=1)
            return f"{where}: unknown key; did you mean {near[0]}?" if near else f"{where}: unknown key"
        case _:
            return f"{where}: {first['msg'].removeprefix('Value error, ')}"


_RANDOM: Final = ("capabilities", "random")  # below it errors name the source, which is no key of the file
_SOURCES: Final = ("committee", "drand")


def _meant(written: str, known: Sequence[str]) -> str:
    near = get_close_matches(written[:64].lower(), known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the section of an unknown one knows."""
    sections: dict[tuple[int | str, ...], type[BaseModel]] = {
        (): Manifest,
        ("function",): FunctionSection,
        ("build",): BuildSection,
        ("limits",): Limits,
        ("capabilities",): Capabilities,
        ("capabilities", "http"): HttpCapability,
        ("capabilities", "evm"): EvmCapability,
        ("capabilities", "secrets"): SecretsCapability,
        ("capabilities", "private_input"): PrivateInputCapability,
        (*_RANDOM, "drand"): DrandRandom,
        (*_RANDOM, "drand", "chain"): DrandChainTerms,
        (*_RANDOM, "committee"): CommitteeRandom,
        ("capabilities", "chain"): ChainTerms,
    }
    section = sections.get(location[:-1])
    return [] if section is None else list(section.model_fields)
