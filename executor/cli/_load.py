"""Programs for commands: a module's compiled code is kept on disk (D8), so that the next command starts at once."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from executor.crypto.digests import module_id
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.profile import PROFILE
from executor.vm import Program, load
from executor.worker.cache import CodeCache


def cache_folder() -> Path:
    """Where this user's compiled code is kept: below $XDG_CACHE_HOME, else ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "executor" / "compiled"


def load_kept(function: Function) -> Program:
    """What `executor.load` gives and raises; without a folder of this user's alone nothing is kept."""
    try:
        cache = CodeCache(cache_folder(), PROFILE)
    except (HostFault, RuntimeError):  # RuntimeError: this machine knows no home folder
        return load(function)
    module = module_id(function.module)
    if (code := cache.read(module)) is not None:
        try:
            return load(function, compiled=code)
        except HostFault:  # made by another engine under this name: compiled anew
            cache.forget(module)
    program = load(function)
    with suppress(HostFault):  # a full disk costs the next command a second
        cache.write(module, program.serialize())
    return program
