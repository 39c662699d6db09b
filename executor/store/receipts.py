"""Receipts as files, one a request, ready to be sent to anyone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from executor.errors import InvalidValue
from executor.model.ids import RequestId
from executor.model.receipt import MAX_RECEIPT_BYTES
from executor.store.files import make_directory, read_whole, write_whole


class ReceiptFiles:
    """A directory of `<request id>.json`; the bytes are the receipt's canonical encoding, made elsewhere."""

    def __init__(self, directory: Path) -> None:
        make_directory(directory)
        self._directory = directory

    def save(self, request_id: RequestId, receipt: bytes) -> Path:
        """Keep a receipt durably, in place of an earlier one of the same request; its path."""
        if len(receipt) > MAX_RECEIPT_BYTES:
            raise InvalidValue(f"a receipt of {len(receipt)} bytes; the limit is {MAX_RECEIPT_BYTES}")
        write_whole(self.path(request_id), receipt)
        return self.path(request_id)

    def find(self, request_id: RequestId) -> bytes | None:
        """The receipt's bytes, or None."""
        return read_whole(self.path(request_id), limit=MAX_RECEIPT_BYTES)

    def path(self, request_id: RequestId) -> Path:
        """Where the receipt of this request is or would be."""
        return self._directory / f"{request_id}.json"

    def __iter__(self) -> Iterator[RequestId]:
        """The requests that have a receipt, in the order of their ids (D9)."""
        for path in sorted(self._directory.glob("0x*.json")):
            yield RequestId.from_hex(path.stem)
