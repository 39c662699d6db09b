"""The router's logs as typed events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from executor.chain.bindings import router as binding
from executor.chain.client import Block
from executor.chain.contract import interface
from executor.chain.quantity import parse_data, parse_quantity
from executor.crypto.digests import request_id
from executor.errors import ChainUnavailable, InvalidEncoding, InvalidValue
from executor.model.codec import MAX_INTEGER
from executor.model.ids import Address, Digest, FunctionId, RequestId
from executor.model.receipt import ChainLocation
from executor.model.request import Request

Json = Any


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request deep enough to run; `deadline` is the block timestamp from which it can only expire."""

    request: Request
    request_id: RequestId
    location: ChainLocation
    deadline: int


@dataclass(frozen=True, slots=True)
class SeenDelivery:
    """A request was closed by an attested report; `status` as in the report, `success` of the callback."""

    request_id: RequestId
    status: int
    success: bool
    transmitter: Address
    location: ChainLocation


@dataclass(frozen=True, slots=True)
class SeenExpiry:
    """A request was closed by its timeout."""

    request_id: RequestId
    location: ChainLocation


@dataclass(frozen=True, slots=True)
class Dropped:
    """A log that is no request this version can run, and why."""

    reason: str
    location: ChainLocation


Seen: TypeAlias = SeenRequest | SeenDelivery | SeenExpiry | Dropped


@dataclass(frozen=True, slots=True)
class RouterLog:
    """One log of the router, its position checked and its content not yet decoded."""

    topics: tuple[bytes, ...]
    data: bytes
    index: int
    location: ChainLocation

    @classmethod
    def parse(cls, raw: Json, router: Address) -> RouterLog:
        """Read an `eth_getLogs` entry; raises InvalidValue, KeyError or TypeError for anything else."""
        if parse_data(raw["address"]) != router or raw.get("removed"):
            raise InvalidValue("a log that was not asked for")
        return cls(
            topics=tuple(parse_data(topic, 32) for topic in raw["topics"]),
            data=parse_data(raw["data"]),
            index=parse_quantity(raw["logIndex"], 64),
            location=ChainLocation(
                transaction=Digest(parse_data(raw["transactionHash"])),
                block_number=parse_quantity(raw["blockNumber"], 64),
                block_hash=Digest(parse_data(raw["blockHash"])),
            ),
        )


def decode(log: RouterLog, block: Block, chain_id: int, router: Address) -> Seen:
    """The event of a log in `block`.

    Raises ChainUnavailable when log and header contradict each other, which only an endpoint at fault brings about.
    """
    try:
        return _DECODERS[log.topics[0]](log, block, chain_id, router)
    except (InvalidEncoding, KeyError, IndexError) as error:
        raise ChainUnavailable(f"a log of the router that its ABI does not know: {error}") from error


def _request(log: RouterLog, block: Block, chain_id: int, router: Address) -> Seen:
    event = interface("Router").event(binding.Requested, log.topics, log.data)
    if event.block_timestamp != block.timestamp or event.parent_hash != block.parent_hash:
        raise ChainUnavailable(f"block {block.number}: the request's context is not its header's")
    for name in ("subscription", "epoch", "nonce", "deadline"):
        if getattr(event, name) > MAX_INTEGER:
            return Dropped(f"{name} is above 2^53 - 1", log.location)
    request = Request(
        chain_id=chain_id,
        router=router,
        nonce=event.nonce,
        block_number=block.number,
        block_timestamp=block.timestamp,
        parent_hash=block.parent_hash,
        sender=Address.from_hex(event.sender),
        subscription=event.subscription,
        function_id=FunctionId(event.function_id),
        epoch=event.epoch,
        input=event.input,
        callback_gas_limit=event.callback_gas_limit,
        consumer=Address.from_hex(event.consumer),
    )
    identity = request_id(request)
    if identity != event.request_id:
        return Dropped(f"the id 0x{event.request_id.hex()} does not commit to this request ({identity})", log.location)
    return SeenRequest(request, identity, log.location, event.deadline)


def _delivery(log: RouterLog, _block: Block, _chain_id: int, _router: Address) -> Seen:
    event = interface("Router").event(binding.Delivered, log.topics, log.data)
    transmitter = Address.from_hex(event.transmitter)
    return SeenDelivery(RequestId(event.request_id), event.status, event.success, transmitter, log.location)


def _expiry(log: RouterLog, _block: Block, _chain_id: int, _router: Address) -> Seen:
    event = interface("Router").event(binding.Expired, log.topics, log.data)
    return SeenExpiry(RequestId(event.request_id), log.location)


_DECODERS: dict[bytes, Callable[[RouterLog, Block, int, Address], Seen]] = {
    binding.Requested.TOPIC: _request,
    binding.Delivered.TOPIC: _delivery,
    binding.Expired.TOPIC: _expiry,
}
TOPICS = tuple(_DECODERS)
"""First topics of the logs that `decode` knows."""
