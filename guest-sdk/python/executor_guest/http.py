"""HTTP, only inside observe; the wire format is docs/wire.md §5. Calls answer at once: there is nothing to await."""

from __future__ import annotations

import json as _json
import struct
from builtins import bytes as _bytes
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NoReturn, TypeAlias, TypedDict

from executor_guest._bytes import Bytes, bytes_of, encode_text, kind_of
from executor_guest._calls import live
from executor_guest._errors import CapabilityError

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
_OPTIONS = ("url", "method", "headers", "body", "json")


class _Url(TypedDict):
    url: str


class Asked(_Url, total=False):
    """A request of fetch_many."""

    method: Method
    headers: Mapping[str, str]
    body: str | Bytes
    json: Any


class Response:
    """A server's answer. Whatever its status, it is an answer: look at .ok or .status.

    In fetch_many's list also the place of a request that got none: then .ok is False, .status 0, and reading it raises
    .error.
    """

    __slots__ = ("_body", "error", "headers", "status")

    status: int
    """0 when there was no answer (fetch_many only)."""
    headers: Mapping[str, str]
    """Names in lower case."""
    error: CapabilityError | None

    def __init__(
        self, status: int, headers: Mapping[str, str], body: _bytes, error: CapabilityError | None = None
    ) -> None:
        self.status, self.headers, self._body, self.error = status, headers, body, error

    def __repr__(self) -> str:
        return f"<Response {self.status or self.error}>"

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def bytes(self) -> _bytes:
        """The body."""
        if self.error is not None:
            raise self.error
        return self._body

    def text(self) -> str:
        """The body as UTF-8; what is none becomes U+FFFD."""
        return self.bytes().decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; raises ValueError if it is none, NaN and Infinity among that."""
        return _json.loads(self.text(), parse_constant=_refuse)


def get(url: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Ask for a url; raises CapabilityError where there was no answer."""
    return fetch(url, headers=headers)


def post(
    url: str, *, body: str | Bytes | None = None, json: Any = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Send a body, or a value as JSON."""
    return fetch(url, method="POST", body=body, json=json, headers=headers)


def fetch(
    url: str,
    *,
    method: Method = "GET",
    headers: Mapping[str, str] | None = None,
    body: str | Bytes | None = None,
    json: Any = None,
) -> Response:
    """Any request; raises CapabilityError, whose code says why there was no answer."""
    return _response(live("http.fetch", _request(url, method, headers, body, json)))


def fetch_many(requests: Iterable[str | Asked]) -> list[Response]:
    """All at once; the list has the order of the requests, each a url or {"url": …, "method": …}."""
    messages = [_request_of(each) for each in requests]
    framed = b"".join([struct.pack("<I", len(message)) + message for message in messages])
    answer = live("http.fetch_many", struct.pack("<I", len(messages)) + framed)
    (count,), at, found = struct.unpack_from("<I", answer), 4, []
    for _ in range(count):
        failed, size = struct.unpack_from("<BI", answer, at)
        at += 5
        part = answer[at : at + size]
        at += size
        found.append(_no_response(part) if failed else _response(part))
    return found


def _request_of(asked: str | Asked) -> bytes:
    if isinstance(asked, str):
        return _request(asked)
    if not isinstance(asked, Mapping):
        raise TypeError(f"fetch_many takes urls and dicts with a url, not {kind_of(asked)}")
    if unknown := [name for name in asked if name not in _OPTIONS]:
        raise TypeError(f"http has no option {unknown[0]!r} ({', '.join(_OPTIONS)})")
    return _request(
        asked.get("url"), asked.get("method", "GET"), asked.get("headers"), asked.get("body"), asked.get("json")
    )


def _request(
    url: object,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str | Bytes | None = None,
    json: Any = None,
) -> bytes:
    if not isinstance(url, str):
        raise TypeError(f"a url must be text, not {kind_of(url)}")
    fields = dict(headers or {})
    if json is not None:
        if body is not None:
            raise TypeError("a request has either body or json")
        body = _json.dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        if "content-type" not in {name.lower() for name in fields}:
            fields["content-type"] = "application/json"
    head = {"method": method, "url": url, "headers": fields}
    encoded = encode_text(_json.dumps(head, ensure_ascii=False, separators=(",", ":")))
    return struct.pack("<I", len(encoded)) + encoded + _body(body)


def _body(body: str | Bytes | None) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return encode_text(body)
    found = bytes_of(body)
    if found is None:
        raise TypeError(f"a body must be text or bytes, not {kind_of(body)}: give json= instead")
    return found


def _response(message: bytes) -> Response:
    (length,) = struct.unpack_from("<I", message)
    if length > len(message) - 4:
        raise ValueError("an http message is shorter than its head")
    head = _json.loads(message[4 : 4 + length])
    return Response(head["status"], head["headers"], message[4 + length :])


def _no_response(code: bytes) -> Response:
    return Response(0, {}, b"", CapabilityError("http.fetch_many", code.decode("utf-8", "replace")))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
