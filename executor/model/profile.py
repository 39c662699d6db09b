"""The machine's rules, versioned: everything outside function, request and transcript that an outcome depends on."""

from __future__ import annotations

from dataclasses import dataclass, field

from executor.model.codec import Natural


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Hard limits of the profile. Sizes in bytes, fuel in fuel units; a manifest asks for less."""

    # Measured on one 2024 core: 9 to 15 G fuel a second; so the ceiling is about 1 s, a third of a 4 s round.
    fuel: Natural = 10_000_000_000
    observe_fuel: Natural = 10_000_000_000
    memory_mib: Natural = 256
    output_bytes: Natural = 65_536
    observations: Natural = 32
    input_bytes: Natural = 65_536
    source_bytes: Natural = 1_048_576
    module_bytes: Natural = 16_777_216  # CPython 3.13, snapshotted after its start, measured 12 MB
    error_bytes: Natural = 1_024
    spec_bytes: Natural = 4_096
    observation_bytes: Natural = 32_768
    log_bytes: Natural = 65_536
    log_lines: Natural = 1_000
    calls: Natural = 64  # capability calls in one observe run
    call_request_bytes: Natural = 262_144
    call_response_bytes: Natural = 4_194_304
    table_elements: Natural = 100_000
    functions: Natural = 50_000


@dataclass(frozen=True, slots=True)
class Profile:
    """Every rule that decides an outcome; its id (crypto/digests.py) is part of each epoch.

    `engine` names engine, version and settings until portable metering (D12) makes fuel independent of them.
    """

    name: str
    abi_version: Natural
    metering: str
    nan: str
    native_stack_bytes: Natural
    engine: str
    engine_version: str
    engine_settings: tuple[str, ...]
    features: tuple[str, ...]
    ceilings: Ceilings = field(default_factory=Ceilings)


PROFILE = Profile(
    name="wasmtime-50",
    abi_version=1,
    metering="wasmtime-fuel",
    nan="canonical",
    native_stack_bytes=2_097_152,  # measured: QuickJS's own limit fires first, as a RangeError
    engine="wasmtime",
    engine_version="50.0.1",
    engine_settings=("consume_fuel", "cranelift_nan_canonicalization", "opt_level=speed"),
    features=(
        "bulk_memory",
        "multi_value",
        "mutable_globals",
        "reference_types",
        "saturating_float_to_int",
        "sign_extension",
        "simd",
    ),
)
"""The profile of this release."""
