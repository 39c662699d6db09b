"""The router's logs as typed events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, TypeVar
from typing import Final as Constant

from eth_utils.abi import collapse_if_tuple
from web3.types import LogReceipt

from executor.chain.bindings import load
from executor.chain.bindings import router as binding
from executor.chain.bindings.decoded import Decoded
from executor.chain.client import Block, well_formed
from executor.chain.contracts import CODEC
from executor.crypto.digests import request_id
from executor.errors import ChainUnavailable, InvalidValue
from executor.model.billing import Charge, Quote
from executor.model.codec import MAX_INTEGER, Hex, from_plain
from executor.model.ids import Address, Digest, FunctionId, RequestId
from executor.model.receipt import ChainLocation
from executor.model.request import Request
from executor.model.transaction import Quantity

MAX_INPUT_BYTES: Constant = 65_536  # contracts/src/Settings.sol, MAX_INPUT_LENGTH

Json = Any
E = TypeVar("E", bound=Decoded)


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request deep enough to run; `deadline` is the block timestamp from which it can only expire."""

    request: Request
    request_id: RequestId
    location: ChainLocation
    deadline: int
    quote: Quote


@dataclass(frozen=True, slots=True)
class SeenDelivery:
    """A request was closed by an attested report, or one that a trigger made was pushed.

    `status` is as in the report, `success` the callback's.
    """

    request_id: RequestId
    status: int
    success: bool
    transmitter: Address
    location: ChainLocation
    charge: Charge


@dataclass(frozen=True, slots=True)
class SeenExpiry:
    """A request was closed by its timeout and `refund`, all that was reserved for it, released."""

    request_id: RequestId
    location: ChainLocation
    refund: int


@dataclass(frozen=True, slots=True)
class Closed:
    """What a restarted node still knows of a delivery or an expiry: where it stood."""

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

    topics: tuple[Digest, ...]
    data: Hex
    index: Quantity
    location: ChainLocation

    @classmethod
    def parse(cls, raw: LogReceipt | Json, router: Address) -> RouterLog:
        """Read a log as web3 or as an endpoint gives it; raises InvalidValue, KeyError or TypeError for another."""
        if Address.from_hex(raw["address"]) != router or raw.get("removed"):
            raise InvalidValue("a log that was not asked for")
        return cls(
            topics=from_plain(tuple[Digest, ...], raw["topics"]),
            data=from_plain(Hex, raw["data"]),
            index=from_plain(Quantity, raw["logIndex"]),
            location=ChainLocation(
                transaction=from_plain(Digest, raw["transactionHash"]),
                block_number=from_plain(Quantity, raw["blockNumber"]),
                block_hash=from_plain(Digest, raw["blockHash"]),
            ),
        )

    def event(self, kind: type[E], of: str = "Router") -> E:
        """The event of a contract it records; raises ChainUnavailable where the contract's ABI has it otherwise."""
        indexed, kinds = _layout(of, kind.__name__)
        with well_formed():
            if len(self.topics) != 1 + sum(indexed):
                raise InvalidValue(f"{len(self.topics)} topics of an event with {sum(indexed)} indexed arguments")
            arguments = list(zip(kinds, indexed, strict=True))
            topics = iter(self.topics[1:])
            data = iter(CODEC.decode([each for each, is_topic in arguments if not is_topic], self.data))
            return kind.from_abi(
                [CODEC.decode([each], next(topics))[0] if is_topic else next(data) for each, is_topic in arguments]
            )


@cache
def _layout(of: str, name: str) -> tuple[tuple[bool, ...], tuple[str, ...]]:
    """Which arguments of a contract's event are topics, all of them words; and the types of all."""
    (event,) = (item for item in load(of).abi if item["type"] == "event" and item["name"] == name)
    return tuple(each["indexed"] for each in event["inputs"]), tuple(map(collapse_if_tuple, event["inputs"]))


def router_logs(raw: Sequence[LogReceipt], router: Address) -> list[RouterLog]:
    """The router's own among the logs of a receipt; raises ChainUnavailable."""
    with well_formed():
        return [RouterLog.parse(log, router) for log in raw if Address.from_hex(log["address"]) == router]


def decode(log: RouterLog, block: Block, chain_id: int, router: Address) -> Seen:
    """The event of a log in `block`.

    Raises ChainUnavailable when log and header contradict each other, which only an endpoint at fault brings about.
    """
    with well_formed():
        decoder = _DECODERS[log.topics[0]]
    return decoder(log, block, chain_id, router)


def _request(log: RouterLog, block: Block, chain_id: int, router: Address) -> Seen:
    event = log.event(binding.Requested)
    context = event.context
    if (context.block_number, context.block_timestamp, context.parent_hash) != (
        block.number,
        block.timestamp,
        block.parent_hash,
    ):
        raise ChainUnavailable(f"block {block.number}: the request's context is not its header's")
    for name in ("subscription", "epoch", "nonce"):
        if getattr(context, name) > MAX_INTEGER:
            return Dropped(f"{name} is above 2^53 - 1", log.location)
    if len(event.input) > MAX_INPUT_BYTES:
        reason = f"an input of {len(event.input)} bytes; a router takes {MAX_INPUT_BYTES} at most"
        return Dropped(reason, log.location)
    request = Request(
        chain_id=chain_id,
        router=router,
        nonce=context.nonce,
        block_number=block.number,
        block_timestamp=block.timestamp,
        parent_hash=block.parent_hash,
        sender=Address.from_hex(context.sender),
        subscription=context.subscription,
        function_id=FunctionId(context.function_id),
        epoch=context.epoch,
        input=event.input,
        callback_gas_limit=context.callback_gas_limit,
        consumer=Address.from_hex(context.consumer),
    )
    identity = request_id(request)
    if identity != event.request_id:
        return Dropped(f"the id 0x{event.request_id.hex()} does not commit to this request ({identity})", log.location)
    return SeenRequest(request, identity, log.location, event.deadline, Quote(event.quote.max_cost, event.quote.prices))


def _delivery(log: RouterLog, _block: Block, _chain_id: int, _router: Address) -> Seen:
    event = log.event(binding.Delivered)
    transmitter = Address.from_hex(event.transmitter)
    charge = Charge(event.charge.work, event.charge.gas_cost, event.charge.refund)
    return SeenDelivery(RequestId(event.request_id), event.status, event.success, transmitter, log.location, charge)


def _push(log: RouterLog, _block: Block, _chain_id: int, _router: Address) -> Seen:
    event = log.event(binding.Pushed)
    transmitter = Address.from_hex(event.transmitter)
    charge = Charge(event.charge.work, event.charge.gas_cost, event.charge.refund)
    return SeenDelivery(RequestId(event.request_id), event.status, event.success, transmitter, log.location, charge)


def _expiry(log: RouterLog, _block: Block, _chain_id: int, _router: Address) -> Seen:
    event = log.event(binding.Expired)
    return SeenExpiry(RequestId(event.request_id), log.location, event.refund)


_DECODERS: dict[bytes, Callable[[RouterLog, Block, int, Address], Seen]] = {
    binding.Requested.TOPIC: _request,
    binding.Delivered.TOPIC: _delivery,
    binding.Expired.TOPIC: _expiry,
    binding.Pushed.TOPIC: _push,
}
TOPICS = tuple(_DECODERS)
"""First topics of the logs that `decode` knows."""
