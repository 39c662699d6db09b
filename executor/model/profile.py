"""The machine's rules, versioned: everything outside function, request and transcript that an outcome depends on."""

from __future__ import annotations

from dataclasses import dataclass, field

from executor.model.codec import Natural


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Hard limits of the profile. Sizes in bytes, fuel in fuel units; a manifest asks for less."""

    # Ordinary code takes 0.05 to 0.2 ns a fuel (docs/metering.md), so the ceiling is about 1 s, a third of a 4 s round.
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
class Metering:
    """Which rules make fuel, stack depth and NaNs (docs/metering.md)."""

    rules: str  # their version
    table: str  # SHA-256 of all their numbers, hex
    depth: Natural  # stack slots a run may use


@dataclass(frozen=True, slots=True)
class Profile:
    """Every rule that decides an outcome; its id (crypto/digests.py) is part of each epoch.

    No engine is named: outcomes are defined by rules over bytes, and every conforming engine gives the same (D12).
    """

    name: str
    abi_version: Natural
    metering: Metering
    features: tuple[str, ...]
    ceilings: Ceilings = field(default_factory=Ceilings)


PROFILE = Profile(
    name="m1",
    abi_version=1,
    # The depth is 545 frames of a JavaScript interpreter, and under 1 MiB of native stack for ordinary code.
    metering=Metering("m1", "d1279c598c9f81af5fefe8d360ffaba49fa7064d58854dffca67cb3eef09d1bc", 40_000),
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
