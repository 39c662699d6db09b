"""Brings attestations on chain: one attempt each; the machine asks again when delivery is not seen in time."""

from __future__ import annotations

import asyncio

from executor.chain.transmitter import Transmitter
from executor.errors import ExecutorError
from executor.model.committee import Epoch
from executor.protocol.effects import Transmit
from executor.store.events import EventLog

CONCURRENT = 8  # transactions of one account under way; more wait


class Transmissions:
    """Carries `Transmit` effects out and says what came of them."""

    def __init__(self, epoch: Epoch, transmitter: Transmitter, events: EventLog) -> None:
        self._epoch = epoch
        self._transmitter = transmitter
        self._events = events
        self._slots = asyncio.Semaphore(CONCURRENT)

    async def transmit(self, effect: Transmit) -> None:
        """Deliver what is still open; a failure is told, and left to a later round."""
        attestation = effect.attestation
        requests = [report.request_id for report in attestation.reports]
        async with self._slots:
            for request in requests:
                self._events.add("transmitting", request, scheme=attestation.scheme.value, batch=len(requests))
            try:
                done = await self._transmitter.deliver(self._epoch, attestation, effect.payloads)
            except ExecutorError as error:  # the chain's, or a signer that is being restarted
                for request in requests:
                    self._events.add("transmission-failed", request, reason=str(error))
                return
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
