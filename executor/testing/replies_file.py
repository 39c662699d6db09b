"""A file of replies, for `executor run --replies` and `replies` of check.toml.

By URL, or by what is asked of a chain (evm_replies.py): {"https://api.example.com/a": {"status": 200, "headers": {},
"body": "{}"}}, or {"error": "http-tls"} for what does not answer. A body that is no text stands in `body_hex`.
`request.block` is where a recorded run's request stood; `executor run` puts it there again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from executor.capabilities.errors import CODES
from executor.errors import InvalidConfig
from executor.model.codec import MAX_INTEGER
from executor.model.ids import Digest
from executor.model.request import Request
from executor.testing.json_text import parse_json
from executor.testing.replies import Reply

PLACE: Final = "request.block"
MAX_FILE_BYTES: Final = 16 * 1024 * 1024  # a hundred times the largest recorded by hand


class _Written(BaseModel):
    """What a URL answers, as the file has it: a response, or an error code."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[str, str] = {}
    body: str = ""
    body_hex: Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$")] | None = None
    error: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> _Written:
        if self.error is None:
            if {"body", "body_hex"} <= self.model_fields_set:
                raise ValueError("body and body_hex: one of both")
            return self
        if self.model_fields_set != {"error"}:
            raise ValueError("an error stands alone")
        if self.error not in CODES:
            near = get_close_matches(self.error, sorted(CODES), n=1, cutoff=0.4)
            raise ValueError(
                f"no node answers with the error {self.error!r}" + (f"; did you mean {near[0]}?" if near else "")
            )
        return self

    def reply(self) -> Reply:
        """The reply that is written here."""
        body = self.body.encode("utf-8") if self.body_hex is None else bytes.fromhex(self.body_hex[2:])
        return Reply(self.status, self.headers, body, self.error or "")


class Place(BaseModel):
    """The block that a request was made at."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    chain_id: Annotated[int, Field(ge=0, le=MAX_INTEGER)]
    number: Annotated[int, Field(ge=0, le=MAX_INTEGER)]
    timestamp: Annotated[int, Field(ge=0, le=MAX_INTEGER)]
    parent_hash: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]

    @classmethod
    def of(cls, request: Request) -> Place:
        """Where a request stands."""
        return cls(
            chain_id=request.chain_id,
            number=request.block_number,
            timestamp=request.block_timestamp,
            parent_hash=str(request.parent_hash),
        )

    def placed(self, request: Request) -> Request:
        """The request, standing here."""
        return replace(
            request,
            chain_id=self.chain_id,
            block_number=self.number,
            block_timestamp=self.timestamp,
            parent_hash=Digest.from_hex(self.parent_hash),
        )


_FILE: Final = TypeAdapter(dict[str, _Written])
_PLACE: Final = TypeAdapter(dict[Literal["request.block"], Place])


def read_replies(file: Path) -> dict[str, Reply]:
    """The replies in a file, by URL; raises InvalidConfig naming what is wrong."""
    return read_recorded(file)[0]


def read_recorded(file: Path) -> tuple[dict[str, Reply], Place | None]:
    """The same, and where the recorded run's request stood, if the file says it."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidConfig(f"{file}: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise InvalidConfig(f"{file} has more than {MAX_FILE_BYTES} bytes")
    try:
        plain = parse_json(data)
        place = {PLACE: plain.pop(PLACE)} if isinstance(plain, dict) and PLACE in plain else {}
        written = _FILE.validate_python(plain)
        stood = _PLACE.validate_python(place).get(PLACE)
        return {url: each.reply() for url, each in written.items()}, stood
    except ValidationError as error:
        raise InvalidConfig(f"{file}: {_explain(error)}") from error
    except ValueError as error:
        raise InvalidConfig(f"{file}: not JSON: {error}") from error


def write_replies(file: Path, replies: Mapping[str, Reply], place: Place | None = None) -> None:
    """Writes a file that `read_recorded` reads; raises InvalidConfig."""
    plain = {} if place is None else {PLACE: place.model_dump()}
    plain |= {url: _plain(reply) for url, reply in sorted(replies.items())}
    try:
        file.write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidConfig(f"{file}: {error.strerror}") from error


def check_target(file: Path) -> None:
    """Raises InvalidConfig where `write_replies` could not write, before a run asks anybody anything."""
    place = file if file.exists() else file.parent
    fits = file.is_file() if file.exists() else place.is_dir()
    if not fits or not os.access(place, os.W_OK if file.exists() else os.W_OK | os.X_OK):
        raise InvalidConfig(f"{file}: no file can be written there; nothing was run")


def _plain(reply: Reply) -> dict[str, object]:
    if reply.error:
        return {"error": reply.error}
    head = {"status": reply.status, "headers": dict(sorted(reply.headers.items()))}
    try:
        return {**head, "body": reply.body.decode("utf-8")}
    except UnicodeDecodeError:
        return {**head, "body_hex": f"0x{reply.body.hex()}"}


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ": ".join(str(part) for part in first["loc"])
    match first["type"]:
        case "dict_type" if not where:
            return "not an object of replies by URL"
        case "model_type":
            return f"{where}: not an object with status, headers and body, or with error"
        case "extra_forbidden":
            near = get_close_matches(str(first["loc"][-1]), list(_Written.model_fields), n=1)
            return f"{where}: unknown key" + (f"; did you mean {near[0]}?" if near else "")
        case "value_error":
            return f"{where}: {first['ctx']['error']}"
        case _:
            return f"{where}: {first['msg']}"
