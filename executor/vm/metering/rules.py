"""Metering rules m1: every number that decides fuel, stack depth and NaNs (docs/metering.md is their specification).

Rule 1. A change of any number here is another `RULES` name, another table digest, another profile.
Rule 2. What no table names, does not load.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import Final

from executor.model.codec import Json, encode_json
from executor.vm.metering.instructions import INSTRUCTIONS, MISCELLANEOUS, VECTOR
from executor.vm.prices import IMPORT_PRICES, OPERATION_PRICES

RULES: Final = "m1"
REVISION: Final = 1
"""Of the code the pass writes for these rules: compiled code of another revision is not used (worker/cache.py)."""

# Stack, in slots: what a call takes from the profile's depth D.
FRAME_BASE: Final = 8
SLOTS: Final = MappingProxyType({0x7F: 1, 0x7E: 1, 0x7D: 1, 0x7C: 1, 0x7B: 2, 0x70: 1})
"""Slots of a local by its type: i32, i64, f32, f64, v128, funcref. An operand is one slot whatever its type."""
FREE_LEAF_SLOTS: Final = 64  # a leaf this small costs no depth: it is only ever the last frame

# What code takes beside its instructions.
FREE_LOCAL_SLOTS: Final = (
    64  # of the declared locals; each one more is a fuel at the function's entry, where it is made
)
FREE_VALUES: Final = 1  # that a branch carries, a call gives back, a construct takes or gives; each one more is a fuel
UNCHECKED_FUEL: Final = 256  # what the body of a function that calls nothing may cost without a check at its entry

# Dynamic charges, on top of the instruction's own.
BYTES_PER_FUEL_SHIFT: Final = 3  # memory.copy, memory.fill, memory.init: one fuel for eight bytes
ELEMENT_FUEL_SHIFT: Final = 2  # table.copy, table.init, table.fill: four fuel an element
PAGE_FUEL: Final = 65_536  # memory.grow, and the pages a memory starts with: measured 25 to 34 us with the first touch

# Instantiation.
INSTANTIATION_FUEL: Final = 10_000
ELEMENT_FUEL: Final = 8  # each element of a table's minimum and of a segment

CANONICAL_NAN_32: Final = b"\x00\x00\xc0\x7f"
CANONICAL_NAN_64: Final = b"\x00\x00\x00\x00\x00\x00\xf8\x7f"


def instantiation_fuel(data_bytes: int, elements: int, pages: int) -> int:
    """What making an instance costs: bytes of data segments, elements of tables and segments, first pages."""
    return INSTANTIATION_FUEL + (data_bytes >> BYTES_PER_FUEL_SHIFT) + ELEMENT_FUEL * elements + PAGE_FUEL * pages


def table() -> bytes:
    """All numbers as canonical JSON (docs/metering-m1.json)."""
    return encode_json(_table())


def _table() -> dict[str, Json]:
    return {
        "rules": RULES,
        "instructions": {
            prefix + str(code): [item.name, item.cost, item.nan]
            for prefix, table in (("", INSTRUCTIONS), ("fc.", MISCELLANEOUS), ("fd.", VECTOR))
            for code, item in table.items()
        },
        "code": [FREE_LOCAL_SLOTS, FREE_VALUES, UNCHECKED_FUEL],
        "frame": [FRAME_BASE, FREE_LEAF_SLOTS, {str(kind): slots for kind, slots in SLOTS.items()}],
        "dynamic": [BYTES_PER_FUEL_SHIFT, ELEMENT_FUEL_SHIFT, PAGE_FUEL],
        "instantiation": [INSTANTIATION_FUEL, ELEMENT_FUEL],
        "nan": [CANONICAL_NAN_32.hex(), CANONICAL_NAN_64.hex()],
        "imports": {name: [price.base, price.per_byte] for name, price in IMPORT_PRICES.items()},
        "operations": {name: [price.base, price.per_byte] for name, price in OPERATION_PRICES.items()},
    }


def table_digest() -> str:
    """SHA-256 of `table()`, in hex: names the rules in a profile."""
    return hashlib.sha256(table()).hexdigest()
