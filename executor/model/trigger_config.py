"""What exactly starts a trigger: the `config` of its registration, canonical JSON (docs/triggers.md)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from typing import Final as Constant

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from executor.errors import InvalidEncoding, InvalidTrigger
from executor.model.codec import MAX_INTEGER, decode_json, encode_json
from executor.model.cron import MAX_TEXT, Schedule, parse_schedule
from executor.model.ids import Address, Digest
from executor.model.trigger import TriggerKind

MAX_CONFIG_BYTES: Constant = 4_096  # contracts/src/Triggers.sol
MAX_BODY_BYTES: Constant = 16_384  # with a registration's longest input, both in hex, it fits a guest's 65,536 bytes
# A finalized block is some 15 minutes old on Ethereum; two hours also outlast its longest stall of finality so far.
LIFETIME_S: Constant = 7_200


def _schedule(text: str) -> str:
    parse_schedule(text)
    return text


AddressText = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$")]
DigestText = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
CatchUp = Annotated[int, Field(ge=0, le=100)]  # what a committee runs at once when it returns is bounded


class _Config(BaseModel):
    """What every kind may say: how long an event can be delivered, and how many there are an hour at most."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    lifetime_s: Annotated[int, Field(ge=60, le=86_400)] = LIFETIME_S
    per_hour: Annotated[int, Field(ge=1, le=3_600)] = 120

    def canonical(self) -> bytes:
        """As it is registered; what has its default is left out."""
        return encode_json(self.model_dump(mode="json", exclude_defaults=True))


class LogConfig(_Config):
    """Events of these contracts; topic place i must be one of topics[i], and an empty list takes any."""

    addresses: Annotated[list[AddressText], Field(min_length=1, max_length=16)]
    topics: Annotated[list[Annotated[list[DigestText], Field(max_length=16)]], Field(max_length=4)] = []
    chain_id: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    confirmations: Annotated[int, Field(ge=0, le=1_000)] | Literal["finalized"] = "finalized"

    def matches(self, address: Address, topics: tuple[Digest, ...]) -> bool:
        """Whether a log is meant."""
        if str(address) not in self.addresses or len(topics) < len(self.topics):
            return False
        return all(not wanted or str(topic) in wanted for wanted, topic in zip(self.topics, topics, strict=False))


class CronConfig(_Config):
    """A clock; `catch_up` of the ticks that nobody ran are run later, the latest of them."""

    per_hour: Annotated[int, Field(ge=1, le=3_600)] = 3_600
    schedule: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_schedule)]
    catch_up: CatchUp = 0

    @property
    def times(self) -> Schedule:
        """The schedule, parsed."""
        return parse_schedule(self.schedule)


class BlockConfig(_Config):
    """Every block of the home chain whose number is a multiple of `every`."""

    per_hour: Annotated[int, Field(ge=1, le=3_600)] = 3_600
    every: Annotated[int, Field(ge=1, le=10_000_000)]
    catch_up: CatchUp = 0


class HttpConfig(_Config):
    """A POST that one of the signers signed."""

    signers: Annotated[list[AddressText], Field(min_length=1, max_length=64)]
    body_bytes: Annotated[int, Field(ge=0, le=MAX_BODY_BYTES)] = 8_192


TriggerConfig: TypeAlias = LogConfig | CronConfig | BlockConfig | HttpConfig
KINDS: Constant[dict[TriggerKind, type[LogConfig] | type[CronConfig] | type[BlockConfig] | type[HttpConfig]]] = {
    TriggerKind.LOG: LogConfig,
    TriggerKind.CRON: CronConfig,
    TriggerKind.BLOCK: BlockConfig,
    TriggerKind.HTTP: HttpConfig,
}


def parse_trigger_config(kind: TriggerKind, config: bytes) -> TriggerConfig:
    """The config of a registration of this kind; raises InvalidTrigger naming the first wrong key."""
    try:
        plain = decode_json(config, limit=MAX_CONFIG_BYTES)
        return KINDS[kind].model_validate(plain)
    except InvalidEncoding as error:
        raise InvalidTrigger(f"config: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "config"
        raise InvalidTrigger(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error
