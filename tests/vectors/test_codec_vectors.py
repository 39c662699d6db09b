"""Canonical JSON against fixtures/vectors/codec.json (D7)."""

from __future__ import annotations

from typing import Any

import pytest
from vector_files import rows, unhex

from executor.errors import InvalidEncoding
from executor.model.codec import decode_json, encode_json

LIMIT = 100_000


@pytest.mark.parametrize("row", rows("codec", "valid"))
def test_a_value_has_this_one_spelling(row: dict[str, Any]) -> None:
    """Both ways, and one byte too many for the limit is refused."""
    text = unhex(row["text"])
    assert encode_json(row["value"]) == text
    assert decode_json(text, limit=len(text)) == row["value"]
    with pytest.raises(InvalidEncoding, match="the limit is"):
        decode_json(text, limit=len(text) - 1)


@pytest.mark.parametrize("row", rows("codec", "invalid"))
def test_any_other_text_is_refused(row: dict[str, Any]) -> None:
    """Second spellings too: the value's own spelling is accepted."""
    with pytest.raises(InvalidEncoding):
        decode_json(unhex(row["text"]), limit=LIMIT)
    if "canonical" in row:
        decode_json(unhex(row["canonical"]), limit=LIMIT)
