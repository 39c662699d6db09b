"""The determinism gate: hunts for inputs and replies on which honest nodes of a function would not agree, or trap.

    report = check(program, Plan(inputs=(b"7",), replies={"https://api.example.com/price": {"price": "12.5"}}))
    assert report.passed, report.text()

`executor check` is this on a project's folder (docs/check.md).
"""

from executor.testing.checking.findings import Finding, Kind, Report
from executor.testing.checking.gate import check
from executor.testing.checking.plan import Plan, read_plan

__all__ = ["Finding", "Kind", "Plan", "Report", "check", "read_plan"]
