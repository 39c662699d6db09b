"""What to check a function with: `check.toml` beside `function.toml`. It is no part of the function, nor of its id.

inputs = ["7", "0x2a", "@input.json"]   # examples: text, 0x-hex or a file
replies = "replies.json"                # an example reply for each URL, as `executor run --replies` takes them
steady = ["version"]                    # fields and headers that never differ from node to node
allow = ["error-as-value"]              # findings that are meant
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from executor.errors import InvalidConfig
from executor.model.profile import PROFILE
from executor.testing.checking.findings import Kind
from executor.testing.replies import World
from executor.testing.replies_file import MAX_FILE_BYTES, read_replies

CHECK_FILE = "check.toml"


@dataclass(frozen=True, slots=True)
class Plan:
    """Examples and settings of one check; without `replies`, replies are guessed."""

    inputs: tuple[bytes, ...] = ()
    replies: World | None = None
    steady: frozenset[str] = frozenset()
    allow: frozenset[Kind] = frozenset()
    seed: int = 0
    examples: int = 300
    seconds: float = 10.0

    def __post_init__(self) -> None:
        for data in self.inputs:
            if len(data) > PROFILE.ceilings.input_bytes:
                raise InvalidConfig(f"an input has {len(data)} bytes, the limit is {PROFILE.ceilings.input_bytes}")
        if self.examples < 1 or not self.seconds > 0:
            raise InvalidConfig("examples and seconds are more than zero")


class _Written(BaseModel):
    """check.toml as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    inputs: list[str] = Field(default=[])
    replies: Annotated[str, Field(min_length=1)] | None = None
    steady: list[str] = Field(default=[])
    allow: list[str] = Field(default=[])


def read_plan(folder: Path) -> Plan:
    """The plan in a function's folder, empty where there is no check.toml; raises InvalidConfig naming the key."""
    file = folder / CHECK_FILE
    if not file.exists():
        return Plan()
    try:
        written = _Written.model_validate(tomllib.loads(_read(file).decode("utf-8")))
        return Plan(
            inputs=tuple(read_input(text, folder) for text in written.inputs),
            replies=None if written.replies is None else read_replies(folder / written.replies),
            steady=frozenset(written.steady),
            allow=frozenset(_kind(name) for name in written.allow),
        )
    except ValidationError as error:
        raise InvalidConfig(f"{file}: {_explain(error)}") from error
    except (InvalidConfig, ValueError) as error:
        raise InvalidConfig(f"{file}: {error}") from error


def read_input(text: str, folder: Path) -> bytes:
    """Input bytes of 0x-hex, @FILE or text; raises InvalidConfig."""
    if text.startswith("@"):
        return _read(folder / text[1:])
    try:
        return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode("utf-8")
    except ValueError as error:
        raise InvalidConfig(f"input {text}: 0x is followed by pairs of hex digits") from error


def _kind(name: str) -> Kind:
    if name not in set(Kind):
        near = get_close_matches(name, list(Kind), n=1)
        raise InvalidConfig(f"allow: unknown finding {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return Kind(name)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidConfig(f"{file}: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise InvalidConfig(f"{file} has more than {MAX_FILE_BYTES} bytes")
    return data


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']}" if where else first["msg"]
    near = get_close_matches(str(first["loc"][-1]), list(_Written.model_fields), n=1)
    return f"{where}: unknown key" + (f"; did you mean {near[0]}?" if near else "")


__all__ = ["CHECK_FILE", "Plan", "read_input", "read_plan"]
