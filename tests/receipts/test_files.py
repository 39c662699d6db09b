"""Receipt files: whole or refused."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from make_receipts import make_receipt

from executor.errors import InvalidReceipt
from executor.model.codec import encode, encode_json, json_schema, to_plain
from executor.model.receipt import Receipt
from executor.receipts import read_receipt, write_receipt
from executor.receipts.files import parse_receipt

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "receipt.schema.json"


def test_a_written_receipt_reads_back(tmp_path: Path) -> None:
    """The observation sets, which equality ignores, come back too."""
    path = tmp_path / "new" / "receipt.json"
    write_receipt(path, make_receipt())
    write_receipt(path, make_receipt())
    assert encode(read_receipt(path)) == encode(make_receipt())
    assert [file.name for file in path.parent.iterdir()] == ["receipt.json"]


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    """A file cut anywhere is no receipt."""
    data = encode(make_receipt())
    for length in (0, 1, 2, len(data) // 3, len(data) // 2, len(data) - 1):
        path = tmp_path / f"{length}.json"
        path.write_bytes(data[:length])
        with pytest.raises(InvalidReceipt, match="not a receipt"):
            read_receipt(path)


def test_missing_and_oversized_files_are_refused(tmp_path: Path) -> None:
    """Size is looked at before a byte is read."""
    with pytest.raises(InvalidReceipt, match="No such file"):
        read_receipt(tmp_path / "none.json")
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(InvalidReceipt, match="the limit is"):
        read_receipt(large)


@pytest.mark.parametrize("edit", ["extra", "missing", "spaces", "float", "upper case", "array", "deep"])
def test_other_forms_are_refused(edit: str) -> None:
    """Canonical JSON of exactly the schema's fields, in one spelling."""
    plain = to_plain(make_receipt())
    match edit:
        case "extra":
            data = encode_json({**plain, "note": "hi"})
        case "missing":
            data = encode_json({key: value for key, value in plain.items() if key != "votes"})
        case "spaces":
            data = encode(make_receipt()).replace(b":", b": ", 1)
        case "float":
            data = encode(make_receipt()).replace(b'"version":1', b'"version":1.0')
        case "upper case":
            data = encode_json({**plain, "payload": plain["payload"].upper().replace("0X", "0x") + "AB"})
        case "array":
            data = b"[]"
        case _:
            data = b"[" * 100_000
    with pytest.raises(InvalidReceipt):
        parse_receipt(data)


def test_the_published_schema_is_current_and_holds() -> None:
    """docs/receipt.schema.json is what the code generates, and real receipts satisfy it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **json_schema(Receipt)}
    assert SCHEMA.read_bytes() == encode_json(schema) + b"\n"
    jsonschema.validate(to_plain(make_receipt()), schema)
