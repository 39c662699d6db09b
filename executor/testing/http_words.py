"""The messages of http@1 in words for people: without their framing, bodies before headers."""

from __future__ import annotations

import json
from typing import Final

from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import decode_request, decode_requests, decode_response

MAX_SHOWN: Final = 64  # requests of one call; a run makes ten at most


def asked(operation: str, request: bytes) -> str | None:
    """What a guest's call asks for: methods and URLs; None for anything else, malformed messages among it."""
    try:
        match operation:
            case "http.fetch":
                return _asked_one(request)
            case "http.fetch_many":
                return ", ".join(map(_asked_one, decode_requests(request, limit=MAX_SHOWN)))
    except CallRefused:
        pass  # shown as bytes
    return None


def answered(operation: str, answer: bytes) -> str | None:
    """What it got: status, body and headers of each response, or its error code; None for anything else."""
    try:
        match operation:
            case "http.fetch":
                return _answered_one(answer)
            case "http.fetch_many":
                return " | ".join(_parts(answer))
    except (CallRefused, IndexError, UnicodeDecodeError):
        pass  # an error code, or an adapter of somebody's own
    return None


def _asked_one(message: bytes) -> str:
    request = decode_request(message)
    return f"{request.method} {request.url}"


def _answered_one(message: bytes) -> str:
    status, headers, body = decode_response(message)
    return f"{status} {body.decode('utf-8', 'backslashreplace')} {json.dumps(headers, ensure_ascii=False)}"


def _parts(answer: bytes) -> list[str]:
    return [f"error {data.decode('ascii')}" if failed else _answered_one(data) for failed, data in parts_of(answer)]


def parts_of(answer: bytes) -> list[tuple[bool, bytes]]:
    """The items of docs/wire.md §5: whether it is an error code, and the bytes. Raises IndexError."""
    parts, at = [], 4
    for _ in range(int.from_bytes(answer[:4], "little")):
        failed, end = answer[at], at + 5 + int.from_bytes(answer[at + 1 : at + 5], "little")
        parts.append((bool(failed), answer[at + 5 : end]))
        at = end
    return parts
