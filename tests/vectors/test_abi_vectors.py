"""abi.encode and abi.decode of the JavaScript SDK against fixtures/vectors/abi.json, which forge reads, too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from vector_files import rows, unhex

from executor import Failed, Function, Program, Request, Returned, Terms, engine_for, execute, load

SOURCE = b"""import { abi, hex } from "executor";
const plain = (value) => typeof value === "bigint" ? value.toString()
  : value instanceof Uint8Array ? "0x" + hex.encode(value).replace("0x", "")
  : Array.isArray(value) ? value.map(plain) : value;
export default (input) => {
  const { types, data } = input.json();
  const values = abi.decode(types, hex.decode(data));
  const again = plain(abi.encode(types, values));
  return JSON.stringify({ values: values.map(plain), again });
};
"""


@pytest.fixture(scope="module")
def program() -> Program:
    """A function that decodes its input and encodes the values again."""
    return load(Function(engine_for("javascript"), Terms.model_validate({"limits": {"output_bytes": 16_384}}), SOURCE))


def decoded(program: Program, row: dict[str, Any]) -> dict[str, Any] | None:
    """Values and their encoding, or None where the SDK throws."""
    given = json.dumps({"types": row["types"], "data": row["encoded"]}).encode()
    outcome = execute(program, Request.local(program.function_id, given))
    if isinstance(outcome, Failed):
        return None
    assert isinstance(outcome, Returned)
    plain: dict[str, Any] = json.loads(outcome.output)
    return plain


@pytest.mark.parametrize("row", rows("abi", "valid"))
def test_an_encoding_is_read_and_written(program: Program, row: dict[str, Any]) -> None:
    """Both ways."""
    assert decoded(program, row) == {"values": row["values"], "again": row["encoded"]}


@pytest.mark.parametrize("row", rows("abi", "acceptable"))
def test_what_solidity_reads_is_read(program: Program, row: dict[str, Any]) -> None:
    """And written in the one form that encoders write; only padding that is not zero is refused here."""
    strict = "Padding" in row["flags"]
    assert decoded(program, row) == (None if strict else {"values": row["values"], "again": row["canonical"]})
    assert unhex(row["canonical"]) != unhex(row["encoded"])


@pytest.mark.parametrize("row", rows("abi", "invalid"))
def test_what_solidity_refuses_is_refused(program: Program, row: dict[str, Any]) -> None:
    """The function fails with an error of its language."""
    assert decoded(program, row) is None
