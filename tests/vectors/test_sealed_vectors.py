"""Sealed texts and private inputs against fixtures/vectors/sealed.json, which libsodium's own functions made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from executor.crypto.digests import epoch_digest
from executor.errors import InvalidValue
from executor.keys.envelopes import open_text, parse_sealed
from executor.keys.private_inputs import parse_private_input
from executor.keys.sealing import unseal
from executor.model.committee import EpochIdentity
from executor.model.ids import Address

FOLDER = Path(__file__).parents[2] / "fixtures" / "vectors"
SEALED = json.loads((FOLDER / "sealed.json").read_text())


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def opened(data: bytes, secrets: list[str], member: int, context: bytes) -> bytes:
    parts = parse_sealed(data, len(secrets))
    return open_text(unseal(unhex(secrets[member]), parts.boxes[member]), parts, context)


def test_the_vectors_fit_their_schema() -> None:
    """The file is what its schema says."""
    jsonschema.validate(SEALED, json.loads((FOLDER / SEALED["schema"]).read_text()))


@pytest.mark.parametrize("row", SEALED["tests"], ids=lambda row: str(row["tcId"]))
def test_sealed_texts_open_as_the_vectors_say(row: dict[str, Any]) -> None:
    """Every member reads a valid one; the first member reads none of the others."""
    data, context, text = unhex(row["sealed"]), unhex(row["context"]), unhex(row["text"])
    if row["result"] == "valid":
        assert [opened(data, row["secrets"], at, context) for at in range(len(row["secrets"]))] == [text] * len(
            row["secrets"]
        )
    else:
        with pytest.raises(InvalidValue):
            opened(data, row["secrets"], 0, context)


@pytest.mark.parametrize("row", SEALED["inputs"], ids=lambda row: str(row["tcId"]))
def test_private_inputs_open_as_the_vectors_say(row: dict[str, Any]) -> None:
    """The context is that of the epoch, function and consumer that stand before the sealed text."""
    found = parse_private_input(unhex(row["envelope"]))
    places = [Address.from_hex(row[name]) for name in ("router", "committee")]
    assert found.epoch == epoch_digest(EpochIdentity(int(row["chainId"]), *places, int(row["epoch"])))
    assert (found.function_id, found.consumer) == (unhex(row["functionId"]), unhex(row["consumer"]))
    texts = [opened(found.sealed, row["secrets"], at, found.context) for at in range(len(row["secrets"]))]
    assert texts == [unhex(row["text"])] * len(row["secrets"])
