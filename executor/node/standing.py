"""An open request: as journaled, and what is kept of it in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from executor.model.billing import Quote
from executor.model.codec import Natural
from executor.model.ids import FunctionId
from executor.model.receipt import ChainLocation
from executor.model.request import Request

MAX_RECORD_BYTES = 1_048_576

State: TypeAlias = Literal[
    "active", "queued", "function-missing", "epoch-not-served", "not-admitted", "not-deep-enough", "too-late"
]


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request from its event until its delivery, as journaled.

    One that a trigger made has neither a log of the router nor a quote; it is over when both `deadline` and
    `until_block` are past.
    """

    request: Request
    requested: ChainLocation | None
    deadline: Natural
    quote: Quote | None
    until_block: Annotated[Natural, Field(exclude_if=lambda block: block == 0)] = 0


@dataclass(slots=True)
class Standing:
    """What is kept in memory of an open request; `since` is when it got its place.

    `lasting`: a trigger made it, and its deadline alone does not end it.
    """

    epoch: int
    function: FunctionId
    deadline: int
    state: State
    block: int = 0
    lasting: bool = False
    since: float = 0.0
