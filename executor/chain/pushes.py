"""Which reports that triggers caused can be pushed now, and the calldata that does it (`Router.push`).

Rule 1. What was pushed already, has no active registration any more, or whose subscription cannot pay is not sent: the
        router would skip it, at the sender's cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final as Constant

from executor.chain.calls import view
from executor.chain.client import ChainClient
from executor.chain.contracts import calldata
from executor.chain.subscriptions import estimate_cost, load_subscription
from executor.chain.triggers import load_target
from executor.errors import InvalidValue
from executor.model.committee import Epoch
from executor.model.ids import Address, EventHash, RegistrationId
from executor.model.report import Attestation, Report
from executor.model.request import ZERO_ADDRESS

PROBE_GAS: Constant = (
    200_000  # what the router wants left before each, and asks a receiver with (contracts/src/Deliveries.sol)
)
NO_REGISTRATION: Constant = RegistrationId(bytes(32))  # skips a report that is no trigger's


@dataclass(frozen=True, slots=True)
class PushOrigin:
    """What the router recomputes a triggered request's id from."""

    registration: RegistrationId
    event_hash: EventHash


@dataclass(frozen=True, slots=True)
class Pushable:
    """How a batch stands: gas for the receivers of what can be pushed, None when nothing can, and why."""

    gas: int | None
    pushed: int
    reasons: tuple[str, ...]


async def look(client: ChainClient, reports: Sequence[Report], origins: Sequence[PushOrigin | None]) -> Pushable:
    """Rule 1; raises ChainError."""
    gas, able, pushed, reasons = 0, False, 0, []
    for report, origin in zip(reports, origins, strict=True):
        if origin is None:
            continue
        if await view(client, "Router", client.router, "pushed", report.request_id):
            pushed += 1
        elif (found := await _payable(client, report, origin)) is not None and isinstance(found, str):
            reasons.append(f"{report.request_id}: {found}")
        elif isinstance(found, int):
            gas, able = gas + found, True
    return Pushable(gas if able else None, pushed, tuple(reasons))


async def _payable(client: ChainClient, report: Report, origin: PushOrigin) -> int | str:
    """Gas for the receiver, or why it would be skipped."""
    target = await load_target(client, origin.registration)
    if Address.from_hex(target.owner) == ZERO_ADDRESS or target.function_id != report.function_id:
        return "its registration is paused or gone"
    account = await load_subscription(client, target.subscription)
    cost = await estimate_cost(client, report.function_id, target.callback_gas_limit, account.asset)
    if account.balance < cost:
        return f"subscription {target.subscription} has {account.balance} free, a push may cost {cost}"
    return target.callback_gas_limit + PROBE_GAS


def push_calldata(
    epoch: Epoch, attestation: Attestation, packed: bytes, verifier_index: int, origins: Sequence[PushOrigin | None]
) -> bytes:
    """The transaction's data; raises InvalidValue unless there is one origin (or None) for each report."""
    if len(origins) != len(attestation.reports):
        raise InvalidValue(f"{len(origins)} origins for {len(attestation.reports)} reports")
    listed = [
        (bytes(NO_REGISTRATION), bytes(32))
        if origin is None
        else (bytes(origin.registration), bytes(origin.event_hash))
        for origin in origins
    ]
    return calldata("Router", "push", epoch.number, verifier_index, packed, attestation.proof, listed)
