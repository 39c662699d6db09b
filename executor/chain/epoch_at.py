"""Which epoch a block of the home chain is in: the newest that began at or before it."""

from __future__ import annotations

from typing import Final as Constant

from executor.chain.bindings import committee as binding
from executor.chain.client import ChainClient
from executor.chain.epochs import current_epoch
from executor.errors import ChainError

MAX_BACK: Constant = 64  # epochs looked back at, as in terms.py


class EpochStarts:
    """Asked at the head, which every endpoint can answer; what began for good, as of a final block, is kept."""

    def __init__(self, client: ChainClient) -> None:
        self._client = client
        self._starts: dict[int, int] = {}

    async def of_block(self, number: int, *, final: bool = True) -> int:
        """The epoch of a block; raises ChainError when none had begun, or it is too long ago."""
        newest = await current_epoch(self._client)
        for epoch in range(newest, max(0, newest - MAX_BACK), -1):
            start = self._starts.get(epoch)
            if start is None:
                views = self._client.contract("Committee", self._client.committee).functions
                start = binding.Epoch.from_abi(await self._client.read(views.epochInfo(epoch))).start_block
            if start <= number:
                if final:
                    self._keep(epoch, start)
                return epoch
        raise ChainError(f"no epoch of the last {MAX_BACK} had begun at block {number}")

    def _keep(self, epoch: int, start: int) -> None:
        if len(self._starts) > 2 * MAX_BACK:
            self._starts.clear()
        self._starts[epoch] = start
