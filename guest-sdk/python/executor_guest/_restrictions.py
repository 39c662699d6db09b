"""What differs from Python elsewhere, so that every node computes the same and mistakes are told early."""

from __future__ import annotations

import decimal
import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NoReturn

from executor_guest._decimals import MAX_DIGITS

_SHARED = (
    "random", "uniform", "triangular", "randint", "choice", "randrange", "sample", "shuffle", "choices",
    "normalvariate", "lognormvariate", "expovariate", "vonmisesvariate", "gammavariate", "gauss", "betavariate",
    "binomialvariate", "paretovariate", "weibullvariate", "getstate", "setstate", "getrandbits", "randbytes", "seed",
)  # fmt: skip
_NO_LOOP = ("asyncio", "concurrent", "selectors", "multiprocessing", "subprocess", "sched")


def restrict() -> None:
    """All of it; called once, before the snapshot."""
    _refuse_randomness()
    decimal.DefaultContext.prec = decimal.getcontext().prec = MAX_DIGITS
    time.sleep = _refusal("time.sleep: no time passes while a function runs")
    del sys.setrecursionlimit  # the engine's own limits fit its stack
    for name in ("_exit", "abort", "kill"):
        if hasattr(os, name):
            delattr(os, name)
    sys.path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__name__", "") == "BuiltinImporter"]
    sys.meta_path.append(Absent)


def _refuse_randomness() -> None:
    """What would draw from the operating system says what to use; what is given a seed works."""
    system = _unlike("os.urandom")
    os.urandom = system
    setattr(random, "_urandom", system)  # noqa: B010 - no name that the type checker knows
    uuid.uuid1, uuid.uuid4 = _unlike("uuid.uuid1"), _unlike("uuid.uuid4")
    for name in ("token_bytes", "token_hex", "token_urlsafe", "randbelow", "randbits", "choice"):
        setattr(secrets, name, _unlike(f"secrets.{name}"))
    seed = random.Random.seed

    def seed_given(self: random.Random, a: Any = None, version: int = 2) -> None:
        if a is None:
            _unlike("random without a seed")()
        seed(self, a, version)

    setattr(random.Random, "seed", seed_given)  # noqa: B010 - nor is a method to be replaced

    class Shared(random.Random):
        """What the module's functions use: nothing, until it is given a seed."""

        seeded = False
        gauss_next: float | None = None

        def seed(self, a: Any = None, version: int = 2) -> None:
            seed_given(self, a, version)
            self.seeded = True

        def setstate(self, state: Any) -> None:
            super().setstate(state)
            self.seeded = True

        def random(self) -> float:
            if not self.seeded:
                _unlike("random without a seed")()
            return super().random()

        def getrandbits(self, k: int, /) -> int:
            if not self.seeded:
                _unlike("random without a seed")()
            return super().getrandbits(k)

    shared = Shared.__new__(Shared)
    random._inst = shared
    for name in _SHARED:
        setattr(random, name, getattr(shared, name))


def _unlike(what: str) -> Callable[..., NoReturn]:
    return _refusal(
        f"{what} would differ from node to node: agreed randomness is draw() and its stream, of executor_guest.random; "
        "random.Random(seed) chooses alike everywhere"
    )


def _refusal(message: str) -> Callable[..., NoReturn]:
    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        raise RuntimeError(message)

    return refuse


class Absent:
    """The last finder of modules: says why there is none."""

    @classmethod
    def find_spec(cls, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None) -> NoReturn:
        """Raises ModuleNotFoundError."""
        raise ModuleNotFoundError(f"No module named {name!r}: {_why(name.partition('.')[0])}", name=name)


def _why(top: str) -> str:
    if top in _NO_LOOP:
        return "a function is one thread of one process without an event loop; calls answer at once"
    if top == "executor_guest":
        return "the SDK has no such module"
    if top in sys.stdlib_module_names:
        return (
            "this part of the standard library needs an operating system, or is left out of the engine (docs/python.md)"
        )
    return "a function is one file and imports the standard library and executor_guest only"
