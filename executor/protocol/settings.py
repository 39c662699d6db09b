"""What an operator may tune; nothing here touches safety."""

from __future__ import annotations

from dataclasses import dataclass

from executor.model.report import Scheme


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds unless said.

    `scheme`: which verifier attestations are made for; None means the first the epoch names.
    """

    collect_delay_s: float = 0.4  # a leader that heard q members waits this long for the others' locks: a tenth of 4 s
    batch_window_s: float = 0.1  # how long a report at quorum waits for others, only while others are under way
    batch_patience_s: float = (
        0.5  # how long a proposed batch may gather votes before it is split; its parts, half of it
    )
    delivery_patience_s: float = 12.0  # three rounds of 4 s: a transaction not seen by then is transmitted again
    patience_rounds: int = 3  # rounds after which an unanswered Execute or Observe is asked for again
    batch_reports: int = 32  # fewer where their callbacks may burn more than a transaction has (batching.py)
    scheme: Scheme | None = None
