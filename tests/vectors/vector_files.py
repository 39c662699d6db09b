"""Reading fixtures/vectors: the files that forge and other implementations read, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "fixtures" / "vectors"
NAMES = sorted(path.name.removesuffix(".schema.json") for path in VECTORS.glob("*.schema.json"))


def content(name: str) -> dict[str, Any]:
    """A vector file."""
    plain: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text())
    return plain


def rows(name: str, result: str) -> list[Any]:
    """Its tests of one result, each named by number and comment."""
    found = [row for row in content(name)["tests"] if row["result"] == result]
    return [pytest.param(row, id=f"{row['tcId']} {row['comment']}") for row in found]


def unhex(text: str) -> bytes:
    """Bytes in 0x form."""
    return bytes.fromhex(text.removeprefix("0x"))
