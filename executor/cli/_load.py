"""Programs for commands: a module's compiled code is kept on disk (D8), so that the next command starts at once."""

from __future__ import annotations

import time
from contextlib import suppress
from importlib.metadata import version
from typing import Final

import typer

from executor.cli._show import waiting
from executor.crypto.digests import profile_id
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.profile import PROFILE
from executor.receipts.loader import Loader, cache_folder, user_cache
from executor.vm import Program, self_test
from executor.worker.cache import CodeCache

__all__ = ["cache_folder", "load_kept", "tested"]

DAY_S: Final = 86_400


def tested() -> None:
    """D11's self-test, once a day for this engine and profile: what a command runs here is signed by nobody.

    `verify`, the gate, nodes and their workers make it at every start. Raises HostFault.
    """
    try:
        CodeCache(cache_folder(), PROFILE)  # the folder is this user's alone
        stamp = cache_folder() / f"{profile_id(PROFILE).hex()}-wasmtime-{version('wasmtime')}-tested"
        age_s = time.time() - stamp.stat().st_mtime
    except (HostFault, RuntimeError):
        return self_test()
    except OSError:
        age_s = DAY_S
    if not 0 <= age_s < DAY_S:
        self_test()
        with suppress(OSError):
            stamp.touch(mode=0o600)
    return None


def load_kept(function: Function) -> Program:
    """What `executor.load` gives and raises; without a folder of this user's alone nothing is kept."""
    with waiting("compiling the module"):
        return Loader(modules=1, directory=user_cache(), announce=_announce)(function)


def _announce(text: str) -> None:
    typer.echo(f"executor: {text}, once on this machine", err=True)
