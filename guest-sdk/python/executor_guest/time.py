"""Two times: the request's own, which is agreed already, and what the nodes' clocks show, which must be agreed on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from executor_guest._calls import live
from executor_guest._context import context
from executor_guest._observe import observe
from executor_guest._strategies import median


def now() -> int:
    """The request's block timestamp in seconds, which time.time() shows too: the same on every node, and the past."""
    return context.block_timestamp


def local() -> str:
    """What this node's clock shows, in seconds with three decimals, as text for `median`. Only inside observe."""
    return live("time.now").decode("ascii")


def observed(**options: Any) -> Decimal:
    """The middle one of the nodes' clocks in seconds: an observation of its own, with its options."""
    return observe(median, local, **options)
