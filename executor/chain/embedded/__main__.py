"""`python -m executor.chain.embedded`: prints one JSON line with the URL when ready, stops on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from typing import Final as Constant

from executor.chain.devchain import DEV_CHAIN_ID
from executor.chain.embedded.ledger import Ledger
from executor.chain.embedded.server import Server

ORPHAN_CHECK_S: Constant = 1.0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m executor.chain.embedded", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--chain-id", type=int, default=DEV_CHAIN_ID)
    parser.add_argument("--block-time", type=float, default=0.0, help="seconds between blocks; 0 mines at once")
    parser.add_argument("--finality-depth", type=int, default=0, help="blocks behind the head that count as finalized")
    parser.add_argument("--pure-precompiles", action="store_true", help="py-evm's own BLS precompiles: exact and slow")
    parser.add_argument("--parent", type=int, default=0, help="stop when this process is no longer the parent")
    return parser.parse_args(arguments)


async def serve(options: argparse.Namespace) -> None:
    """Serve until told to stop."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    ledger = Ledger(options.chain_id, pure_precompiles=options.pure_precompiles)
    server = Server(ledger, options.finality_depth)
    url = await server.start(options.port, options.block_time)
    sys.stdout.write(json.dumps({"url": url, "chain_id": options.chain_id}) + "\n")
    sys.stdout.flush()
    while not stop.is_set() and options.parent in (0, os.getppid()):
        try:
            await asyncio.wait_for(stop.wait(), ORPHAN_CHECK_S)
        except TimeoutError:
            continue
    await server.close()


if __name__ == "__main__":
    asyncio.run(serve(parse(sys.argv[1:])))
