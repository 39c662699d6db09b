"""The bytes of http@1 messages (docs/wire.md §5).

Rule 1. A message is `length of head (u32 LE) ++ head (JSON) ++ body`; a list is `count`, then length-prefixed messages.
Rule 2. A request's head has `url`, and may have `method` and `headers`; anything else is refused by name.
Rule 3. Headers that belong to the connection are the node's own and cannot be set.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from executor.capabilities.errors import CallRefused
from executor.model.codec import Json, check_nesting

MAX_HEAD_BYTES = 32_768  # a URL, 64 headers and room to spare
MAX_URL = 8_190  # what common servers accept in a request line
MAX_HEADERS = 64
MAX_HEADER_BYTES = 16_384
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 §5.5, without control characters
RESERVED_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer"}
    | {"proxy-authorization", "proxy-connection", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as the guest wrote it; header names are lower case."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def decode_request(message: bytes) -> HttpRequest:
    """The request in a message; raises CallRefused("http-bad-request") naming what is wrong."""
    head, body = _split(message)
    if unknown := sorted(set(head) - {"url", "method", "headers"}):
        raise _bad(f"unknown field {unknown[0]!r} in the head")
    url, method = head.get("url"), head.get("method", "GET")
    if not isinstance(url, str) or not 0 < len(url) <= MAX_URL or re.search(r"[\x00-\x20\x7f\\]", url):
        raise _bad(f"url is a string of at most {MAX_URL} characters without spaces, backslashes or control characters")
    if not isinstance(method, str):
        raise _bad("method is a string")
    return HttpRequest(url, method, _headers(head.get("headers", {})), body)


def decode_requests(data: bytes, *, limit: int) -> list[bytes]:
    """The messages of a list; raises CallRefused("http-too-many") over `limit`, "http-bad-request" when malformed."""
    count, at = _u32(data, 0), 4
    if count > limit:
        raise CallRefused("http-too-many", f"{count} requests in one call, {limit} are left in this run")
    messages = []
    for _ in range(count):
        length = _u32(data, at)
        at += 4
        if length > len(data) - at:
            raise _bad("a message is longer than what is left of the list")
        messages.append(data[at : at + length])
        at += length
    if at != len(data):
        raise _bad(f"{len(data) - at} bytes after the last message")
    return messages


def encode_request(request: HttpRequest) -> bytes:
    """The message of a request."""
    return _join({"method": request.method, "url": request.url, "headers": dict(request.headers)}, request.body)


def encode_response(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """The message of a response; header names are lower case already."""
    return _join({"status": status, "headers": dict(headers)}, body)


def decode_response(message: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a response message."""
    head, body = _split(message)
    return head["status"], head["headers"], body


def encode_requests(messages: Sequence[bytes]) -> bytes:
    """The list of request messages that `http.fetch_many` takes."""
    return _prefix(len(messages)) + b"".join(_prefix(len(message)) + message for message in messages)


def encode_responses(answers: Sequence[bytes | CallRefused]) -> bytes:
    """The list that `http.fetch_many` answers: each a message, or an error code."""
    parts = [_prefix(len(answers))]
    for answer in answers:
        status, data = (1, answer.code.encode("ascii")) if isinstance(answer, CallRefused) else (0, answer)
        parts += [bytes([status]), _prefix(len(data)), data]
    return b"".join(parts)


def _headers(plain: object) -> dict[str, str]:
    if not isinstance(plain, dict) or len(plain) > MAX_HEADERS:
        raise _bad(f"headers is an object of at most {MAX_HEADERS} members")
    headers: dict[str, str] = {}
    for name, value in plain.items():
        lower = name.lower()
        if not _TOKEN.fullmatch(name) or lower in RESERVED_HEADERS:
            raise _bad(f"the header {name!r} is malformed or belongs to the connection")
        if lower in headers:
            raise _bad(f"the header {lower!r} appears twice")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise _bad(f"the value of header {name!r} is no string of printable Latin-1 characters")
        headers[lower] = value
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADER_BYTES:
        raise _bad(f"the headers have more than {MAX_HEADER_BYTES} bytes")
    return headers


def _split(message: bytes) -> tuple[dict[str, Json], bytes]:
    length = _u32(message, 0)
    if length > MAX_HEAD_BYTES or length > len(message) - 4:
        raise _bad(f"the head's length {length} is over {MAX_HEAD_BYTES} or over the message's")
    try:
        text = message[4 : 4 + length].decode("utf-8")
        check_nesting(text)
        head = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _bad(f"the head is not JSON: {error}") from error
    if not isinstance(head, dict):
        raise _bad("the head is not an object")
    return head, message[4 + length :]


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    plain = dict(pairs)
    if len(plain) != len(pairs):
        raise ValueError("a key appears twice")
    return plain


def _join(head: object, body: bytes) -> bytes:
    encoded = json.dumps(head, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")
    return _prefix(len(encoded)) + encoded + body


def _prefix(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _u32(data: bytes, at: int) -> int:
    if len(data) - at < 4:
        raise _bad("the message ends inside a length")
    return int.from_bytes(data[at : at + 4], "little")


def _bad(detail: str) -> CallRefused:
    return CallRefused("http-bad-request", detail)
