"""What only a node that looks can read (docs/secrets.md): the owner's secrets, the sealed part of the input."""

from __future__ import annotations

import json
from builtins import bytes as _bytes
from typing import Any, NoReturn

from executor_guest._bytes import Bytes, encode_text, kind_of, require_bytes
from executor_guest._calls import live


class PrivateText:
    """The opened text of an envelope."""

    __slots__ = ("bytes",)

    bytes: _bytes

    def __init__(self, data: _bytes) -> None:
        self.bytes = data

    def text(self) -> str:
        """As UTF-8."""
        return self.bytes.decode("utf-8")

    def json(self) -> Any:
        """As JSON."""
        return json.loads(self.text())


def get(name: str) -> str:
    """A secret as text; raises CapabilityError, such as "secret-missing"."""
    return get_bytes(name).decode("utf-8")


def get_bytes(name: str) -> _bytes:
    """A secret."""
    if not isinstance(name, str):
        raise TypeError(f"a secret's name must be text, not {kind_of(name)}")
    return live("secrets.get", encode_text(name))


def private_input(envelope: Bytes) -> PrivateText:
    """The text of an envelope, which must be part of the request's input."""
    return PrivateText(live("input.private", require_bytes(envelope, "private_input's argument")))


def __getattr__(name: str) -> NoReturn:
    if name.startswith(("token_", "randbits", "randbelow", "choice", "SystemRandom")):
        raise AttributeError(
            f"executor_guest.secrets has no {name}: it reads the owner's secrets; see executor_guest.random"
        )
    raise AttributeError(f"executor_guest.secrets has no {name}")
