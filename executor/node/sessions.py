"""The epochs this node serves now, each with a machine, a driver and a transport of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from executor.model.committee import Epoch
from executor.model.function import Function
from executor.model.ids import RequestId
from executor.model.request import Request


class Takes(Protocol):
    """What the request book needs of a driver."""

    async def seen(self, request_id: RequestId, request: Request, function: Function) -> None:
        """A request of the session's epoch, new or taken up again."""

    async def delivered(self, request_id: RequestId) -> None:
        """The router delivered it."""

    async def expired(self, request_id: RequestId) -> None:
        """The router closed it by its timeout."""

    async def parked(self, request_id: RequestId) -> None:
        """Put down for others that wait; `seen` comes again."""


@dataclass(frozen=True, slots=True)
class Session:
    """One epoch in which this operator is member `index`."""

    epoch: Epoch
    index: int
    driver: Takes


class Sessions:
    """The sessions by the number of their epoch; bounded by the transport's seats."""

    def __init__(self) -> None:
        self._by_number: dict[int, Session] = {}

    def __len__(self) -> int:
        return len(self._by_number)

    def of(self, number: int) -> Session | None:
        """The session of an epoch, if it is served."""
        return self._by_number.get(number)

    def all(self) -> list[Session]:
        """Oldest epoch first."""
        return [self._by_number[number] for number in sorted(self._by_number)]

    def add(self, session: Session) -> None:
        """Serve an epoch from now on."""
        self._by_number[session.epoch.number] = session

    def remove(self, number: int) -> Session | None:
        """Serve it no more."""
        return self._by_number.pop(number, None)
