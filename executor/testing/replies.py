"""What the world answers a node in a test: HTTP replies by URL, chains' by the names of evm_replies.py, under the
function's own manifest.

Rule 1. A key of a world is a URL, or the beginning of one followed by `*`; an exact key comes before a pattern.
Rule 2. What the manifest does not grant, and what is over a cap of http@1, is refused exactly as on the network; a
        redirect leads to another reply. A body is what comes out of decompression.
Rule 3. A URL without a reply is refused as `http-connect`, and remembered for the report.
Rule 4. The key `time.now` is what the node's clock shows, as a decimal; without it, START_S.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from yarl import URL

from executor.capabilities.allowlist import AllowList
from executor.capabilities.cache import Reply as FetchedReply
from executor.capabilities.clock import decimal
from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import HttpRequest
from executor.capabilities.http_run import HttpRun, Told, checked_url, follow
from executor.capabilities.private import GivenPrivateData, granted_name, part_of_input
from executor.errors import HostFault, InvalidValue
from executor.model.ids import FunctionId
from executor.model.manifest import EvmCapability as EvmTerms
from executor.model.manifest import HttpCapability as HttpTerms
from executor.model.manifest import Terms
from executor.model.observation import ERROR_CODE
from executor.model.request import Request
from executor.vm import Answer, Refusal, Response

if TYPE_CHECKING:
    from executor.capabilities import EvmCapability

JSON_TYPE: Final = "application/json"
T = TypeVar("T")
TIME_NOW: Final = "time.now"
START_S: Final = 1_700_000_000.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a URL answers: a response, or with `error` no response but this code. `about` says to people what it is."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""
    about: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not 100 <= self.status <= 599:
            raise InvalidValue(f"{self.status} is no HTTP status")
        if self.error and not ERROR_CODE.fullmatch(self.error.encode("utf-8")):
            raise InvalidValue(f"{self.error!r} is no code of 1 to 64 characters of [a-z0-9-]")

    def __hash__(self) -> int:
        return hash((self.status, tuple(sorted(self.headers.items())), self.body, self.error))

    @classmethod
    def of(cls, example: Any) -> Reply:
        """A reply as it is, a body of bytes or text, or the JSON of anything else; raises InvalidValue."""
        match example:
            case Reply():
                return example
            case bytes():
                return cls(body=example)
            case str():
                return cls(headers={"content-type": "text/plain; charset=utf-8"}, body=example.encode("utf-8"))
        try:
            text = json.dumps(example, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidValue(f"an example reply is a Reply, bytes, text or JSON: {error}") from error
        return cls(headers={"content-type": JSON_TYPE}, body=text.encode("utf-8"))


World: TypeAlias = Mapping[str, Reply]
"""Everything one node can fetch, by URL."""


def world(examples: Mapping[str, Any]) -> dict[str, Reply]:
    """The world in which every URL answers its example; raises InvalidValue."""
    return {url: Reply.of(example) for url, example in examples.items()}


def look_up(replies: World, url: str) -> Reply | None:
    """The reply to a URL (Rule 1)."""
    if url in replies:
        return replies[url]
    patterns = [key for key in replies if key.endswith("*") and url.startswith(key[:-1])]
    return replies[max(patterns, key=len)] if patterns else None


class RepliedHttp:
    """http@1 of one run answered from a world, by the rules and caps of the real one; the form a node takes."""

    def __init__(self, terms: HttpTerms, replies: World, missing: set[str] | None = None) -> None:
        self._allowed = AllowList(terms)
        self._replies = replies
        self.missing: set[str] = set() if missing is None else missing
        self._run = HttpRun(self)

    async def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        try:
            return Answer(await self._run.answer(operation, request))
        except CallRefused as refused:
            return Refusal(refused.code)

    def respond(self, operation: str, request: bytes) -> Response:
        """The same at once: nothing here waits."""
        return finished(self.call(operation, request))

    async def together(self, answers: Sequence[Awaitable[bytes | CallRefused]]) -> Sequence[bytes | CallRefused]:
        """One by one."""
        return [await each for each in answers]

    async def reply(self, request: HttpRequest, _ordinal: int, /) -> FetchedReply:
        """The reply at the end of the redirects; raises CallRefused."""
        return await follow(request, partial(checked_url, allowed=self._allowed), self._ask)

    async def _ask(self, request: HttpRequest, url: URL) -> Told:
        reply = look_up(self._replies, request.url) or look_up(self._replies, f"{url.origin()}{url.raw_path_qs}")
        if reply is None:
            self.missing.add(request.url)
            raise CallRefused("http-connect", f"no reply for {request.url}")
        if reply.error:
            raise CallRefused(reply.error, request.url)
        headers = [(name.encode("utf-8"), value.encode("utf-8")) for name, value in reply.headers.items()]
        return Told(reply.status, headers, b"" if request.method == "HEAD" else reply.body)


def made_up_secrets(terms: Terms) -> dict[str, bytes]:
    """A value for every name that the manifest lists: no real one is needed to see whether nodes agree."""
    granted = terms.capabilities.secrets
    return {} if granted is None else {name: f"made-up-{name}".encode("ascii") for name in granted.names}


class RepliedCapabilities:
    """What one node's guest sees in an observe run: `executor.Capabilities` over a world.

    `private` answers secrets, by default made-up ones, and opens open envelopes in the input of `request`, for which
    chains are read, too: by default one that no chain made.
    """

    def __init__(
        self,
        terms: Terms,
        replies: World,
        private: GivenPrivateData | None = None,
        *,
        request: Request | None = None,
    ) -> None:
        self._granted = terms.capabilities
        self._missing: set[str] = set()
        http, evm = terms.capabilities.http, terms.capabilities.evm
        own = request or Request.local(FunctionId(bytes(32)), chain_id=terms.home_chain)
        self._http = None if http is None else RepliedHttp(http, replies, self._missing)
        self._evm = None if evm is None else _replied_evm(evm, own, replies, self._missing)
        self._private = private or GivenPrivateData(made_up_secrets(terms))
        self._input = own.input
        clock = look_up(replies, TIME_NOW)
        self._clock = decimal(START_S) if clock is None else clock.body

    @property
    def missing(self) -> frozenset[str]:
        """URLs and reads that were asked and have no reply."""
        return frozenset(self._missing)

    def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        if operation == TIME_NOW and self._granted.time is not None:
            return Answer(self._clock)
        if self._http is not None and operation.startswith("http."):
            return self._http.respond(operation, request)
        if self._evm is not None and operation.startswith("evm."):
            return finished(self._evm.respond(operation, request))
        try:
            if self._granted.secrets is not None and operation == "secrets.get":
                return Answer(self._private.look_up(granted_name(request, self._granted.secrets)))
            if self._granted.private_input is not None and operation == "input.private":
                return Answer(self._private.open(part_of_input(request, self._input)))
        except CallRefused as refused:
            return Refusal(refused.code)
        return Refusal("not-granted")


def _replied_evm(terms: EvmTerms, request: Request, replies: World, missing: set[str]) -> EvmCapability:
    from executor.testing.evm_replies import replied_evm  # the ABI's codecs take a while to import

    return replied_evm(terms, request, partial(look_up, replies), missing)


def finished(ready: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        ready.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # StopIteration is not generic
    ready.close()
    raise HostFault("a simulated part waits for something")
