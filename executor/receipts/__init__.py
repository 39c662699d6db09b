"""Receipts: building, keeping and checking them (docs/receipts.md).

Names are imported on first use, so that commands start at once; their types are in __init__.pyi.
"""

from __future__ import annotations

from executor.parts import on_first_use

__all__ = [
    "Receipt",
    "Verdict",
    "Check",
    "Loader",
    "all_passed",
    "build_receipt",
    "engine_for",
    "function_of",
    "keeps_replies",
    "known_modules",
    "read_receipt",
    "verify_receipt",
    "write_receipt",
]

__getattr__ = on_first_use(
    __name__,
    {
        "executor.receipts.build": "build_receipt function_of keeps_replies",
        "executor.receipts.checks": "Check all_passed",
        "executor.receipts.files": "read_receipt write_receipt",
        "executor.receipts.loader": "Loader",
        "executor.receipts.modules": "engine_for known_modules",
        "executor.receipts.receipt": "Receipt Verdict",
        "executor.receipts.verify": "verify_receipt",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
