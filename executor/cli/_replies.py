"""http@1 answered from a file instead of the network, under the same allow-list, for repeatable local runs.

The file, by URL: {"https://api.example.com/a": {"status": 200, "headers": {}, "body": "{}"}}, or {"error": "http-tls"}
for a URL that does not answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from executor.errors import InvalidConfig
from executor.testing.json_text import parse_json
from executor.testing.replies import RepliedHttp, Reply

__all__ = ["RepliedHttp", "Reply", "read_replies"]

MAX_REPLIES_BYTES = 16 * 1024 * 1024


class _Written(BaseModel):
    """What a URL answers, as the file has it: a response, or an error code."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[str, str] = {}
    body: str = ""
    error: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> _Written:
        if self.error is not None and self.model_fields_set != {"error"}:
            raise ValueError("an error stands alone")
        return self

    def reply(self) -> Reply:
        """The reply that is written here."""
        return Reply(self.status, self.headers, self.body.encode("utf-8"), self.error or "")


def read_replies(path: Path) -> dict[str, Reply]:
    """The replies in a file, by URL; raises InvalidConfig naming what is wrong."""
    try:
        data = path.read_bytes()
        if len(data) > MAX_REPLIES_BYTES:
            raise InvalidConfig(f"{path} has {len(data)} bytes, the limit is {MAX_REPLIES_BYTES}")
        written = TypeAdapter(dict[str, _Written]).validate_python(parse_json(data))
    except OSError as error:
        raise InvalidConfig(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidConfig(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise InvalidConfig(f"{path}: not JSON: {error}") from error
    return {url: each.reply() for url, each in written.items()}
