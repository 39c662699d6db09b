"""Engines that are not ours, but have to agree with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

import pytest

from executor.model.profile import PROFILE, Profile
from executor.vm import engine as engine_module
from executor.vm.engine import SETTINGS, engine_of

Setting = bool | int | str
CONFIGURATIONS: dict[str, dict[str, Setting]] = {
    "unoptimised code": {"cranelift_opt_level": "none"},
    "code optimised for size": {"cranelift_opt_level": "speed_and_size"},
    "no copy-on-write memory": {"memory_init_cow": False},
    "a small reservation": {"memory_reservation": 1 << 28, "memory_guard_size": 1 << 16},
    "a memory that moves": {"memory_reservation": 0, "memory_guard_size": 0, "memory_may_move": True},
    "explicit checks": {"signals_based_traps": False},
    "parallel compilation": {"parallel_compilation": True},
    "debug information": {"debug_info": True, "native_unwind_info": True},
    "NaNs canonicalised twice": {"cranelift_nan_canonicalization": True},
    "the Pulley interpreter": {"target": "pulley64"},  # shares no instruction with this processor
}
"""Name -> what differs from our settings. None of it may show in an outcome."""


@contextmanager
def configured(name: str, settings: Mapping[str, Setting] | None = None) -> Iterator[Profile]:
    """A profile with our rules on another configuration of the engine: one of the above, or the one given."""
    profile = replace(PROFILE, name=name)
    changed = CONFIGURATIONS[name] if settings is None else settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "SETTINGS", MappingProxyType({**SETTINGS, **changed}))
        engine_of(profile)
    yield profile
