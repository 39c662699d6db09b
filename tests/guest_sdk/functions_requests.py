"""Requests as Chainlink's FunctionsRequest.sol encodes them, and the function of guest-sdk/compat as members run it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from executor.cli._chainlink import OwnerTerms, source_of

from .harness import CONTEXT, Answer, Guest, Run

INLINE, REMOTE, DON_HOSTED = 0, 1, 2
SUBSCRIPTION = CONTEXT["subscription"]


def head(major: int, length: int) -> bytes:
    """A CBOR head in its shortest form."""
    if length < 24:
        return bytes([major << 5 | length])
    size = next(size for size in (1, 2, 4, 8) if length < 1 << 8 * size)
    return bytes([major << 5 | 23 + size.bit_length()]) + length.to_bytes(size, "big")


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return head(3, len(data)) + data


def raw(value: bytes) -> bytes:
    return head(2, len(value)) + value


def number(value: int) -> bytes:
    """A bignum of 32 bytes, as the library writes them all."""
    return b"\xc2" + raw(value.to_bytes(32, "big"))


def listed(items: list[bytes]) -> bytes:
    return b"\x9f" + b"".join(items) + b"\xff"


def encoded(
    source: str,
    *,
    args: tuple[str, ...] = (),
    bytes_args: tuple[bytes, ...] = (),
    secrets: tuple[int, bytes] | None = None,
) -> bytes:
    """What `FunctionsRequest.encodeCBOR` gives: keys and values, and no map around them."""
    parts = [text("codeLocation"), number(INLINE), text("language"), number(0), text("source"), text(source)]
    if args:
        parts += [text("args"), listed([text(each) for each in args])]
    if secrets is not None:
        parts += [text("secretsLocation"), number(secrets[0]), text("secrets"), raw(secrets[1])]
    if bytes_args:
        parts += [text("bytesArgs"), listed([raw(each) for each in bytes_args])]
    return b"".join(parts)


def message(plain: Mapping[str, Any], body: bytes = b"") -> bytes:
    """An http message (docs/wire.md §5)."""
    data = json.dumps(plain).encode()
    return struct.pack("<I", len(data)) + data + body


@dataclass
class Web:
    """Servers by URL: status, headers and body, or an error code; and what was asked of them, call by call."""

    pages: dict[str, tuple[int, dict[str, str], bytes] | str] = field(default_factory=dict)
    asked: list[list[tuple[dict[str, Any], bytes]]] = field(default_factory=list)

    def fetch_many(self, data: bytes) -> Answer:
        """One call of `http.fetch_many`."""
        (count,) = struct.unpack_from("<I", data)
        at, asked = 4, []
        for _ in range(count):
            (size,) = struct.unpack_from("<I", data, at)
            part = data[at + 4 : at + 4 + size]
            (length,) = struct.unpack_from("<I", part)
            asked.append((json.loads(part[4 : 4 + length]), part[4 + length :]))
            at += 4 + size
        self.asked.append(asked)
        answers = [self._answer(str(plain["url"])) for plain, _ in asked]
        framed = (struct.pack("<BI", status, len(part)) + part for status, part in answers)
        return 0, struct.pack("<I", len(answers)) + b"".join(framed)

    def _answer(self, url: str) -> Answer:
        page = self.pages.get(url, "http-connect")
        if isinstance(page, str):
            return 1, page.encode()
        status, headers, body = page
        return 0, message({"status": status, "headers": headers}, body)


@dataclass
class Committee:
    """Runs the function as members do: looks, agrees with itself, and runs again."""

    quickjs: Guest
    terms: OwnerTerms = field(default_factory=lambda: OwnerTerms("test"))
    web: Web = field(default_factory=Web)
    secrets: dict[str, str] = field(default_factory=dict)

    def look(self, request: bytes, **options: Any) -> Run:
        """What one member proposes."""
        return self._run(request, observing=True, **options)

    def agree(self, request: bytes, *entries: Answer) -> Run:
        """How the run ends once these entries are agreed on."""
        return self._run(request, transcript=list(entries))

    def ask(self, request: bytes | str) -> tuple[str, bytes]:
        """How the run of a request ends, when all members see the same."""
        data = encoded(request) if isinstance(request, str) else request
        seen = self.look(data)
        if seen.ending != "proposed":
            return seen.ending, seen.output
        ended = self.agree(data, (seen.kind, seen.output))
        return ended.ending, ended.output

    def _run(self, request: bytes, **options: Any) -> Run:
        calls: dict[str, Callable[[bytes], Answer]] = {
            "http.fetch_many": self.web.fetch_many, "secrets.get": self._secret, "crypto.keccak256": keccak,
        }  # fmt: skip
        return self.quickjs.run(source_of(self.terms), request, calls=calls, **options)

    def _secret(self, name: bytes) -> Answer:
        value = self.secrets.get(name.decode())
        return (1, b"secret-missing") if value is None else (0, value.encode())


def keccak(data: bytes) -> Answer:
    """The operation of that name."""
    from executor.crypto.digests import keccak256

    return 0, bytes(keccak256(data))
