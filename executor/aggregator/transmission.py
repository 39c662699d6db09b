"""Brings attestations on chain: one attempt each; the machine asks again when delivery is not seen in time.

Rule 1. A failure is told, and left to a later round: of this member, or of the others, who hold the attestation too.
Rule 2. An account that cannot pay is told of once; every later attempt asks the node again, so the first one after the
        account has funds succeeds, and that is told too.
Rule 3. Gas that nothing pays back, of a transaction that came too late or was undone, is told with the transaction and
        counted: that is what copied deliveries and hostile owners can cost (docs/threat-model.md). Each such loss of a
        request doubles the time until this node sends one for it again (losses.py).
Rule 4. Requests are fulfilled, and what triggers made is pushed. Leaders keep them apart; of an attestation that holds
        both the router skips in each of the two transactions what belongs into the other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from executor.aggregator.losses import Losses
from executor.chain.pushes import PushOrigin
from executor.chain.transmitter import Transmission
from executor.errors import ExecutorError, InsufficientFunds, TransactionReverted
from executor.model.committee import Epoch
from executor.model.ids import RequestId
from executor.model.report import Attestation
from executor.protocol.effects import Transmit
from executor.store.events import EventLog

CONCURRENT = 8  # transactions of one account under way; more wait


class Delivers(Protocol):
    """The transmitter of executor/chain."""

    async def deliver(
        self,
        epoch: Epoch,
        attestation: Attestation,
        payloads: tuple[bytes, ...],
        origins: Sequence[PushOrigin | None] = (),
        /,
    ) -> Transmission:
        """Deliver what is still open, or, with origins, push; raises ExecutorError."""


OriginOf: TypeAlias = Callable[[RequestId], PushOrigin | None]
"""What a request that a trigger made comes from; None for one that was asked for."""


def asked_for(_request: RequestId) -> PushOrigin | None:
    """Where no trigger makes requests."""
    return None


class Transmissions:
    """Carries `Transmit` effects out and says what came of them. Counters and `without_funds` are for metrics."""

    def __init__(
        self,
        epoch: Epoch,
        transmitter: Delivers,
        events: EventLog,
        *,
        origin_of: OriginOf = asked_for,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.delivered = 0  # requests that a transaction of ours closed
        self.late = 0  # that were closed already
        self.failed = 0  # attempts
        self.gas_used = 0
        self.gas_lost = 0  # of it, by transactions that delivered nothing
        self.without_funds = False
        self._epoch = epoch
        self._transmitter = transmitter
        self._events = events
        self._origin_of = origin_of
        self._clock = clock
        self._losses = Losses()
        self._slots = asyncio.Semaphore(CONCURRENT)

    async def transmit(self, effect: Transmit) -> None:
        """Deliver what is still open."""
        origins = [self._origin_of(report.request_id) for report in effect.attestation.reports]
        if not all(origins):
            await self._transmit(effect, ())
        if any(origins):  # Rule 4
            await self._transmit(effect, origins)

    async def _transmit(self, effect: Transmit, origins: Sequence[PushOrigin | None]) -> None:
        attestation = effect.attestation
        requests = [report.request_id for report in attestation.reports]
        if wait_s := self._losses.waits_s(requests, self._clock()):
            self._events.add("transmission-held", requests[0], seconds=round(wait_s), batch=len(requests))
            return
        async with self._slots:
            for request in requests:
                self._events.add("transmitting", request, scheme=attestation.scheme.value, batch=len(requests))
            try:
                done = await self._transmitter.deliver(self._epoch, attestation, effect.payloads, origins)
            except InsufficientFunds as error:
                self.failed += 1
                if not self.without_funds:
                    self.without_funds = True
                    self._events.add("transmitter-without-funds", "", reason=str(error))
                return
            except ExecutorError as error:  # the chain's, or a signer that is being restarted
                self.failed += 1
                lost = error.gas_used if isinstance(error, TransactionReverted) else 0
                for request in requests:
                    self._events.add("transmission-failed", request, reason=str(error))
                self._lose(requests, lost)
                return
        if done.location is not None and self.without_funds:
            self.without_funds = False
            self._events.add("transmitter-funded", "")
        self.delivered += len(done.delivered)
        self.late += len(done.skipped)
        self._losses.forget(done.delivered)
        if done.delivered:
            self.gas_used += done.gas_used
        else:
            self._lose(requests, done.gas_used)
        for request, gas_cost in zip(done.delivered, done.gas_costs, strict=True):
            self._events.add(
                "transmitted",
                request,
                scheme=attestation.scheme.value,
                gas_used=done.gas_used,
                earned=hex(gas_cost),
                batch=len(requests),
                transaction=str(done.location.transaction) if done.location else "",
            )

    def _lose(self, requests: Sequence[RequestId], gas_used: int) -> None:
        """Rule 3."""
        if gas_used:
            self.gas_used += gas_used
            self.gas_lost += gas_used
            self._losses.note(requests, self._clock())
            self._events.add("transmission-lost", requests[0], gas_used=gas_used, batch=len(requests))
