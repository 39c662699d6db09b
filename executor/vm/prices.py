"""What every import costs, in fuel: part of the metering rules (vm/metering/rules.py).

Rule 1. A price is `base + per_byte * bytes`, bytes being the lengths the guest gives (for `read`, the pending bytes).
Rule 2. It is taken first, whatever the call then does: a call that fails has paid.
Rule 3. A run that cannot pay has no fuel left: OUT_OF_FUEL.
Rule 4. Changing a number changes outcomes, so it comes with another rules version and another profile.

Guest code burns about 10 fuel a nanosecond, a host function needs about 5 microseconds of Python: hence the bases.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Price:
    """Fuel for one call."""

    base: int
    per_byte: int

    def of(self, size_bytes: int) -> int:
        """The price of a call over this many bytes."""
        return self.base + self.per_byte * size_bytes


IMPORT_PRICES: Final = MappingProxyType(
    {
        "observe": Price(200_000, 100),  # parses canonical JSON; hashed by every member
        "propose": Price(200_000, 100),  # the same for `fields`
        "call": Price(50_000, 5),
        "read": Price(30_000, 2),
        "fail": Price(30_000, 5),
        "log": Price(30_000, 10),  # UTF-8 is checked
    }
)

OPERATION_PRICES: Final = MappingProxyType(
    {
        "input.context": Price(100_000, 0),
        "crypto.keccak256": Price(50_000, 30),  # 3 ns a byte in C
    }
)
"""On top of the price of `call`. Operations that look at the world pay for their bytes in `call` and `read` only."""
