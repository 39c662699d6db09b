"""secrets@1 and private inputs: what only this node's observe runs may read.

Rule 1. A name is answered only where the manifest lists it; an envelope only where it is part of the request's input.
Rule 2. Values are opened for one call and kept nowhere; no log, error or metric tells any of them.
Rule 3. What a function with either grant does in an observe run is logged by code alone: a URL or a server's words
        may hold what it read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from executor.capabilities.errors import CallRefused
from executor.model.manifest import SecretsCapability as SecretsTerms
from executor.vm.capabilities import Answer, Refusal, Response

logger = logging.getLogger(__name__)

OPEN: Final = b"\0"
_NAME: Final = re.compile(rb"[A-Z][A-Z0-9_]{0,63}")


class PrivateData(Protocol):
    """What one observe run can open. Both raise CallRefused with the guest's code."""

    async def secret(self, name: str) -> bytes:
        """The value of a secret."""

    async def input(self, envelope: bytes) -> bytes:
        """The text of an envelope."""


class SecretsCapability:
    """`secrets.get` of one observe run: the request is a name, the response its value."""

    def __init__(self, terms: SecretsTerms, data: PrivateData) -> None:
        self._terms = terms
        self._data = data

    async def call(self, operation: str, request: bytes) -> Response:
        """The value, or a refusal."""
        try:
            return Answer(await self._data.secret(granted_name(request, self._terms)))
        except CallRefused as refused:
            logger.info("%s: %s", operation, refused)
            return Refusal(refused.code)


class PrivateInputCapability:
    """`input.private` of one observe run: the request is an envelope, the response its text."""

    def __init__(self, input: bytes, data: PrivateData) -> None:
        self._input = input
        self._data = data

    async def call(self, operation: str, request: bytes) -> Response:
        """The text, or a refusal."""
        try:
            return Answer(await self._data.input(part_of_input(request, self._input)))
        except CallRefused as refused:
            logger.info("%s: %s", operation, refused)
            return Refusal(refused.code)


def granted_name(request: bytes, terms: SecretsTerms) -> str:
    """Rule 1; raises CallRefused. What the guest asked for is not repeated: it may hold what it read before."""
    if not _NAME.fullmatch(request):
        raise CallRefused("secret-bad-name", "a name has 1 to 64 of A-Z, 0-9 and _ and begins with a letter")
    if (name := request.decode("ascii")) not in terms.names:
        raise CallRefused("secret-not-granted", "the manifest does not list this name")
    return name


def part_of_input(envelope: bytes, input: bytes) -> bytes:
    """Rule 1; raises CallRefused."""
    if not envelope or envelope not in input:
        raise CallRefused("input-not-part", "the envelope is no part of the request's input")
    return envelope


class GivenPrivateData:
    """Private data on a developer's machine, where no keys are: secrets that were given, and open envelopes.

    An open envelope is a zero byte and the text. Nodes refuse it: what stands on chain is sealed or is no envelope.
    """

    def __init__(self, secrets: Mapping[str, bytes] = MappingProxyType({})) -> None:
        self._secrets = dict(secrets)

    async def secret(self, name: str) -> bytes:
        """The value that was given."""
        return self.look_up(name)

    async def input(self, envelope: bytes) -> bytes:
        """The text of an open envelope."""
        return self.open(envelope)

    def look_up(self, name: str) -> bytes:
        """As `secret`, at once."""
        if name not in self._secrets:
            raise CallRefused("secret-missing", f"no value was given for {name}")
        return self._secrets[name]

    def open(self, envelope: bytes) -> bytes:
        """As `input`, at once."""
        if envelope[:1] != OPEN:
            raise CallRefused("input-unreadable", "only members open a sealed envelope; here it is 00 and the text")
        return envelope[1:]
