"""The engine: wasmtime with every setting written down, built once a process and profile (D3, D11).

Fuel, stack depth and NaNs are not its business: the metering pass builds them into the module (vm/metering).

Invalid combinations of settings abort the process, so this is the only place that makes a Config.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

import wasmtime

from executor.errors import HostFault
from executor.model.profile import Profile
from executor.vm import bindings
from executor.vm.metering import REVISION, RULES, table_digest

ENGINE: Final = f"wasmtime-{version('wasmtime')}-{RULES}.{REVISION}"
"""What makes compiled code on this installation: no outcome depends on it."""

WASM_STACK_BYTES: Final = 64 << 20
"""Room for the profile's depth whatever the compiler makes of a frame: 620 bytes a slot is the most anyone reached
(docs/metering.md, "Stack"), and 64 MiB held every such attack at a depth of 40,000."""
FIBER_STACK_BYTES: Final = 80 << 20
"""What a run's own stack has for guest and host functions together; reserved, not touched."""

SETTINGS: Final = MappingProxyType[str, bool | int | str](
    {
        "consume_fuel": False,  # D12: ours is in the module
        "cranelift_nan_canonicalization": False,  # so are canonical NaNs
        "cranelift_opt_level": "speed",
        "strategy": "cranelift",
        "max_wasm_stack": WASM_STACK_BYTES,
        "epoch_interruption": False,  # D4: only fuel ends a running guest
        "parallel_compilation": False,  # a worker keeps to its one core; the code is the same either way
        "native_unwind_info": True,
        "signals_based_traps": True,
        "memory_init_cow": True,
        "memory_may_move": False,
        "memory_reservation": 1 << 32,  # a whole 32-bit memory: growth moves nothing and asks for no new mapping
        "memory_guard_size": 1 << 25,
        "debug_info": False,
        "gc_support": False,  # so no externref either: nothing a guest is given could be one
    }
)

FEATURES: Final = MappingProxyType[str, str](
    {
        "bulk_memory": "wasm_bulk_memory",
        "multi_value": "wasm_multi_value",
        "reference_types": "wasm_reference_types",
        "simd": "wasm_simd",
        "relaxed_simd": "wasm_relaxed_simd",
        "threads": "wasm_threads",
        "shared_memory": "shared_memory",
        "tail_call": "wasm_tail_call",
        "multi_memory": "wasm_multi_memory",
        "memory64": "wasm_memory64",
        "exceptions": "wasm_exceptions",
        "function_references": "wasm_function_references",
        "gc": "wasm_gc",
        "wide_arithmetic": "wasm_wide_arithmetic",
        "custom_page_sizes": "wasm_custom_page_sizes",
        "stack_switching": "wasm_stack_switching",
        "component_model": "wasm_component_model",
    }
)
"""Feature -> Config property. A feature of the profile is on, every other one is off."""

ALWAYS_ON: Final = frozenset({"mutable_globals", "saturating_float_to_int", "sign_extension"})
"""Features wasmtime has no switch for; a profile has to list them all the same."""


@lru_cache(maxsize=4)
def engine_of(profile: Profile) -> wasmtime.Engine:
    """The engine that runs this profile; raises HostFault when this installation cannot."""
    if (profile.metering.rules, profile.metering.table) != (RULES, table_digest()):
        wanted = f"{profile.metering.rules} ({profile.metering.table[:8]})"
        raise HostFault(f"the profile {profile.name} has metering rules {wanted}; here are {RULES}")
    features = set(profile.features)
    if unknown := features - set(FEATURES) - ALWAYS_ON:
        raise HostFault(f"the profile {profile.name} has unknown features {sorted(unknown)}")
    if missing := ALWAYS_ON - features:
        raise HostFault(f"the profile {profile.name} lacks {sorted(missing)}, which the engine cannot turn off")
    settings: dict[str, bool | int | str] = dict(SETTINGS)
    settings |= {setting: feature in features for feature, setting in FEATURES.items()}
    config = wasmtime.Config()
    for name, value in settings.items():
        # D11: an older wasmtime-py accepts any attribute and ignores it
        if not isinstance(getattr(wasmtime.Config, name, None), property):
            raise HostFault(f"this wasmtime-py has no setting {name}")
        setattr(config, name, value)
    bindings.async_stack_size(config.ptr(), FIBER_STACK_BYTES)
    return wasmtime.Engine(config)
