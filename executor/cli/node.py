"""executor node"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def command(
    config: Annotated[Path, typer.Option(help="The node's TOML file.", exists=True, dir_okay=False)],
) -> None:
    """Run a node."""
    from executor.compose import run_node

    asyncio.run(run_node(config))
