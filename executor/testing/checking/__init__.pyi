from executor.testing.checking.findings import Finding, Kind, Report
from executor.testing.checking.gate import check
from executor.testing.checking.plan import Plan, read_plan

__all__ = ["Finding", "Kind", "Plan", "Report", "check", "read_plan"]
