"""The chains of a local run: `--rpc CHAIN=URL`, and a request at a block of the first of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from executor.errors import InvalidConfig
from executor.model.codec import MAX_INTEGER
from executor.model.request import Request

if TYPE_CHECKING:
    from executor.chain.reader import ChainReader  # web3 takes a second to import
    from executor.cli._config import Settings
    from executor.model.manifest import Terms

T = TypeVar("T")


class LocalChains:
    """Readers of the named chains, with an event loop of their own; a context manager."""

    def __init__(self, rpc: Sequence[str]) -> None:
        self._runner = asyncio.Runner()
        self._readers: dict[int, ChainReader] = {}
        if urls := _urls(rpc):
            from executor.chain.reader import ChainReader

            self._readers = {chain: ChainReader(each, chain) for chain, each in urls.items()}

    @property
    def readers(self) -> Mapping[int, ChainReader]:
        """By chain id, the home chain first."""
        return self._readers

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def placed(self, request: Request, block: int | None) -> Request:
        """The request at a block of the home chain; unchanged without chains. Raises ChainError, InvalidConfig."""
        if not self._readers:
            if block is not None:
                raise InvalidConfig("--block: the home chain is not there; name it with --rpc CHAIN=URL")
            return request
        chain, reader = next(iter(self._readers.items()))
        header = self.run(reader.header("latest" if block is None else block))
        if header is None:
            raise InvalidConfig(f"--block {block}: chain {chain} has no such block yet")
        return replace(
            request,
            chain_id=chain,
            block_number=header.number,
            block_timestamp=header.timestamp,
            parent_hash=header.parent_hash,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._readers.values():
            self.run(reader.close())
        self._runner.close()


def chains_of(settings: Settings, terms: Terms) -> list[str]:
    """`--rpc CHAIN=URL` for the chain of the settings, where the manifest lets the function read it."""
    evm = terms.capabilities.evm
    if evm is None or settings.chain_id not in evm.chains:
        return []
    return [f"{settings.chain_id}={url}" for url in settings.rpc_urls]


def _urls(rpc: Sequence[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for text in rpc:
        chain, separator, url = text.partition("=")
        if not separator or not chain.isdecimal() or not 0 < int(chain[:20]) <= MAX_INTEGER:
            raise InvalidConfig("--rpc: it is CHAIN=URL, such as 1=https://rpc.example; CHAIN is the chain's id")
        found.setdefault(int(chain), []).append(url)
    return found
