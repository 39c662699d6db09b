"""The Triggers contract: reading what is registered, and registering, pausing and removing.

Nodes read it at finalized depth only: a registration's id does not name what was registered (docs/wire.md §1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final as Constant
from typing import TypeAlias

from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3.types import FilterParams

from executor.chain.bindings import triggers as binding
from executor.chain.calls import transact, view
from executor.chain.client import ChainClient, checksum, well_formed
from executor.chain.logs import RouterLog
from executor.chain.sender import TransactionSender
from executor.errors import ChainError, ChainUnavailable, InvalidTrigger
from executor.model.ids import Address, FunctionId, RegistrationId
from executor.model.request import ZERO_ADDRESS
from executor.model.trigger import Registration, TriggerKind
from executor.model.trigger_config import parse_trigger_config

NAME_BYTES: Constant = 10
TOPICS: Constant = (binding.TriggerRegistered.TOPIC, binding.TriggerPaused.TOPIC, binding.TriggerRemoved.TOPIC)


@dataclass(frozen=True, slots=True)
class Registered:
    """A trigger was registered in this block."""

    registration: Registration
    block: int

    @property
    def registration_id(self) -> RegistrationId:
        """Which one."""
        return self.registration.registration_id


@dataclass(frozen=True, slots=True)
class PauseChanged:
    """Its owner paused it, or let it go on."""

    registration_id: RegistrationId
    paused: bool
    block: int


@dataclass(frozen=True, slots=True)
class Removed:
    """It is gone."""

    registration_id: RegistrationId
    block: int


Change: TypeAlias = Registered | PauseChanged | Removed


async def load_triggers(client: ChainClient) -> Address | None:
    """The router's trigger registry; None before it was named."""
    found = Address.from_hex(await view(client, "Router", client.router, "triggers"))
    return None if found == ZERO_ADDRESS else found


async def load_changes(client: ChainClient, triggers: Address, first: int, last: int) -> list[Change]:
    """What changed from block `first` to `last`, in order; what this version cannot read is left out.

    Raises ChainUnavailable, and as eth_getLogs does for a range that is too large.
    """
    wanted = FilterParams(
        address=checksum(triggers),
        topics=[[HexBytes(topic) for topic in TOPICS]],
        fromBlock=BlockNumber(first),
        toBlock=BlockNumber(last),
    )
    with well_formed():
        logs = [RouterLog.parse(each, triggers) for each in await client.w3.eth.get_logs(wanted)]
    if not all(first <= log.location.block_number <= last for log in logs):
        raise ChainUnavailable("eth_getLogs: a log outside the range asked for")
    logs.sort(key=lambda log: (log.location.block_number, log.index))
    return [change for log in logs if (change := read_change(log)) is not None]


async def load_registration(client: ChainClient, registration: RegistrationId) -> tuple[Registration, bool]:
    """A registration, and whether it is paused; raises ChainError when there is none."""
    triggers = await _named(client)
    owner, paused, raw = await view(client, "Triggers", triggers, "trigger", registration)
    return _registration(registration, owner, binding.Trigger.from_abi(raw)), bool(paused)


async def load_target(client: ChainClient, registration: RegistrationId, block: int | None = None) -> binding.Target:
    """What a delivery needs of a registration, now or at the end of a block; raises ChainError.

    Its owner is the zero address when none is active.
    """
    raw = await view(client, "Triggers", await _named(client), "target", registration, block=block)
    return binding.Target.from_abi(raw)


async def register_trigger(
    client: ChainClient,
    sender: TransactionSender,
    *,
    kind: TriggerKind,
    function: FunctionId,
    config: bytes,
    subscription: int,
    receiver: Address | None = None,
    callback_gas_limit: int = 0,
    name: bytes = b"",
    input: bytes = b"",
) -> RegistrationId:
    """Register a trigger that the sender owns; raises InvalidTrigger for a config nodes cannot read, or
    TransactionFailed with the contract's error."""
    parse_trigger_config(kind, config)
    if len(name) > NAME_BYTES:
        raise InvalidTrigger(f"name: {len(name)} bytes, a workflow name has {NAME_BYTES}")
    triggers = await _named(client)
    made = (
        int(kind),
        bytes(function),
        checksum(receiver or ZERO_ADDRESS),
        subscription,
        callback_gas_limit,
        name.ljust(NAME_BYTES, b"\0"),
        config,
        input,
    )
    receipt = await transact(sender, "Triggers", triggers, "register", made)
    with well_formed():
        logs = [RouterLog.parse(log, triggers) for log in receipt.logs if Address.from_hex(log["address"]) == triggers]
    for log in logs:
        if log.topics[:1] == (binding.TriggerRegistered.TOPIC,):
            return RegistrationId(log.topics[1])
    raise ChainUnavailable(f"nothing was registered in {receipt.location.transaction}")


async def set_paused(
    client: ChainClient, sender: TransactionSender, registration: RegistrationId, paused: bool
) -> None:
    """Pause a trigger of the sender's, or let it go on; raises TransactionFailed."""
    await transact(sender, "Triggers", await _named(client), "setPaused", registration, paused)


async def remove_trigger(client: ChainClient, sender: TransactionSender, registration: RegistrationId) -> None:
    """End a registration; its owner, and its subscription's, may. Raises TransactionFailed."""
    await transact(sender, "Triggers", await _named(client), "remove", registration)


async def _named(client: ChainClient) -> Address:
    triggers = await load_triggers(client)
    if triggers is None:
        raise ChainError(f"the router {client.router} has no trigger registry")
    return triggers


def read_change(log: RouterLog) -> Change | None:
    """What a log of the registry tells; None where this version cannot read it."""
    block = log.location.block_number
    match log.topics[:1]:
        case (binding.TriggerRegistered.TOPIC,):
            event = log.event(binding.TriggerRegistered, of="Triggers")
            try:
                made = _registration(RegistrationId(event.registration), event.owner, event.trigger)
            except ValueError:  # a kind or number of a later contract
                return None
            return Registered(made, block)
        case (binding.TriggerPaused.TOPIC,):
            paused = log.event(binding.TriggerPaused, of="Triggers")
            return PauseChanged(RegistrationId(paused.registration), paused.paused, block)
        case _:
            removed = log.event(binding.TriggerRemoved, of="Triggers")
            return Removed(RegistrationId(removed.registration), block)


def _registration(identity: RegistrationId, owner: str, made: binding.Trigger) -> Registration:
    receiver = Address.from_hex(made.receiver)
    return Registration(
        registration_id=identity,
        owner=Address.from_hex(owner),
        kind=TriggerKind(made.kind),
        function_id=FunctionId(made.function_id),
        receiver=None if receiver == ZERO_ADDRESS else receiver,
        subscription=made.subscription,
        callback_gas_limit=made.callback_gas_limit,
        name=bytes(made.name),
        config=bytes(made.config),
        input=bytes(made.input),
    )
