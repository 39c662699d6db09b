"""Several nodes in one process: the members' real code, wire and disks, for measuring committees larger than a machine.

`python -m executor.testing.crowd --config A --config B …`. What they share is one interpreter: each computes while the
others wait. A crowd is ended by killing it; nodes that must stop gracefully run alone.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from executor.compose import run_node


async def run_crowd(configs: list[Path]) -> None:
    """Run all of them until one ends."""
    nodes = [asyncio.create_task(run_node(config)) for config in configs]
    try:
        ended, _ = await asyncio.wait(nodes, return_when=asyncio.FIRST_COMPLETED)
        for node in ended:
            node.result()
    finally:
        for node in nodes:
            node.cancel()
        await asyncio.gather(*nodes, return_exceptions=True)


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description="Several nodes in one process.")
    parser.add_argument("--config", type=Path, action="append", required=True, help="a node's TOML file; repeatable")
    asyncio.run(run_crowd(parser.parse_args().config))


if __name__ == "__main__":
    main()
