"""What a node does about functions' bytes, put together: the store, who may upload, fetching what is missing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

from executor.capabilities.download import download
from executor.capabilities.http import HttpSettings
from executor.capabilities.member_networks import MemberNetworks
from executor.chain.client import ChainClient
from executor.chain.registry import RegistryReader
from executor.chain.subscriptions import load_subscription
from executor.crypto.digests import function_id
from executor.model.function import Function
from executor.model.ids import Address, FunctionId
from executor.model.manifest import Terms
from executor.node.config import NodeConfig
from executor.node.fetching import FunctionFetcher
from executor.node.functions import MAX_UPLOAD_BYTES, FunctionStore
from executor.node.named import NamedFunctions
from executor.node.uploads import UploadClaim, UploadPolicy, UploadRules
from executor.store.blobs import Blobs
from executor.store.events import EventLog
from executor.store.journal import Journal

REGISTRY_POLLS = 5  # of the requests' polls to one of the registry's: what it names is not yet asked for


class Book(Protocol):
    """The open requests, as far as functions matter to them."""

    @property
    def missing_functions(self) -> Sequence[FunctionId]:
        """What open requests wait for."""

    def open_functions(self) -> Collection[FunctionId]:
        """What open requests name."""

    async def function_added(self, function: FunctionId) -> None:
        """Go on with what waited for it."""


class FunctionHolding:
    """The functions of one node; `admit` raises for one that must not be kept here.

    `check_terms` raises InvalidManifest for terms that this node takes no part in: whoever uploads is to know, while
    what open requests need is kept, and they say the reason.
    """

    def __init__(
        self,
        config: NodeConfig,
        *,
        journal: Journal,
        chain: ChainClient,
        members: Callable[[], Mapping[int, str]],
        book: Callable[[], Book],
        admit: Callable[[Function], Awaitable[None]],
        events: EventLog,
        check_terms: Callable[[Terms], None] = lambda _: None,
    ) -> None:
        limits, uploads = config.limits, config.uploads
        self._config = config
        self._chain = chain
        self._book = book
        self._admit = admit
        self._check_terms = check_terms
        self._events = events
        self.store = FunctionStore(
            journal,
            Blobs(config.data / "blobs"),
            max_functions=limits.functions,
            max_bytes=limits.function_bytes,
            account_functions=uploads.account_functions,
            account_bytes=uploads.account_bytes,
            open_functions=lambda: book().open_functions(),
        )
        rules = UploadRules(
            chain_id=config.chain.id,
            router=Address.from_hex(config.chain.router),
            uploaders=uploads.allowed,
            accounts=frozenset(Address.from_hex(account) for account in uploads.accounts),
            min_balance=int(uploads.min_balance),
        )
        self._policy = UploadPolicy(rules, partial(load_subscription, chain), time.time)
        self._named = NamedFunctions(journal)
        self._fetcher = FunctionFetcher(
            members=members,
            missing=lambda: book().missing_functions,
            uris=self._named.uris,
            download=partial(download, limit=MAX_UPLOAD_BYTES, settings=HttpSettings(overrides=config.resolve)),
            holds=self.store.__contains__,
            add=self._add_fetched,
            events=events,
            connector=MemberNetworks(config.http.member_networks).connector,
        )

    async def run(self) -> None:
        """Read the registry and fetch what is missing, until cancelled."""
        start, poll_s = self._config.chain.start_block, REGISTRY_POLLS * self._config.chain.poll_interval_s
        reader = RegistryReader(self._chain, self._named.cursor(start))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fetcher.run())
            group.create_task(self._named.follow(reader, self._fetcher.name, poll_s))

    def missing(self) -> list[FunctionId]:
        """What open requests wait for here."""
        return sorted(self._book().missing_functions)

    async def check_upload(self, header: str | None) -> UploadClaim | None:
        """Whether an upload may go on; raises UploadRefused and ChainUnavailable."""
        return await self._policy.check(header)

    async def check_account(self, account: Address, subscription: int) -> None:
        """Whether an account may have bytes kept here; raises UploadRefused and ChainUnavailable."""
        await self._policy.check_account(account, subscription)

    def terms_of(self, function: FunctionId) -> Terms | None:
        """The terms of a function that is held."""
        found = self.store.load(function) if function in self.store else None
        return None if found is None else found.terms

    async def add(self, function: Function, account: Address | None = None) -> FunctionId:
        """Keep an uploaded function; raises what `check_terms` and `admit` raise, InvalidValue when a quota is full."""
        self._check_terms(function.terms)
        return await self._add(function, account, needed=False)

    async def _add_fetched(self, function: Function, needed: bool) -> None:
        await self._add(function, None, needed=needed)

    async def _add(self, function: Function, account: Address | None, *, needed: bool) -> FunctionId:
        identity = function_id(function)
        if identity in self.store:
            return identity
        await self._admit(function)
        self.store.add(function, account, needed=needed)
        self._events.add("function-added", "", function_id=str(identity), module_bytes=len(function.module))
        await self._book().function_added(identity)
        return identity
