"""Functions in memory: those used last, and whatever else somebody still holds.

Rule 1. A function is in memory once, and so are the bytes of a module, however many functions and requests use it: what
        all of them take together is bounded by what the node keeps on disk (`limits.function_bytes`).
Rule 2. What nobody uses stays while it is among the last used and all of those have MAX_BYTES at most, each blob
        counted once.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Final as Constant
from weakref import WeakValueDictionary

from executor.model.function import Function
from executor.model.ids import Digest, FunctionId

MAX_BYTES: Constant = 64 * 1024 * 1024  # four of the largest modules; the engines have 1.4 to 12 MB
MAX_FUNCTIONS: Constant = 1_024  # each has some kB of terms besides


class KeptFunctions:
    """Functions by id, with the digests of their blobs."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_functions: int = MAX_FUNCTIONS) -> None:
        self._max_bytes = max_bytes
        self._max_functions = max_functions
        self._alive: WeakValueDictionary[FunctionId, Function] = WeakValueDictionary()
        self._last_used: OrderedDict[FunctionId, tuple[Function, Mapping[Digest, int]]] = OrderedDict()
        self._uses: Counter[Digest] = Counter()
        self.size_bytes = 0  # of the last used (Rule 2)

    def __len__(self) -> int:
        return len(self._last_used)

    def find(self, identity: FunctionId) -> Function | None:
        """The function, if it is in memory."""
        return self._alive.get(identity)

    def module(self, belongs: Callable[[FunctionId], bool]) -> bytes | None:
        """The module of any function in memory that `belongs` names (Rule 1)."""
        return next((function.module for identity, function in self._alive.items() if belongs(identity)), None)

    def use(self, identity: FunctionId, function: Function, blobs: Mapping[Digest, int]) -> None:
        """Keep it as the last used; what was not used for longest makes room (Rule 2)."""
        self._alive[identity] = function
        self._drop(identity)
        self._last_used[identity] = (function, blobs)
        for digest, size in blobs.items():
            self.size_bytes += 0 if self._uses[digest] else size
            self._uses[digest] += 1
        while self.size_bytes > self._max_bytes or len(self._last_used) > self._max_functions:
            self._drop(next(iter(self._last_used)))

    def forget(self, identity: FunctionId) -> None:
        """It is no more on disk."""
        self._drop(identity)
        self._alive.pop(identity, None)

    def _drop(self, identity: FunctionId) -> None:
        _, blobs = self._last_used.pop(identity, (None, {}))
        for digest, size in blobs.items():
            self._uses[digest] -= 1
            if not self._uses[digest]:
                del self._uses[digest]
                self.size_bytes -= size
