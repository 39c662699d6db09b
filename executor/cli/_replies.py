"""http@1 answered from a file instead of the network, under the same allow-list, for repeatable local runs.

The file, by URL: {"https://api.example.com/a": {"status": 200, "headers": {}, "body": "{}"}}, or {"error": "http-tls"}
for a URL that does not answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from yarl import URL

from executor.capabilities.allowlist import AllowList
from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import decode_request, decode_requests, encode_response, encode_responses
from executor.errors import InvalidConfig
from executor.model.manifest import HttpCapability as HttpTerms
from executor.vm import Answer, Refusal, Response

MAX_REPLIES_BYTES = 16 * 1024 * 1024


class Reply(BaseModel):
    """What a URL answers: a response, or an error code."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[str, str] = {}
    body: str = ""
    error: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Reply:
        if self.error is not None and self.model_fields_set != {"error"}:
            raise ValueError("an error stands alone")
        return self


def read_replies(path: Path) -> dict[str, Reply]:
    """The replies in a file, by URL; raises InvalidConfig naming what is wrong."""
    try:
        data = path.read_bytes()
        if len(data) > MAX_REPLIES_BYTES:
            raise InvalidConfig(f"{path} has {len(data)} bytes, the limit is {MAX_REPLIES_BYTES}")
        return TypeAdapter(dict[str, Reply]).validate_python(json.loads(data))
    except OSError as error:
        raise InvalidConfig(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidConfig(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise InvalidConfig(f"{path}: not JSON: {error}") from error


@dataclass(frozen=True, slots=True)
class RepliedHttp:
    """The capability over these replies; a URL without one is refused as `http-connect`."""

    terms: HttpTerms
    replies: dict[str, Reply] = field(repr=False)

    async def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        try:
            if operation == "http.fetch":
                return Answer(self._fetch(request))
            return Answer(encode_responses([self._one(message) for message in decode_requests(request, limit=64)]))
        except CallRefused as refused:
            return Refusal(refused.code)

    def _one(self, message: bytes) -> bytes | CallRefused:
        try:
            return self._fetch(message)
        except CallRefused as refused:
            return refused

    def _fetch(self, message: bytes) -> bytes:
        request, allowed = decode_request(message), AllowList(self.terms)
        if not allowed.allows_method(request.method):
            raise CallRefused("http-method-not-allowed", request.method)
        try:
            url = URL(request.url)
        except ValueError as error:
            raise CallRefused("http-bad-request", str(error)) from error
        if not allowed.allows_url(url):
            raise CallRefused("http-host-not-allowed", request.url)
        reply = self.replies.get(request.url)
        if reply is None:
            raise CallRefused("http-connect", f"no reply for {request.url}")
        if reply.error is not None:
            raise CallRefused(reply.error, request.url)
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return encode_response(reply.status, headers, reply.body.encode("utf-8"))
