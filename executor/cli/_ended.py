"""A request that no node has open: what was agreed, and each member's word of it, from receipts and own records.

Rule 1. A receipt is shown when its statements verify (everything but the replay, which `executor verify` makes) and it
        is about the request that was asked for; else it is said why not.
Rule 2. Receipts of different members hold different observation sets: they are put together, by slot and member. What
        no receipt holds, a member's own record may tell; nobody signed that, and it is marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from executor.cli._requests import line, shown, spec_line, why
from executor.crypto.digests import request_id
from executor.errors import ExecutorError, InvalidValue
from executor.model.codec import Json, encode_json, from_plain
from executor.model.observation import Kind, Observation
from executor.model.receipt import Receipt
from executor.model.report import Report
from executor.model.transcript import Entry
from executor.node.ended import EndedRequest
from executor.receipts.files import parse_receipt
from executor.receipts.replay import own_report
from executor.receipts.verify import verify_statements

_BESIDE: Final = ("request_id", "receipt", "waits_for", "view", "cut")  # what a node's answer has besides EndedRequest


@dataclass(frozen=True, slots=True)
class Known:
    """What one node gave: its receipt or why there is none, and its own words."""

    receipt: Receipt | None
    reason: str
    ended: EndedRequest | None


def read(request: str, answer: Any, told: Any) -> Known:
    """From what a node answered about the request and about its receipt (Rule 1)."""
    try:
        receipt: Receipt | None = _checked(request, told)
        reason = ""
    except ExecutorError as error:
        receipt, reason = None, str(error)
    return Known(receipt, reason, _ended(answer))


def comparison(request: str, urls: Sequence[str], answers: Sequence[Any], known: Sequence[Known]) -> Iterator[Any]:
    """The outcome, each slot's observations side by side, and what each node has."""
    yield Text(f"request {request}: open at no node that was asked")
    receipts = [each.receipt for each in known if each.receipt is not None]
    if receipts:
        yield from _outcome(receipts)
    for slot in range(max((len(receipt.transcript) for receipt in receipts), default=_told_slots(known))):
        yield from _slot(slot, receipts, known)
    for url, answer, each in zip(urls, answers, known, strict=True):
        has = "has its receipt" if each.receipt is not None else f"shows no receipt: {line(each.reason)}"
        over = "" if each.ended is None else f"{each.ended.state} at block {each.ended.block}; "
        said = "" if isinstance(answer, dict) and ("state" in answer or _is_none(answer)) else f"{why(answer)}; "
        yield Text(f"{url}: {said}{over}{has}", style="" if each.receipt is not None else "red")
    if (source := next((url for url, each in zip(urls, known, strict=True) if each.receipt is not None), "")) != "":
        yield Text(
            f"{source.rstrip('/')}/v1/receipts/{request} is the receipt: `executor verify` checks and replays it"
        )


def facts(each: Known) -> dict[str, Json]:
    """The same of one node, for programs."""
    if each.receipt is None:
        return {"error": each.reason}
    report = own_report(each.receipt)
    return {
        "status": report.status.name.lower(),
        "fuel_used": report.fuel_used,
        "payload": f"0x{each.receipt.payload.hex()}",
        "observations": [
            {
                "agreed": _word(entry),
                "members": {str(one.member): _word(one.observation) for one in entry.observations},
            }
            for entry in each.receipt.transcript
        ],
        "voted": [vote.member for vote in each.receipt.votes],
        "delivered": None if each.receipt.delivered is None else str(each.receipt.delivered.transaction),
    }


def _checked(request: str, told: Any) -> Receipt:
    if not isinstance(told, dict) or set(told) == {"error"}:
        raise InvalidValue(why(told))
    receipt = parse_receipt(encode_json(told))
    if str(request_id(receipt.request)) != request:
        raise InvalidValue("it gave the receipt of another request")
    for check in verify_statements(receipt):
        if not check.passed:
            raise InvalidValue(f"its receipt does not hold: {check.name}: {check.detail}")
    return replace(receipt, function=replace(receipt.function, module=b"", source=b""))  # of many nodes, some MB each


def _ended(answer: Any) -> EndedRequest | None:
    if not isinstance(answer, dict):
        return None
    try:
        plain = {name: value for name, value in answer.items() if name not in _BESIDE}
        ended: EndedRequest = from_plain(EndedRequest, plain)
    except (InvalidValue, ValueError, RecursionError):
        return None
    return ended


def _outcome(receipts: Sequence[Receipt]) -> Iterator[Text]:
    first = receipts[0]
    report, epoch = own_report(first), first.epoch
    yield Text(f"function {first.request.function_id}, epoch {epoch.number}: {epoch.n} members, quorum {epoch.quorum}")
    yield Text(f"{report.status.name.lower()} {shown(first.payload)}, fuel {report.fuel_used}")
    if len({_said(own_report(receipt)) for receipt in receipts}) > 1:
        yield Text(
            "receipts of different outcomes: that must never be; keep them, see `executor evidence`", style="red"
        )
    voted = sorted({vote.member for receipt in receipts for vote in receipt.votes})
    yield Text(f"votes kept of members {', '.join(map(str, voted)) or 'none'}")
    delivered = next((receipt.delivered for receipt in receipts if receipt.delivered is not None), None)
    if delivered is None:
        yield Text("no delivery was seen by those who gave receipts")
    else:
        yield Text(f"delivered in block {delivered.block_number}, transaction {delivered.transaction}")


def _said(report: Report) -> tuple[object, ...]:
    return report.transcript_hash, report.status, report.fuel_used, report.output_hash


def _slot(slot: int, receipts: Sequence[Receipt], known: Sequence[Known]) -> Iterator[Text | Table]:
    entries = [receipt.transcript[slot] for receipt in receipts if slot < len(receipt.transcript)]
    words: dict[int, Text] = {
        one.member: Text(_word(one.observation)) for entry in reversed(entries) for one in entry.observations
    }
    for each in known:
        ended = each.ended
        for own in () if ended is None else ended.observations:
            if ended is not None and own.slot == slot and ended.member is not None and ended.member not in words:
                said = f"{'' if own.kind == 'value' else own.kind + ' '}{shown(own.value)}"
                words[ended.member] = Text(said).append(" (its own record)", style="dim")
    if entries and entries[0].kind is Kind.DRAW:
        yield Text(f"draw, slot {slot}: {shown(entries[0].value)}")
        return
    if entries:
        yield Text(f"slot {slot} agreed: {_word(entries[0])}  ({spec_line(entries[0].spec)})")
    members = range(receipts[0].epoch.n) if receipts else sorted(words)
    table = Table("member", f"observation of slot {slot}")
    for member in members:
        table.add_row(str(member), words.get(member, Text("in no set that was shown", style="dim")))
    yield table


def _told_slots(known: Sequence[Known]) -> int:
    slots = [own.slot for each in known if each.ended is not None for own in each.ended.observations]
    return min(max(slots, default=-1) + 1, 256)


def _word(said: Entry | Observation) -> str:
    return f"{'' if said.kind is Kind.VALUE else said.kind.name.lower() + ' '}{shown(said.value)}"


def _is_none(answer: dict[str, Any]) -> bool:
    return "no open request" in str(answer.get("error"))
