"""What a simulated node sees of the world, and what its guest asked for.

The world is given (testing/replies.py); every request is kept, also a refused one, so that people learn what a function
asks and what its manifest does not list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from executor.capabilities.allowlist import AllowList
from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import HttpRequest, decode_request, decode_requests
from executor.capabilities.http_run import checked_url
from executor.capabilities.private import GivenPrivateData
from executor.errors import InvalidConfig
from executor.model.manifest import Terms
from executor.model.request import Request
from executor.testing.http_words import MAX_SHOWN
from executor.testing.replies import RepliedCapabilities, Reply, World, world
from executor.vm import Refusal, Response

Given: TypeAlias = Mapping[str, Any]
"""Replies by URL, each a `Reply`, bytes, text or JSON (`Reply.of`)."""
Replies: TypeAlias = Given | Sequence[Given] | Callable[[int], World]
"""For all nodes alike; a list, one world for each node; or a function of the node."""
TOO_MANY: Final = Refusal("http-too-many")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request a guest made: an HTTP method and URL, or an operation and what it was given.

    `refused` is the code it got when the manifest does not allow it.
    """

    method: str
    url: str
    refused: str = ""


class WatchedWorld:
    """The capabilities of one observe run over a world, with a list of what was asked."""

    def __init__(
        self,
        terms: Terms,
        replies: World,
        private: GivenPrivateData | None = None,
        *,
        request: Request | None = None,
    ) -> None:
        self.asked: list[Asked] = []
        self._terms, self._answering = terms, RepliedCapabilities(terms, replies, private, request=request)

    @property
    def missing(self) -> frozenset[str]:
        """URLs and reads that were asked and have no reply."""
        return self._answering.missing

    def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        response = self._answering.call(operation, request)
        self.asked.extend(self._requests(operation, request, response))
        if operation.startswith("evm."):
            refused = response.code if isinstance(response, Refusal) and "granted" in response.code else ""
            self.asked.append(Asked(operation, request.decode("utf-8", "replace"), refused))
        return response

    def _requests(self, operation: str, request: bytes, response: Response) -> Iterable[Asked]:
        if not operation.startswith("http."):
            return
        try:
            messages = decode_requests(request, limit=MAX_SHOWN) if operation == "http.fetch_many" else [request]
            asked = [decode_request(message) for message in messages]
        except CallRefused:
            return  # the answer says so
        for each in asked:
            refused = TOO_MANY.code if response == TOO_MANY else self._refusal(each)
            yield Asked(each.method, each.url, refused)

    def _refusal(self, request: HttpRequest) -> str:
        if (granted := self._terms.capabilities.http) is None:
            return "not-granted"
        try:
            checked_url(request, AllowList(granted))
        except CallRefused as refused:
            return refused.code
        return ""


def worlds_of(replies: Replies, n: int) -> list[World]:
    """What each of n nodes sees; raises InvalidConfig when there are not n, InvalidValue for a reply that is none."""
    if callable(replies):
        return [replies(node) for node in range(n)]
    if isinstance(replies, Mapping):
        return [world(replies)] * n
    if len(replies) != n:
        raise InvalidConfig(f"replies: {len(replies)} for {n} nodes; give one for each, or one for all")
    return [world(each) for each in replies]


__all__ = ["Asked", "Given", "Replies", "Reply", "WatchedWorld", "worlds_of"]
