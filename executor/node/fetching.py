"""Getting the bytes of functions this node lacks: from the other members by hash, else from where their owner put them.

Rule 1. Bytes are kept only when their function id is the one asked for, and only if the module loads here; whoever gave
        others is told of and passed over.
Rule 2. What an open request waits for is asked for until it is there or the request is closed; what the registry only
        named is asked for a few times, of members alone: a published URL is fetched for a request that was paid for.
Rule 3. Members are asked in random order, each source is bounded in size and time, and few fetches run at a time.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final as Constant

import aiohttp

from executor.crypto.digests import function_id
from executor.errors import DownloadFailed, ExecutorError, InvalidEncoding, InvalidManifest, InvalidValue, StoreError
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.node.functions import MAX_UPLOAD_BYTES, unpack_function
from executor.store.events import EventLog
from executor.transport.bodies import read_whole

AT_A_TIME: Constant = 2  # each holds an upload's 40 MiB
MAX_NAMED: Constant = 256  # of functions the registry named and nobody asked for yet; more are fetched when asked for
NAMED_ATTEMPTS: Constant = 24  # two minutes: what is registered first is uploaded after, and loaded before it is kept
NAMED_PAUSE_S: Constant = 5.0
MEMBER_TIMEOUT_S: Constant = 30.0  # for one answer: 40 MiB at 11 Mbit/s
FIRST_PAUSE_S: Constant = 0.5  # before asking again; doubled each time
LONGEST_PAUSE_S: Constant = 60.0
LOOK_EVERY_S: Constant = 0.5  # at what waits
OK: Constant = 200


class FunctionFetcher:
    """Runs beside the node; `run` ends when it is cancelled."""

    def __init__(
        self,
        *,
        members: Callable[[], Mapping[int, str]],
        missing: Callable[[], Collection[FunctionId]],
        uris: Callable[[FunctionId], Sequence[str]],
        download: Callable[[str], Awaitable[bytes]],
        holds: Callable[[FunctionId], bool],
        add: Callable[[Function, bool], Awaitable[object]],
        events: EventLog,
        connector: Callable[..., aiohttp.TCPConnector],
        first_pause_s: float = FIRST_PAUSE_S,
        member_timeout_s: float = MEMBER_TIMEOUT_S,
    ) -> None:
        self._members = members
        self._missing = missing
        self._uris = uris
        self._download = download
        self._holds = holds
        self._add = add
        self._events = events
        self._connector = connector
        self._first_pause_s = first_pause_s
        self._member_timeout_s = member_timeout_s
        self._named: OrderedDict[FunctionId, None] = OrderedDict()
        self._tried: dict[FunctionId, tuple[int, float]] = {}  # of what is wanted: attempts, and when to go on
        self._under_way: set[FunctionId] = set()
        self._order = random.Random()  # noqa: S311 # spreads load, decides nothing

    def name(self, function: FunctionId) -> None:
        """The registry named this function."""
        if len(self._named) < MAX_NAMED and not self._holds(function):
            self._named.setdefault(function)

    async def run(self) -> None:
        """Fetch what is wanted, for ever."""
        timeout = aiohttp.ClientTimeout(total=self._member_timeout_s)
        jar = aiohttp.DummyCookieJar()
        async with (
            aiohttp.ClientSession(
                timeout=timeout,
                cookie_jar=jar,
                trust_env=False,
                connector=self._connector(),
            ) as session,
            asyncio.TaskGroup() as group,
        ):
            while True:
                for function, needed in self._due(asyncio.get_running_loop().time()):
                    self._under_way.add(function)
                    group.create_task(self._attempt(session, function, needed))
                await asyncio.sleep(LOOK_EVERY_S)

    def _due(self, now: float) -> list[tuple[FunctionId, bool]]:
        """What to ask for now; what nobody wants any more is forgotten."""
        needed = set(self._missing())
        for function in [key for key in self._named if self._holds(key) or key in needed]:
            del self._named[function]
        wanted = dict.fromkeys(needed, True) | dict.fromkeys(self._named, False)
        self._tried = {key: value for key, value in self._tried.items() if key in wanted}
        places = AT_A_TIME - len(self._under_way)
        due = [key for key in wanted if key not in self._under_way and self._tried.get(key, (0, now))[1] <= now]
        return [(key, wanted[key]) for key in due[: max(places, 0)]]

    async def _attempt(self, session: aiohttp.ClientSession, function: FunctionId, needed: bool) -> None:
        try:
            await self._fetch(session, function, needed)
        except DownloadFailed as error:
            attempts = self._tried.get(function, (0, 0.0))[0] + 1
            if attempts == 1 and needed:
                self._events.add("function-unavailable", "", function_id=str(function), reason=str(error))
            if not needed and attempts >= NAMED_ATTEMPTS:
                self._named.pop(function, None)
            pause_s = min(self._first_pause_s * 2 ** min(attempts, 16), LONGEST_PAUSE_S)
            self._tried[function] = (attempts, asyncio.get_running_loop().time() + pause_s)
        finally:
            self._under_way.discard(function)

    async def _fetch(self, session: aiohttp.ClientSession, function: FunctionId, needed: bool) -> None:
        """Rule 3; raises DownloadFailed when no source had it."""
        members = list(self._members().items())
        self._order.shuffle(members)
        reasons: list[str] = []
        for index, url in members:
            try:
                await self._take(function, await _ask(session, f"{url.rstrip('/')}/v1/functions/{function}"), needed)
            except DownloadFailed as error:
                reasons.append(f"member {index}: {error}")
                continue
            self._events.add("function-fetched", "", function_id=str(function), source=f"member {index}")
            return
        for uri in self._uris(function) if needed else ():
            try:
                await self._take(function, await self._download(uri), needed)
            except DownloadFailed as error:
                reasons.append(str(error))
                continue
            self._events.add("function-fetched", "", function_id=str(function), source=uri)
            return
        raise DownloadFailed("; ".join(reasons)[:1_000] or "there is nobody to ask")

    async def _take(self, function: FunctionId, data: bytes, needed: bool) -> None:
        """Rule 1."""
        try:
            found = await asyncio.to_thread(unpack_function, data)
        except (InvalidEncoding, InvalidManifest, InvalidValue) as error:
            raise DownloadFailed(f"no function: {error}") from error
        if (identity := function_id(found)) != function:
            raise DownloadFailed(f"gave function {identity}, asked for {function}")
        try:
            await self._add(found, needed)
        except StoreError:
            raise  # our disk's fault ends the node
        except ExecutorError as error:
            raise DownloadFailed(f"cannot be kept: {error}") from error


async def _ask(session: aiohttp.ClientSession, url: str) -> bytes:
    """A member's copy; raises DownloadFailed."""
    try:
        async with session.get(url, allow_redirects=False) as response:
            if response.status != OK:
                raise DownloadFailed(f"status {response.status}")
            data = await read_whole(response.content, MAX_UPLOAD_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise DownloadFailed(f"{type(error).__name__}: {error}") from error
    if data is None:
        raise DownloadFailed(f"more than {MAX_UPLOAD_BYTES} bytes")
    return data
