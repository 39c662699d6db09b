"""Delivers attestations: calldata of `Router.fulfill` or `push`, gas for the callbacks, what became of each report."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final as Constant

from executor.chain.bindings import router as binding
from executor.chain.client import ChainClient, Receipt, well_formed
from executor.chain.contracts import calldata, revert_reason
from executor.chain.kept_sums import KeptSums
from executor.chain.logs import router_logs
from executor.chain.pushes import PushOrigin, look, push_calldata
from executor.chain.sender import TransactionSender
from executor.crypto.digests import keccak256
from executor.errors import InvalidValue, RpcRefused, TransactionFailed, TransactionReverted
from executor.model.committee import Epoch
from executor.model.ids import RequestId
from executor.model.receipt import ChainLocation
from executor.model.report import Attestation, Report

REPORT_HEAD: Constant = struct.Struct(">32s32s32sBIHQI")  # contracts/src/libraries/PackedReports.sol
GAS_MARGIN_PERCENT: Constant = 5
# A new word for each asset (EIP-2929): an estimate has no gas price, so where work costs nothing it writes no earnings.
EARNINGS_GAS: Constant = 2 * 22_100
MAX_TRANSACTION_GAS: Constant = 2**24  # EIP-7825: nodes refuse a transaction that may use more


@dataclass(frozen=True, slots=True)
class Transmission:
    """What one delivery attempt did. `location` is None when every request was closed already and nothing was sent.

    `gas_costs` is what each delivered request's subscription pays back for gas, in its asset.
    """

    location: ChainLocation | None
    gas_used: int
    delivered: tuple[RequestId, ...]
    skipped: tuple[RequestId, ...]
    gas_costs: tuple[int, ...]


def pack_reports(reports: Sequence[Report], payloads: Sequence[bytes]) -> bytes:
    """Reports with their payloads as `fulfill` takes them; raises InvalidValue where one is not the other's."""
    if len(reports) != len(payloads) or not reports:
        raise InvalidValue(f"{len(reports)} reports with {len(payloads)} payloads")
    packed = b""
    for report, payload in zip(reports, payloads, strict=True):
        if keccak256(payload) != report.output_hash:
            raise InvalidValue(f"request {report.request_id}: the payload is not the report's")
        packed += REPORT_HEAD.pack(
            report.request_id,
            report.function_id,
            report.transcript_hash,
            report.status,
            report.round,
            report.slots,
            report.fuel_used,
            len(payload),
        )
        packed += payload
    return packed


def delivery_calldata(
    epoch: Epoch, attestation: Attestation, payloads: Sequence[bytes], origins: Sequence[PushOrigin | None] = ()
) -> bytes:
    """The transaction's data, of a push where there are origins.

    Raises InvalidValue if the epoch has no verifier of the attestation's scheme.
    """
    schemes = [verifier.scheme for verifier in epoch.verifiers]
    if attestation.scheme not in schemes:
        raise InvalidValue(f"epoch {epoch.number} has no {attestation.scheme} verifier")
    packed = pack_reports(attestation.reports, payloads)
    index = schemes.index(attestation.scheme)
    if origins:
        return push_calldata(epoch, attestation, packed, index, origins)
    return calldata("Router", "fulfill", epoch.number, index, packed, attestation.proof)


def gas_limit(estimate: int, open_gas: int) -> int:
    """What a delivery of so much estimated gas, with so much for its callbacks, is sent with.

    A callback may use more at inclusion than in the estimate: it may know one from the other, and is entitled to its
    whole limit. Those that used it in the estimate are counted twice, so all is bounded by what a transaction may have.
    """
    margin = estimate * GAS_MARGIN_PERCENT // 100
    return max(estimate, min(estimate + margin + open_gas + EARNINGS_GAS, MAX_TRANSACTION_GAS))


class Transmitter:
    """Submits attestations from one account; several deliveries may run at a time."""

    def __init__(self, client: ChainClient, sender: TransactionSender, *, remember_after: int | None = None) -> None:
        self.sender = sender
        self.sums = KeptSums(client, remember_after=remember_after)
        self._client = client
        self._sender = sender

    async def deliver(
        self,
        epoch: Epoch,
        attestation: Attestation,
        payloads: Sequence[bytes],
        origins: Sequence[PushOrigin | None] = (),
    ) -> Transmission:
        """Deliver the requests that are still open or, with the origins of those that triggers made, push these.

        That someone else delivered first, before or while we tried, is no error. Raises TransactionFailed when the
        router refuses the attestation or the transaction is not mined, ChainUnavailable when no endpoint answers.
        """
        whole = delivery_calldata(epoch, attestation, payloads, origins)
        reports, ids = attestation.reports, tuple(report.request_id for report in attestation.reports)
        open_gas = await self._open_gas(reports, origins)
        if open_gas is None:
            return Transmission(None, 0, (), ids, ())
        marked = replace(attestation, proof=await self.sums.mark(epoch, attestation))
        call = delivery_calldata(epoch, marked, payloads, origins)
        try:
            call, gas = await self._estimate(epoch, attestation, call, whole)
        except RpcRefused as error:
            why = revert_reason(error.data) if error.data else error.message
            return await self._unless_closed(reports, origins, why, None)
        if gas > MAX_TRANSACTION_GAS:
            raise TransactionFailed(
                f"a delivery of {len(ids)} reports takes {gas} gas, a transaction has at most {MAX_TRANSACTION_GAS}"
            )
        receipt = await self._sender.send(self._client.router, call, gas=gas_limit(gas, open_gas))
        if not receipt.succeeded:
            return await self._unless_closed(reports, origins, await self._why(call, receipt), receipt)
        await self.sums.remember(epoch, attestation, self._sender)
        return self._transmission(receipt)

    async def _estimate(self, epoch: Epoch, attestation: Attestation, call: bytes, whole: bytes) -> tuple[bytes, int]:
        """What to send and its gas: the call, or the whole one where a sum that it names is not there after all.

        Once: what refuses both refuses for another reason. Raises RpcRefused.
        """
        try:
            return call, await self._sender.estimate(self._client.router, call)
        except RpcRefused:
            if call == whole:
                raise
        self.sums.forget(epoch, attestation)
        return whole, await self._sender.estimate(self._client.router, whole)

    async def _open_gas(self, reports: Sequence[Report], origins: Sequence[PushOrigin | None]) -> int | None:
        """Gas for the callbacks of what is open; None if nothing is. Raises TransactionFailed when nobody would pay."""
        if not origins:
            return await self._open_callback_gas([report.request_id for report in reports])
        found = await look(self._client, reports, origins)
        if found.gas is None and found.reasons:
            raise TransactionFailed(f"the router would skip it: {'; '.join(found.reasons)[:500]}")
        return found.gas

    async def _open_callback_gas(self, ids: Sequence[RequestId]) -> int | None:
        """Sum of the callback gas limits of the requests that are open; None if none is."""
        views = self._client.contract("Router", self._client.router).functions
        raw = await asyncio.gather(*(self._client.read(views.pending(id)) for id in ids))
        pending = [binding.Pending.from_abi(each) for each in raw]
        limits = [each.callback_gas_limit for each in pending if int(each.consumer, 16)]
        return sum(limits) if limits else None

    async def _unless_closed(
        self, reports: Sequence[Report], origins: Sequence[PushOrigin | None], reason: str, receipt: Receipt | None
    ) -> Transmission:
        """A failed attempt that came too late changed nothing that mattered."""
        ids = tuple(report.request_id for report in reports)
        if await self._open_gas(reports, origins) is not None:
            if receipt is None:
                raise TransactionFailed(f"the router refused the delivery: {reason}")
            where = f" in {receipt.location.transaction}"
            raise TransactionReverted(f"the router refused the delivery{where}: {reason}", receipt.gas_used)
        if receipt is None:
            return Transmission(None, 0, (), ids, ())
        return Transmission(receipt.location, receipt.gas_used, (), ids, ())

    async def _why(self, call: bytes, receipt: Receipt) -> str:
        try:
            with well_formed():
                await self._client.w3.eth.call(
                    self._sender.fields(self._client.router, call), max(0, receipt.location.block_number - 1)
                )
        except RpcRefused as error:
            return revert_reason(error.data) if error.data else error.message
        return f"out of gas, or the state changed before it was mined ({receipt.gas_used} gas used)"

    def _transmission(self, receipt: Receipt) -> Transmission:
        delivered: list[RequestId] = []
        gas_costs: list[int] = []
        skipped: list[RequestId] = []
        for log in router_logs(receipt.logs, self._client.router):
            match log.topics[:1]:
                case (binding.Delivered.TOPIC,):
                    event = log.event(binding.Delivered)
                    delivered.append(RequestId(event.request_id))
                    gas_costs.append(event.charge.gas_cost)
                case (binding.Pushed.TOPIC,):
                    pushed = log.event(binding.Pushed)
                    delivered.append(RequestId(pushed.request_id))
                    gas_costs.append(pushed.charge.gas_cost)
                case (binding.Skipped.TOPIC,):
                    skipped.append(RequestId(log.event(binding.Skipped).request_id))
        return Transmission(receipt.location, receipt.gas_used, tuple(delivered), tuple(skipped), tuple(gas_costs))
