"""Public tools for people who write functions or embed the executor (docs/testing.md).

    from executor.testing import assert_agrees

    def test_nodes_agree():
        assert_agrees("function.toml", replies={"https://api.example.com/price": {"price": "1842.17"}})

Names are imported on first use; their types are in __init__.pyi. Hypothesis comes with `executor[testing]`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from executor.parts import on_first_use

__all__ = [
    "assert_agrees",
    "assert_deterministic",
    "DoesNotAgree",
    "NotDeterministic",
    "Committee",
    "simulate",
    "Simulated",
    "traced",
    "Trace",
    "first_difference",
    "Difference",
    "Reply",
    "World",
    "RepliedCapabilities",
    "Variation",
    "vary",
    "varied_worlds",
    "read_replies",
    "Scenario",
    "Simulator",
    "simulate_scenario",
    "scenarios",
    "Outage",
    "strike",
    "Lie",
    "Variant",
    "program_of",
    "function_of_source",
    "strategies",
]

_part = on_first_use(
    __name__,
    {
        "executor.testing.assertions": "assert_agrees assert_deterministic",
        "executor.testing.reports": "DoesNotAgree NotDeterministic",
        "executor.testing.committees": "Committee",
        "executor.testing.simulating": "simulate",
        "executor.testing.simulate_result": "Simulated",
        "executor.testing.simulator": "Scenario Simulator simulate_scenario scenarios",
        "executor.testing.runs": "traced Trace",
        "executor.testing.differences": "first_difference Difference",
        "executor.testing.replies": "Reply World RepliedCapabilities",
        "executor.testing.variations": "Variation vary",
        "executor.testing.mixtures": "varied_worlds",
        "executor.testing.replies_file": "read_replies",
        "executor.testing.outages": "Outage strike",
        "executor.testing.lies": "Lie",
        "executor.testing.variants": "Variant",
        "executor.testing.functions": "program_of function_of_source",
    },
)


def __getattr__(name: str) -> Any:
    return import_module("executor.testing.strategies") if name == "strategies" else _part(name)


def __dir__() -> list[str]:
    return sorted(__all__)
