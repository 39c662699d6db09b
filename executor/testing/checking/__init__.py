"""The determinism gate: hunts for inputs and replies on which honest nodes of a function would not agree, or trap.

    report = check(program, Plan(inputs=(b"7",), replies={"https://api.example.com/price": {"price": "12.5"}}))
    assert report.passed, report.text()

`executor check` is this on a project's folder (docs/check.md).

Names are imported on first use, so that commands start at once; their types are in __init__.pyi.
"""

from __future__ import annotations

from executor.parts import on_first_use

__all__ = ["Finding", "Kind", "Plan", "Report", "check", "read_plan"]

__getattr__ = on_first_use(
    __name__,
    {
        "executor.testing.checking.findings": "Finding Kind Report",
        "executor.testing.checking.gate": "check",
        "executor.testing.checking.plan": "Plan read_plan",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
