"""What only the chain can tell about a receipt: its members, its request, its delivery and its price."""

from __future__ import annotations

from typing import Final as Constant

from executor.chain.calls import view
from executor.chain.client import ChainClient
from executor.chain.epochs import load_epoch
from executor.chain.logs import TOPICS, Seen, SeenDelivery, SeenRequest, decode, router_logs
from executor.chain.subscriptions import load_prices, load_subscription, load_versions
from executor.crypto import bls
from executor.crypto.digests import request_id
from executor.errors import ChainError, ChainUnavailable, InvalidConfig, InvalidValue, VerificationFailed, WrongChain
from executor.model.committee import Epoch
from executor.model.ids import Address
from executor.model.receipt import Bill, ChainLocation, Receipt
from executor.receipts.billing import check_quote
from executor.receipts.checks import Check, check, require
from executor.receipts.triggered import check_triggered, load_registered

FIELDS: Constant = ("committee", "profile_id", "round_length_s", "members", "verifiers")


async def verify_on_chain(receipt: Receipt, *rpc_urls: str, beacon: Address | None = None) -> list[Check]:
    """The checks against the receipt's chain, made after `verify_receipt`; of several endpoints a majority must agree.

    With the address of a Beacon also that the receipt's draw key is the one registered there for its epoch.
    Raises WrongChain or ChainUnavailable where they cannot answer: then nothing is known about the receipt.
    """
    client = ChainClient(rpc_urls, receipt.epoch.chain_id, receipt.epoch.router)
    try:
        try:
            await client.connect()
        except InvalidConfig as error:
            return [Check("chain", False, str(error))]
        return [
            check("chain", lambda: f"chain {client.chain_id}, router {client.router}"),
            await _members(client, receipt.epoch),
            await _requested(client, receipt),
            await _delivered(client, receipt),
            await _charged(client, receipt),
            *([] if beacon is None else [await _registered_key(client, receipt, beacon)]),
        ]
    finally:
        await client.close()


async def _members(client: ChainClient, stated: Epoch) -> Check:
    try:
        registered = await load_epoch(client, stated.number)
    except (WrongChain, ChainUnavailable):
        raise
    except ChainError as error:
        return Check("members", False, str(error))
    different = [name for name in FIELDS if getattr(registered, name) != getattr(stated, name)]
    if different:
        return Check("members", False, f"the registered epoch {stated.number} has other {', '.join(different)}")
    return Check("members", True, f"epoch {stated.number} is registered with these {stated.n} members and verifiers")


async def _requested(client: ChainClient, receipt: Receipt) -> Check:
    try:
        if receipt.request.origin is not None:
            return Check("requested", True, await check_triggered(client, receipt.request))
        seen = await _seen(client, receipt.requested, "request")
        requests = [each for each in seen if isinstance(each, SeenRequest) and each.request == receipt.request]
        require(bool(requests), "the transaction made no such request of this router")
        return Check("requested", True, f"transaction {requests[0].location.transaction}")
    except VerificationFailed as error:
        return Check("requested", False, str(error).removeprefix(f"{error.check}: "))
    except InvalidValue as error:
        return Check("requested", False, str(error))


async def _delivered(client: ChainClient, receipt: Receipt) -> Check:
    identifier = request_id(receipt.request)
    statuses = {int(report.status) for report in receipt.attestation.reports if report.request_id == identifier}
    try:
        seen = await _seen(client, receipt.delivered, "delivery")
        mine = [each for each in seen if isinstance(each, SeenDelivery) and each.request_id == identifier]
        require(bool(mine), "the transaction delivered no report about this request")
        require(mine[0].status in statuses, f"status {mine[0].status} was delivered, another is attested")
        if receipt.request.origin is None:
            callback = "the callback succeeded" if mine[0].success else "the callback failed"
        else:  # a push may have no receiver
            callback = "its receiver took it" if mine[0].success else "no receiver took it"
        return Check("delivered", True, f"transaction {mine[0].location.transaction}, {callback}")
    except VerificationFailed as error:
        return Check("delivered", False, str(error).removeprefix(f"{error.check}: "))


async def _charged(client: ChainClient, receipt: Receipt) -> Check:
    """Quote and charge are the router's events', the prices its own, and the quote is what they give."""
    identifier, bill = request_id(receipt.request), receipt.bill
    try:
        if bill is None:
            raise VerificationFailed("chain", "the receipt does not say what the request cost")
        closed = [each for each in await _seen(client, receipt.delivered, "delivery") if isinstance(each, SeenDelivery)]
        charges = [each.charge for each in closed if each.request_id == identifier]
        require(charges == [bill.charge], f"the router charged {charges}, the receipt says {bill.charge}")
        number, gas = await (_push_terms if receipt.request.origin else _request_terms)(client, receipt, bill)
        prices = await load_prices(client, bill.quote.prices_version)
        require(prices == bill.prices, f"version {bill.quote.prices_version} of the prices is {prices}")
        block = await client.block(number)
        if block is None:
            raise VerificationFailed("chain", f"the chain has no block {number}")
        base_fee_wei = block.base_fee_wei
        return check("charged", lambda: check_quote(receipt, bill, base_fee_wei, gas))
    except VerificationFailed as error:
        return Check("charged", False, str(error).removeprefix(f"{error.check}: "))


async def _registered_key(client: ChainClient, receipt: Receipt, beacon: Address) -> Check:
    epoch, shown = receipt.epoch, receipt.draw_key
    if shown is None:
        return Check("beacon", False, "the receipt holds no draw key: nothing in it was drawn from its committee")
    if not await client.code(beacon):
        return Check("beacon", False, f"there is no contract at {beacon}")
    try:
        stated = bls.to_evm_g2(shown.public_key)
        kept = await view(client, "Beacon", beacon, "drawKey", epoch.router, epoch.committee, epoch.number)
    except (WrongChain, ChainUnavailable):
        raise
    except (ChainError, InvalidValue) as error:
        return Check("beacon", False, str(error))
    if not kept:
        return Check("beacon", False, f"{beacon} has no draw key of epoch {epoch.number}")
    found = f"the draw key of epoch {epoch.number} at {beacon}"
    return Check("beacon", kept == stated, found if kept == stated else f"{found} is another")


async def _request_terms(client: ChainClient, receipt: Receipt, bill: Bill) -> tuple[int, int]:
    """The block whose base fee a request was quoted at, and its callback's gas; the quote is its event's."""
    made = [each for each in await _seen(client, receipt.requested, "request") if isinstance(each, SeenRequest)]
    quotes = [each.quote for each in made if each.request_id == request_id(receipt.request)]
    require(quotes == [bill.quote], f"the router's quote is {quotes}, the receipt says {bill.quote}")
    return receipt.request.block_number, receipt.request.callback_gas_limit


async def _push_terms(client: ChainClient, receipt: Receipt, bill: Bill) -> tuple[int, int]:
    """The same of a push, which is quoted when it is delivered, by prices in force in that block."""
    origin, place = receipt.request.origin, receipt.delivered
    if origin is None or place is None:
        raise VerificationFailed("chain", "the receipt names no push")
    first, last = await load_versions(client, place.block_number)
    stated = bill.quote.prices_version
    require(first <= stated <= last, f"the prices then were of version {last}, the receipt says {stated}")
    registration = await load_registered(client, origin.registration, place.block_number)
    asset = (await load_subscription(client, registration.subscription)).asset
    require(asset is bill.asset, f"subscription {registration.subscription} pays with {asset.name.lower()}")
    return place.block_number, registration.callback_gas_limit


async def _seen(client: ChainClient, stated: ChainLocation | None, what: str) -> list[Seen]:
    """The router's events in the transaction of a stated location, which must be canonical."""
    if stated is None:
        raise VerificationFailed("chain", f"the receipt does not say where the {what} stands")
    mined = await client.receipt(stated.transaction)
    if mined is None:
        raise VerificationFailed("chain", f"the chain has no transaction {stated.transaction}")
    logs = router_logs(mined.logs, client.router)
    logs = [log for log in logs if log.topics and log.topics[0] in TOPICS]
    require(all(log.location == stated for log in logs), f"the {what} stands in another block than the receipt says")
    block = await client.block(stated.block_number)
    if block is None or block.hash != stated.block_hash:
        raise VerificationFailed("chain", f"block {stated.block_number} is not {stated.block_hash}")
    return [decode(log, block, client.chain_id, client.router) for log in logs]
