"""Functions of one engine share its compiled code: compiling QuickJS takes a second, running it a millisecond."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Protocol

from executor.errors import InvalidValue
from executor.model.function import Function
from executor.model.profile import PROFILE, Profile
from executor.vm import Program, load


class Load(Protocol):
    """How a replay gets its program: `executor.load`, or a `Loader` where there are many replays."""

    def __call__(self, function: Function, profile: Profile = ..., /) -> Program:
        """The function, checked and compiled."""
        ...


class Loader:
    """Loads functions and keeps the compiled code of the modules used last, in memory. Any thread may use it."""

    def __init__(self, *, modules: int = 8) -> None:
        if modules < 1:
            raise InvalidValue(f"a loader keeps at least one module, not {modules}")
        self._modules = modules
        self._compiled: OrderedDict[tuple[bytes, Profile], bytes] = OrderedDict()
        self._lock = Lock()

    def __call__(self, function: Function, profile: Profile = PROFILE, /) -> Program:
        """What `executor.load` gives and raises; two threads that come with a new module may both compile it."""
        key = (function.module, profile)
        with self._lock:
            compiled = self._compiled.get(key)
        program = load(function, profile, compiled=compiled)
        kept = program.serialize() if compiled is None else compiled
        with self._lock:
            self._compiled[key] = kept
            self._compiled.move_to_end(key)
            while len(self._compiled) > self._modules:
                self._compiled.popitem(last=False)
        return program

    def __len__(self) -> int:
        return len(self._compiled)
