"""The embedded chain as a child process."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from executor.chain.devchain import DEV_CHAIN_ID, ChainProcess


class EmbeddedChain(ChainProcess):
    """py-evm at Prague in a process of its own; a context manager, plain or async.

    A block time of 0 mines each transaction at once. The child ends with this process, also when that is killed.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        block_time_s: float = 0.0,
        chain_id: int = DEV_CHAIN_ID,
        finality_depth: int = 0,
        pure_precompiles: bool = False,
    ) -> None:
        super().__init__(chain_id)
        self._options: list[str | Path] = [
            *("--port", str(port)),
            *("--chain-id", str(chain_id)),
            *("--block-time", str(block_time_s)),
            *("--finality-depth", str(finality_depth)),
            *(["--pure-precompiles"] if pure_precompiles else []),
        ]

    def command(self) -> list[str | Path]:
        """This interpreter on the embedded package."""
        return [sys.executable, "-m", "executor.chain.embedded", *self._options, "--parent", str(os.getpid())]

    def ready(self, output: str) -> str | None:
        """The child prints one JSON line when it listens."""
        line, newline, _ = output.partition("\n")
        if not newline or not line.startswith("{"):
            return None
        return str(json.loads(line)["url"])
