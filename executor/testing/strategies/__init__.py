"""Hypothesis strategies: inputs, HTTP replies, observation sets, transcripts and modules.

Everything shrinks to what is plain: an input to the smallest of its shape, a reply to its example.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from executor.testing.strategies.agreement import ObservationSet, observation_sets, observations, transcripts
from executor.testing.strategies.http import replies, replies_for, variations, worlds
from executor.testing.strategies.inputs import inputs

__all__ = [
    "inputs",
    "replies",
    "replies_for",
    "worlds",
    "variations",
    "observations",
    "observation_sets",
    "ObservationSet",
    "transcripts",
    "modules",
]


def __getattr__(name: str) -> Any:
    if name == "modules":  # whole modules need the generator's binary: only who asks for them pays
        return import_module("executor.testing.modules").modules
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
