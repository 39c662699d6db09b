"""Where owners say that functions' bytes are: remembered from the registry's logs, a few URLs each, in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final as Constant

from executor.chain.registry import Named, RegistryReader
from executor.errors import ChainError
from executor.model.codec import decode_json, encode_json
from executor.model.ids import FunctionId, RequestId
from executor.store.journal import Journal

KEY: Constant = RequestId(bytes(32))  # the journal's key for what is no request's
CURSOR: Constant = "registry-cursor"
KIND: Constant = "uris"
MAX_URIS: Constant = 4  # of a function, the latest: anyone may publish it under a name of their own
MAX_URI: Constant = 512  # as in the contract
MAX_FUNCTIONS: Constant = 10_000  # that have one; the longest known are forgotten
MAX_RECORD_BYTES: Constant = 16_384  # four URIs of 512 bytes, escaped
CATCH_UP_PAUSE_S: Constant = 0.05
LEAST_POLL_S: Constant = 1.0  # what is named is a hint: a request that needs the bytes asks for them by itself


class NamedFunctions:
    """What the registry said; `follow` goes on reading it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._uris: dict[FunctionId, list[str]] = {
            FunctionId(key): decode_json(value, limit=MAX_RECORD_BYTES) for key, value in journal.load(KIND)
        }

    def cursor(self, start_block: int) -> int:
        """The block to read next."""
        kept = self._journal.find(KEY, CURSOR)
        return start_block if kept is None else max(start_block, int(kept))

    def uris(self, function: FunctionId) -> list[str]:
        """Where the function's bytes may be, newest first."""
        return self._uris.get(function, [])[::-1]

    def note(self, named: Named) -> None:
        """Remember a URI; what is no http URL, or longer than the contract takes, is of no use."""
        if not named.uri.startswith(("http://", "https://")) or not named.uri.isascii() or len(named.uri) > MAX_URI:
            return
        known = [uri for uri in self._uris.pop(named.function_id, []) if uri != named.uri]
        self._uris[named.function_id] = kept = [*known, named.uri][-MAX_URIS:]
        self._journal.save(RequestId(named.function_id), KIND, encode_json(kept))
        if len(self._uris) > MAX_FUNCTIONS:
            oldest = next(iter(self._uris))
            del self._uris[oldest]
            self._journal.delete(RequestId(oldest), KIND)

    async def follow(self, reader: RegistryReader, name: Callable[[FunctionId], None], poll_s: float) -> None:
        """Read for ever; an endpoint that is down is tried again."""
        while True:
            before, pause_s = reader.next_block, max(poll_s, LEAST_POLL_S)
            try:
                for named in await reader.read():
                    self.note(named)
                    name(named.function_id)
            except ChainError:  # the watcher of requests tells of it
                await asyncio.sleep(poll_s)
                continue
            if reader.next_block != before:
                with self._journal.soon():
                    self._journal.save(KEY, CURSOR, str(reader.next_block).encode())
                pause_s = CATCH_UP_PAUSE_S
            await asyncio.sleep(pause_s)
