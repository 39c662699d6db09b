"""What only the chain can tell about a receipt: its members, its request, its delivery and its price."""

from __future__ import annotations

from typing import Final as Constant

from executor.chain.client import ChainClient
from executor.chain.epochs import load_epoch
from executor.chain.logs import TOPICS, Seen, SeenDelivery, SeenRequest, decode, router_logs
from executor.chain.subscriptions import load_prices
from executor.crypto.digests import request_id
from executor.errors import ChainError, ChainUnavailable, InvalidConfig, InvalidValue, VerificationFailed, WrongChain
from executor.model.committee import Epoch
from executor.model.receipt import ChainLocation, Receipt
from executor.receipts.billing import check_quote
from executor.receipts.checks import Check, check, require
from executor.receipts.triggered import check_triggered

FIELDS: Constant = ("committee", "profile_id", "round_length_s", "members", "verifiers")


async def verify_on_chain(receipt: Receipt, rpc_url: str) -> list[Check]:
    """The checks against one endpoint of the receipt's chain, made after `verify_receipt`.

    Raises WrongChain or ChainUnavailable for an endpoint that cannot answer: then nothing is known about the receipt.
    """
    client = ChainClient([rpc_url], receipt.epoch.chain_id, receipt.epoch.router)
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
        callback = "the callback succeeded" if mine[0].success else "the callback failed"
        return Check("delivered", True, f"transaction {mine[0].location.transaction}, {callback}")
    except VerificationFailed as error:
        return Check("delivered", False, str(error).removeprefix(f"{error.check}: "))


async def _charged(client: ChainClient, receipt: Receipt) -> Check:
    """Quote and charge are the router's events', the prices its own, and the quote is what they give."""
    identifier, bill = request_id(receipt.request), receipt.bill
    if receipt.request.origin is not None:  # the router charges a push at delivery: nothing was quoted
        return Check("charged", bill is None, "a push has no quote")
    try:
        if bill is None:
            raise VerificationFailed("chain", "the receipt does not say what the request cost")
        made = [each for each in await _seen(client, receipt.requested, "request") if isinstance(each, SeenRequest)]
        quotes = [each.quote for each in made if each.request_id == identifier]
        require(quotes == [bill.quote], f"the router's quote is {quotes}, the receipt says {bill.quote}")
        closed = [each for each in await _seen(client, receipt.delivered, "delivery") if isinstance(each, SeenDelivery)]
        charges = [each.charge for each in closed if each.request_id == identifier]
        require(charges == [bill.charge], f"the router charged {charges}, the receipt says {bill.charge}")
        prices = await load_prices(client, bill.quote.prices_version)
        require(prices == bill.prices, f"version {bill.quote.prices_version} of the prices is {prices}")
        block = await client.block(receipt.request.block_number)
        if block is None:
            raise VerificationFailed("chain", f"the chain has no block {receipt.request.block_number}")
        base_fee_wei = block.base_fee_wei
        return check("charged", lambda: check_quote(receipt, bill, base_fee_wei))
    except VerificationFailed as error:
        return Check("charged", False, str(error).removeprefix(f"{error.check}: "))


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
