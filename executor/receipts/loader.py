"""Functions of one engine share its compiled code: compiling takes seconds, running it milliseconds."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from executor.crypto.digests import module_id
from executor.errors import HostFault, InvalidValue
from executor.model.function import Function
from executor.model.profile import PROFILE, Profile
from executor.vm import Program, load
from executor.worker.cache import CodeCache

_VM: Final = Path(__file__).resolve().parents[1] / "vm"
LARGE_BYTES: Final = 4 << 20
"""Modules over this take more than seconds to compile: whoever waits is told so."""


class Load(Protocol):
    """How a replay gets its program: `executor.load`, or a `Loader` where there are many replays."""

    def __call__(self, function: Function, profile: Profile = ..., /) -> Program:
        """The function, checked and compiled."""
        ...


class Loader:
    """Loads functions and keeps the compiled code of the modules used last, in memory. Any thread may use it.

    `directory`: where code is kept between processes, too (D8); without a folder of this user's alone it is not.
    `announce` is told before a large module is compiled.
    """

    def __init__(
        self, *, modules: int = 8, directory: Path | None = None, announce: Callable[[str], None] | None = None
    ) -> None:
        if modules < 1:
            raise InvalidValue(f"a loader keeps at least one module, not {modules}")
        self._modules, self._directory, self._announce = modules, directory, announce
        self._programs: OrderedDict[tuple[bytes, Profile], Program] = OrderedDict()
        self._lock = Lock()

    def __call__(self, function: Function, profile: Profile = PROFILE, /) -> Program:
        """What `executor.load` gives and raises; two threads that come with a new module may both compile it."""
        key = (function.module, profile)
        with self._lock:
            sibling = self._programs.get(key)
        program = self._first(function, profile) if sibling is None else load(function, profile, sibling=sibling)
        with self._lock:
            self._programs[key] = program
            self._programs.move_to_end(key)
            while len(self._programs) > self._modules:
                self._programs.popitem(last=False)
        return program

    def __len__(self) -> int:
        return len(self._programs)

    def _first(self, function: Function, profile: Profile) -> Program:
        """From code on disk, or compiled and then kept there."""
        if self._directory is None:
            return self._compiled(function, profile)
        try:
            cache = CodeCache(self._directory, profile, edition=_edition())
        except HostFault:  # no place of our own
            return self._compiled(function, profile)
        identifier = module_id(function.module)
        with _one_at_a_time(self._directory):
            if (code := cache.read(identifier)) is not None:
                try:
                    return load(function, profile, compiled=code)
                except HostFault:  # made by another engine under this name
                    cache.forget(identifier)
            program = self._compiled(function, profile)
            with suppress(HostFault):  # a full disk costs the next process the same again
                cache.write(identifier, program.serialize())
            return program

    def _compiled(self, function: Function, profile: Profile) -> Program:
        if self._announce is not None and len(function.module) > LARGE_BYTES:
            self._announce(f"compiling a module of {len(function.module) >> 20} MB, which takes some ten seconds")
        return load(function, profile)


@lru_cache(maxsize=1)
def _edition() -> str:
    """Of the code that makes the code: a checkout whose metering was edited finds nothing that was made before."""
    digest = hashlib.sha256()
    for path in sorted([*(_VM / "metering").glob("*.py"), _VM / "engine.py"]):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where this user's compiled code is kept: below $XDG_CACHE_HOME, else ~/.cache; RuntimeError without a home."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "executor" / "compiled"


def user_cache() -> Path | None:
    """The same, or None."""
    try:
        return cache_folder()
    except RuntimeError:
        return None


@contextmanager
def _one_at_a_time(directory: Path) -> Iterator[None]:
    """Processes that come with the same engine at the same time compile it once."""
    try:
        descriptor = os.open(
            directory.with_name(f"{directory.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    except OSError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
