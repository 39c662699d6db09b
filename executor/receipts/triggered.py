"""What only the chain can tell about a request that a trigger made: its home block, its registration, a log of it."""

from __future__ import annotations

from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3.types import FilterParams

from executor.chain.bindings import triggers as binding
from executor.chain.client import Block, ChainClient, checksum, well_formed
from executor.chain.contract_logs import parse_log
from executor.chain.triggers import Registered, load_triggers, read_change
from executor.errors import VerificationFailed
from executor.model.ids import Address, RegistrationId
from executor.model.request import Request
from executor.model.trigger import Registration, kind_of
from executor.model.trigger_config import BlockConfig, CronConfig, HttpConfig, LogConfig, parse_trigger_config
from executor.model.trigger_input import BlockData, CronData, HttpData, LogData, decode_input
from executor.receipts.checks import require


async def check_triggered(client: ChainClient, request: Request) -> str:
    """Whether the home chain knows the block and the registration, and the registration asks for this event.

    Raises VerificationFailed naming the difference, and InvalidValue for an input that is none.
    """
    origin = request.origin
    if origin is None:
        raise VerificationFailed("trigger", "no trigger made this request")
    block = await client.block(request.block_number)
    if block is None:
        raise VerificationFailed("trigger", f"the chain has no block {request.block_number}")
    stated = (request.block_timestamp, request.parent_hash)
    require((block.timestamp, block.parent_hash) == stated, f"block {block.number} is another than the receipt says")
    registration = await load_registered(client, origin.registration, block.number)
    require(registration.function_id == request.function_id, f"it is registered for {registration.function_id}")
    require(registration.kind is kind_of(origin.event), f"a {registration.kind.name.lower()} trigger is registered")
    given = decode_input(request.input)
    require(given.input == registration.input, "another input is registered")
    await _check_event(client, registration, given.event, block)
    return f"block {block.number}, registration {origin.registration} of {registration.owner}"


async def load_registered(client: ChainClient, identity: RegistrationId, until: int) -> Registration:
    """As it was registered, also where it was removed since: one query by its id over the whole chain."""
    triggers = await load_triggers(client)
    if triggers is None:
        raise VerificationFailed("trigger", "the router has no trigger registry")
    wanted = FilterParams(
        address=checksum(triggers),
        topics=[HexBytes(binding.TriggerRegistered.TOPIC), HexBytes(identity)],
        fromBlock=BlockNumber(0),
        toBlock=BlockNumber(until),
    )
    with well_formed():
        changes = [read_change(parse_log(each, triggers)) for each in await client.w3.eth.get_logs(wanted)]
    found = [each for each in changes if isinstance(each, Registered) and each.registration_id == identity]
    require(len(found) == 1 and found[0].block < until, f"no registration {identity} was made before block {until}")
    return found[0].registration


async def _check_event(
    client: ChainClient, registration: Registration, event: LogData | CronData | BlockData | HttpData, block: Block
) -> None:
    config = parse_trigger_config(registration.kind, registration.config)
    match config, event:
        case CronConfig(), CronData(time_s):
            require(config.times.next_after(time_s - 1) == time_s, f"{config.schedule!r} does not name {time_s}")
            await _check_first(client, block, time_s)
        case BlockConfig(), BlockData(number):
            require(number % config.every == 0, f"block {number} is no multiple of {config.every}")
        case HttpConfig(), HttpData(signer=signer):
            require(str(signer) in config.signers, f"{signer} is none of the registered signers")
        case LogConfig(), LogData():
            await _check_log(client, config, event)
            if event.chain_id != client.chain_id:
                await _check_first(client, block, event.block_timestamp)
        case _:
            raise VerificationFailed("trigger", "the event is of another kind than the registration")


async def _check_first(client: ChainClient, block: Block, time_s: int) -> None:
    before = await client.block(block.number - 1) if block.number else None
    first = block.timestamp >= time_s and (before is None or before.timestamp < time_s)
    require(first, f"block {block.number} is not the first at {time_s}")


async def _check_log(client: ChainClient, config: LogConfig, log: LogData) -> None:
    require(
        log.chain_id == (config.chain_id or client.chain_id), f"logs of another chain than {log.chain_id} are meant"
    )
    require(config.matches(log.address, log.topics), "the registration does not ask for this log")
    if log.chain_id != client.chain_id:
        return  # that chain is not at hand
    mined = await client.receipt(log.transaction_hash)
    if mined is None:
        raise VerificationFailed("trigger", f"the chain has no transaction {log.transaction_hash}")
    require(mined.location.block_hash == log.block_hash, f"{log.transaction_hash} stands in another block")
    with well_formed():
        logs = [parse_log(each, Address.from_hex(each["address"])) for each in mined.logs]
    same = [each for each in logs if each.index == log.log_index]
    require(
        [(each.address, each.topics, each.data) for each in same] == [(log.address, log.topics, log.data)],
        f"log {log.log_index} of {log.transaction_hash} is another",
    )
