"""What people should hear of endpoints and of the transmitting account; each kind is an event of the node."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True)
class News:
    """One event: its kind, and its fields."""

    kind: ClassVar[str]

    def fields(self) -> dict[str, str | int]:
        """The event's fields."""
        return asdict(self)


@dataclass(frozen=True)
class Outvoted(News):
    """An endpoint contradicted what the others agree on, for the `times`-th time."""

    kind: ClassVar[str] = "endpoint-outvoted"
    endpoint: str
    method: str
    answer: str
    agreed: str
    times: int


@dataclass(frozen=True)
class Stopped(News):
    """An endpoint no longer answers as it should, for the `times`-th time."""

    kind: ClassVar[str] = "endpoint-stopped"
    endpoint: str
    reason: str
    times: int


@dataclass(frozen=True)
class Resumed(News):
    """An endpoint answers again."""

    kind: ClassVar[str] = "endpoint-resumed"
    endpoint: str


@dataclass(frozen=True)
class FeeCapped(News):
    """A transaction waits, and to be mined it would have to pay more than the operator allows."""

    kind: ClassVar[str] = "fee-capped"
    nonce: int
    max_fee_wei: str
    base_fee_wei: str


@dataclass(frozen=True)
class LeftBehind(News):
    """Transactions of an earlier process wait in the pool: the next ones take their nonces and replace them."""

    kind: ClassVar[str] = "transactions-left-behind"
    first_nonce: int
    count: int
