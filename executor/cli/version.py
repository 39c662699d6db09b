"""executor version"""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Annotated

import typer

from executor.cli._show import as_json, fact
from executor.crypto.digests import profile_id
from executor.model.profile import PROFILE
from executor.receipts.modules import known_modules


def command(json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """Show this release: package, profile, engines."""
    facts = {
        "executor": version("executor"),
        "profile": f"{PROFILE.name} {profile_id(PROFILE)}",
        "engines": {path.stem: str(identifier) for identifier, path in known_modules().items()},
        "runs on": f"wasmtime {version('wasmtime')}",
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    if json_output:
        as_json(facts)
        return
    for name, value in facts.items():
        if isinstance(value, dict):
            for engine, identifier in value.items():
                fact(f"engine {engine}"[:14], identifier)
        else:
            fact(name, value)
