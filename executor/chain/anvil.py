"""anvil, a real EVM node from npm, as a child process."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from executor.chain.devchain import DEV_CHAIN_ID, ChainProcess
from executor.errors import ChainUnavailable

HOW_TO_INSTALL = "anvil is not installed: run `npm ci` in contracts/, or put Foundry's anvil on PATH"

_LISTENING = re.compile(r"Listening on (127\.0\.0\.1:\d+)")


def find_anvil() -> Path:
    """The binary of this checkout's npm packages, else the one on PATH; raises ChainUnavailable with how to get it."""
    modules = Path(__file__).resolve().parents[2] / "contracts" / "node_modules"
    # npm's own `.bin/anvil` is a Node.js wrapper around these.
    for binary in sorted(modules.glob("@foundry-rs/anvil-*/bin/anvil")):
        return binary
    found = shutil.which("anvil")
    if found is None:
        raise ChainUnavailable(HOW_TO_INSTALL)
    return Path(found)


class Anvil(ChainProcess):
    """anvil at a named hard fork; a context manager, plain or async.

    A block time of 0 mines each transaction at once.
    """

    def __init__(
        self,
        *,
        hardfork: str = "prague",
        port: int = 0,
        block_time_s: float = 0.0,
        chain_id: int = DEV_CHAIN_ID,
    ) -> None:
        super().__init__(chain_id)
        self._options: list[str | Path] = [
            *("--host", "127.0.0.1"),
            *("--port", str(port)),
            *("--chain-id", str(chain_id)),
            *("--hardfork", hardfork),
            *("--slots-in-an-epoch", "1"),  # finalized is the block before the previous one, not 64 behind
            *(["--block-time", f"{block_time_s:g}"] if block_time_s else []),
        ]

    def command(self) -> list[str | Path]:
        """The binary with its options."""
        return [find_anvil(), *self._options]

    def ready(self, output: str) -> str | None:
        """anvil prints its address when it listens."""
        match = _LISTENING.search(output)
        return f"http://{match[1]}" if match else None
