"""A function that runs the sources of Chainlink Functions for one owner: manifest, and the owner's terms in the code.

The code is guest-sdk/compat/src/function.js, as it is, but for the JSON between its two `/* terms */`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from executor.errors import InvalidConfig

SOURCE: Final = Path("src") / "function.js"
CHECK: Final = Path("check.toml")
MARK: Final = "/* terms */"
FUNCTIONS_LIMIT: Final = 4_096  # ChainlinkFunctionsRouter.MAX_OUTPUT
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_TEMPLATES: Final = (_PACKAGE / "sdk" / "compat", _PACKAGE.parent / "guest-sdk" / "compat")  # in a wheel; in a checkout
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class OwnerTerms:
    """What an owner lets sources do. `secrets`: what a source calls one, and its name in the manifest."""

    name: str
    hosts: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET",)
    secrets: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    subscriptions: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()
    median: bool = False
    request_bytes: int = 30_720
    return_bytes: int = 256
    requests: int = 5

    def __post_init__(self) -> None:
        if self.secrets and not self.subscriptions:
            raise InvalidConfig(
                "--secret needs --subscription: a request brings its own source, and anyone's could tell the secrets"
            )
        if self.secrets and self.owner is None:
            raise InvalidConfig("--secret needs --owner: the account that will put the secrets")
        if self.owner is not None and not self.secrets:
            raise InvalidConfig("--owner without --secret: only secrets have an owner")


def request_of(source: str, args: Sequence[str] = (), bytes_args: Sequence[bytes] = ()) -> bytes:
    """What `FunctionsRequest.encodeCBOR` gives for an inline source: keys and values, and no map around them."""
    parts = [*_pair("codeLocation", _number(0)), *_pair("language", _number(0)), *_pair("source", _text(source))]
    if args:
        parts += _pair("args", b"\x9f" + b"".join(_text(each) for each in args) + b"\xff")
    if bytes_args:
        parts += _pair("bytesArgs", b"\x9f" + b"".join(_bytes(each) for each in bytes_args) + b"\xff")
    return b"".join(parts)


def _pair(key: str, value: bytes) -> list[bytes]:
    return [_text(key), value]


def _text(value: str) -> bytes:
    data = value.encode("utf-8")
    return _head(3, len(data)) + data


def _bytes(value: bytes) -> bytes:
    return _head(2, len(value)) + value


def _number(value: int) -> bytes:
    return b"\xc2" + _bytes(value.to_bytes(32, "big"))  # a bignum of 32 bytes, whatever it is


def _head(kind: int, length: int) -> bytes:
    """RFC 8949 §3, in its shortest form."""
    if length < 24:
        return bytes([kind << 5 | length])
    width = next(width for width in (1, 2, 4) if length < 1 << 8 * width)
    return bytes([kind << 5 | 23 + width.bit_length()]) + length.to_bytes(width, "big")


def secret_name(in_source: str) -> str:
    """The manifest's name for what a source calls `apiKey`: API_KEY."""
    return "_".join(word for word in _WORDS.split(in_source) if word).upper()


def manifest_of(terms: OwnerTerms) -> str:
    """The text of function.toml."""
    lines = [
        *("[function]", f"name = {json.dumps(terms.name)}", 'language = "javascript"'),
        *(
            f'source = "{SOURCE.as_posix()}"',
            'description = "Runs the JavaScript of Chainlink Functions requests."',
            "",
        ),
        *("[limits]", "fuel = 100_000_000", "observe_fuel = 2_000_000_000", "memory_mib = 128"),
        *(f"output_bytes = {terms.return_bytes}", "observations = 1"),
    ]
    if terms.hosts:
        lines += ["", "[capabilities.http]", f"hosts = {json.dumps(terms.hosts)}"]
        lines += [f"methods = {json.dumps(terms.methods)}"]
    if terms.secrets:
        lines += ["", "[capabilities.secrets]", f"names = {json.dumps(sorted(set(terms.secrets.values())))}"]
        lines += [f"owner = {json.dumps(terms.owner)}"]
    return "\n".join(lines) + "\n"


def check_of(terms: OwnerTerms) -> str:
    """The text of check.toml: what a source threw is a value, so that nodes agree on its text."""
    allowed = [] if terms.median else ["error-as-value"]
    return f"allow = {json.dumps(allowed)}\n"


def source_of(terms: OwnerTerms) -> str:
    """The text of its code; raises InvalidConfig where this installation has none."""
    template = next((folder / SOURCE for folder in _TEMPLATES if (folder / SOURCE).exists()), None)
    if template is None:
        raise InvalidConfig("the function for Chainlink's sources is not part of this installation")
    before, _, after = template.read_text(encoding="utf-8").split(MARK)
    written = {
        "aggregate": "median" if terms.median else "identical",
        "subscriptions": list(terms.subscriptions),
        "secrets": dict(terms.secrets),
        "sources": list(terms.sources),
        "requestBytes": terms.request_bytes,
        "returnBytes": terms.return_bytes,
        "requests": terms.requests,
    }
    return f"{before}{MARK} {json.dumps(written, indent=2)} {MARK}{after}"
