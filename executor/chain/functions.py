"""Functions on chain: their facts, without which no router takes a request, and the names owners publish them under."""

from __future__ import annotations

from dataclasses import dataclass

from executor.chain.bindings import function_registry as binding
from executor.chain.calls import transact, view
from executor.chain.client import ChainClient, well_formed
from executor.chain.logs import RouterLog
from executor.chain.sender import TransactionSender
from executor.crypto.digests import function_id, keccak256, module_id
from executor.errors import ChainError, ChainUnavailable
from executor.model.function import Function
from executor.model.ids import Address, Digest, FunctionId, ProfileId


@dataclass(frozen=True, slots=True)
class Publication:
    """One version of a function under a name of its owner's."""

    name_id: Digest
    version: int


async def load_registry(client: ChainClient) -> Address:
    """The router's function registry."""
    return Address.from_hex(await view(client, "Router", client.router, "functions"))


async def load_limits(client: ChainClient, function: FunctionId) -> binding.Limits:
    """A registered function's limits; raises ChainError naming UnknownFunction for others."""
    raw = await view(client, "FunctionRegistry", await load_registry(client), "limits", function)
    return binding.Limits.from_abi(raw)


async def is_registered(client: ChainClient, function: FunctionId) -> bool:
    """Whether the router takes requests for this function."""
    try:
        await load_limits(client, function)
    except ChainUnavailable:
        raise
    except ChainError:
        return False
    return True


async def register_function(client: ChainClient, sender: TransactionSender, function: Function) -> FunctionId:
    """Make a function's facts known, unless they are; anyone may. Raises TransactionFailed."""
    identity = function_id(function)
    if not await is_registered(client, identity):
        facts = (module_id(function.module), keccak256(function.source), function.terms.canonical())
        await transact(sender, "FunctionRegistry", await load_registry(client), "register", *facts)
    return identity


async def publish_function(
    client: ChainClient, sender: TransactionSender, name: str, function: FunctionId, profile: ProfileId, uri: str
) -> Publication:
    """Publish a registered function as the next version of the sender's `name`; raises TransactionFailed."""
    registry = await load_registry(client)
    receipt = await transact(sender, "FunctionRegistry", registry, "publish", name, function, profile, uri)
    with well_formed():
        logs = [RouterLog.parse(log, registry) for log in receipt.logs if Address.from_hex(log["address"]) == registry]
    for log in logs:
        if log.topics[:1] == (binding.Published.TOPIC,):
            event = log.event(binding.Published, of="FunctionRegistry")
            return Publication(Digest(event.name_id), event.version)
    raise ChainUnavailable(f"nothing was published in {receipt.location.transaction}")
