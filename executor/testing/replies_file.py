"""A file of replies, for `executor run --replies` and `replies` of check.toml.

By URL, or by what is asked of a chain (evm_replies.py): {"https://api.example.com/a": {"status": 200, "headers": {},
"body": "{}"}}, or {"error": "http-tls"} for what does not answer.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from executor.capabilities.errors import CODES
from executor.errors import InvalidConfig
from executor.testing.json_text import parse_json
from executor.testing.replies import Reply

MAX_FILE_BYTES: Final = 16 * 1024 * 1024  # a hundred times the largest recorded by hand


class _Written(BaseModel):
    """What a URL answers, as the file has it: a response, or an error code."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[str, str] = {}
    body: str = ""
    error: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> _Written:
        if self.error is None:
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
        return Reply(self.status, self.headers, self.body.encode("utf-8"), self.error or "")


_FILE: Final = TypeAdapter(dict[str, _Written])


def read_replies(file: Path) -> dict[str, Reply]:
    """The replies in a file, by URL; raises InvalidConfig naming what is wrong."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise InvalidConfig(f"{file} has more than {MAX_FILE_BYTES} bytes")
        written = _FILE.validate_python(parse_json(data))
        return {url: each.reply() for url, each in written.items()}
    except OSError as error:
        raise InvalidConfig(f"{file}: {error.strerror}") from error
    except ValidationError as error:
        raise InvalidConfig(f"{file}: {_explain(error)}") from error
    except ValueError as error:
        raise InvalidConfig(f"{file}: not JSON: {error}") from error


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ": ".join(str(part) for part in first["loc"])
    match first["type"]:
        case "dict_type" if not where:
            return "not an object of replies by URL"
        case "extra_forbidden":
            near = get_close_matches(str(first["loc"][-1]), list(_Written.model_fields), n=1)
            return f"{where}: unknown key" + (f"; did you mean {near[0]}?" if near else "")
        case "value_error":
            return f"{where}: {first['ctx']['error']}"
        case _:
            return f"{where}: {first['msg']}"
