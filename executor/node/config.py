"""A node's configuration: one TOML file, unknown keys refused, every default finite."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from executor.errors import InvalidConfig

MAX_CONFIG_BYTES = 65_536
AddressText = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]


class NodeConfig(BaseModel):
    """Paths are relative to the file's own folder. Times in seconds, sizes in bytes.

    `http_overrides` maps host names to `address:port`, like a hosts file: what stands there is exempt from the check
    against private addresses, because the operator wrote it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operator: AddressText
    chain_id: Annotated[int, Field(gt=0)]
    router: AddressText
    rpc_urls: Annotated[list[str], Field(min_length=1, max_length=8)]
    start_block: Annotated[int, Field(ge=0)] = 0
    confirmations: Annotated[int, Field(ge=0, le=1000)] | Literal["finalized"] = 1
    poll_interval_s: Annotated[float, Field(ge=0.02, le=60)] = 1.0
    host: str = "127.0.0.1"
    port: Annotated[int, Field(gt=0, lt=65536)]
    data: Path = Path("data")
    compiled: Path = Path("compiled")
    signer_socket: Path = Path("signer.sock")
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    watchdog_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    require_confinement: bool = False
    collect_delay_s: Annotated[float, Field(gt=0, le=60)] = 0.4
    scheme: Literal["ecdsa", "bls"] | None = None
    max_functions: Annotated[int, Field(ge=1)] = 1_000
    max_function_bytes: Annotated[int, Field(ge=1)] = 268_435_456
    http_overrides: dict[str, str] = {}


def read_config(path: Path) -> NodeConfig:
    """The configuration in a file; raises InvalidConfig naming file and key."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidConfig(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_CONFIG_BYTES:
        raise InvalidConfig(f"{path}: {len(raw)} bytes, the limit is {MAX_CONFIG_BYTES}")
    try:
        config = NodeConfig.model_validate(tomllib.loads(raw.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfig(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InvalidConfig(f"{path}: {key}: {first['msg']}") from error
    folder = path.resolve().parent
    return config.model_copy(
        update={name: folder / getattr(config, name) for name in ("data", "compiled", "signer_socket")}
    )
