"""Receipt files: canonical JSON, read under a size limit, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from executor.errors import InvalidEncoding, InvalidReceipt, InvalidValue
from executor.model.codec import decode, encode
from executor.model.receipt import MAX_RECEIPT_BYTES, Receipt


def read_receipt(path: Path) -> Receipt:
    """The receipt in a file; raises InvalidReceipt naming what is malformed."""
    try:
        size = path.stat().st_size
        if size > MAX_RECEIPT_BYTES:
            raise InvalidReceipt(f"{path} has {size} bytes, the limit is {MAX_RECEIPT_BYTES}")
        return parse_receipt(path.read_bytes())
    except OSError as error:
        raise InvalidReceipt(f"{path}: {error.strerror}") from error


def parse_receipt(data: bytes) -> Receipt:
    """The receipt in canonical bytes, one final newline allowed; raises InvalidReceipt."""
    try:
        receipt: Receipt = decode(Receipt, data.removesuffix(b"\n"), limit=MAX_RECEIPT_BYTES)
    except InvalidEncoding as error:
        raise InvalidReceipt(f"not a receipt: {error}") from error
    except InvalidValue as error:
        raise InvalidReceipt(f"not a receipt: {error}") from error
    return receipt


def write_receipt(path: Path, receipt: Receipt, *, durably: bool = True) -> None:
    """Writes beside the place and renames, so that a reader never sees half a receipt.

    Not `durably`: when the machine (not the process) goes down soon after, an empty file may be left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        try:
            file.write(encode(receipt) + b"\n")
            file.flush()
            if durably:
                os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
