"""Receipts of a node: written when an outcome is attested, completed when its delivery is seen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final as Constant

from executor.errors import StoreError
from executor.model.committee import Epoch
from executor.model.draw_key import ShownDrawKey
from executor.model.function import Function
from executor.model.ids import RequestId
from executor.model.receipt import Bill, ChainLocation, Receipt
from executor.model.reply import KeptReply
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.protocol.effects import Attested
from executor.receipts import build_receipt, keeps_replies, read_receipt, write_receipt
from executor.receipts.build import draws_from_committee

FRESH: Constant = 64  # receipts kept in memory for their delivery; the largest have some MB


class ReceiptFiles:
    """One file a request, named by its id."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._fresh: OrderedDict[RequestId, Receipt] = OrderedDict()  # written, and soon to be completed
        self.replies: Callable[[RequestId], Iterable[KeptReply]] = lambda _: ()  # what this node's looks were answered
        self.draw_key: Callable[[Epoch], ShownDrawKey | None] = lambda _: None  # that an epoch's committee drew with
        with _on_disk(directory):
            directory.mkdir(parents=True, exist_ok=True)

    def path(self, request_id: RequestId) -> Path:
        """Where the request's receipt stands or will stand."""
        return self.directory / f"{request_id}.json"

    def attested(
        self, epoch: Epoch, attested: Attested, request: Request, function: Function, requested: ChainLocation | None
    ) -> None:
        """Write the receipt, without its delivery."""
        receipt = build_receipt(
            function=function,
            epoch=epoch,
            request=request,
            transcript=attested.transcript,
            certificate=attested.certificate,
            payload=attested.payload,
            votes=attested.votes,
            attestation=attested.attestation,
            requested=requested,
            replies=self.replies(attested.request_id) if keeps_replies(function.terms) else (),
            draw_key=self._drawn_with(epoch, attested.transcript),
        )
        with _on_disk(self.path(attested.request_id)):
            write_receipt(self.path(attested.request_id), receipt, durably=False)  # after a restart it is told again
        self._fresh[attested.request_id] = receipt
        if len(self._fresh) > FRESH:
            self._fresh.popitem(last=False)

    def keep(self, request_id: RequestId, receipt: Receipt) -> None:
        """Write a receipt that stands for itself: made here, or given by another member and checked."""
        path = self.path(request_id)
        with _on_disk(path):
            write_receipt(path, receipt)

    def complete(self, request_id: RequestId, delivered: ChainLocation | None, bill: Bill | None) -> None:
        """Write where the delivery stands and what it cost, or None when a reorganisation undid it, into the receipt.

        Only if this node has one: a node that was down may have missed the attestation. Raises InvalidReceipt.
        """
        path = self.path(request_id)
        if path.exists():
            written = self._fresh.pop(request_id, None) or read_receipt(path)
            key = written.draw_key or self._drawn_with(written.epoch, written.transcript)  # it may have come since
            self.keep(request_id, replace(written, delivered=delivered, bill=bill, draw_key=key))

    def _drawn_with(self, epoch: Epoch, transcript: Transcript) -> ShownDrawKey | None:
        return self.draw_key(epoch) if draws_from_committee(transcript) else None


@contextmanager
def _on_disk(path: Path) -> Iterator[None]:
    """What the disk refuses ends the node, in words: started again, it is told of every attestation again."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"cannot write {path}: {reason}; mend the disk or its rights, then start the node") from error
