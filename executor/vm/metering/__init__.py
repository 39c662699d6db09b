"""Portable metering: fuel, stack depth and NaNs by our own rules over the module's bytes (docs/metering.md, D12)."""

from executor.vm.metering.instrument import instrument
from executor.vm.metering.rules import REVISION, RULES, instantiation_fuel, table_digest
from executor.vm.metering.snippets import EXPORTS, RESERVED_PREFIX, CheckStatus

__all__ = [
    "instrument",
    "instantiation_fuel",
    "table_digest",
    "RULES",
    "REVISION",
    "EXPORTS",
    "RESERVED_PREFIX",
    "CheckStatus",
]
