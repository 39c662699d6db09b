"""Transcripts and their hashes against fixtures/vectors/transcript.json."""

from __future__ import annotations

from typing import Any

import pytest
from vector_files import rows, unhex

from executor.crypto.digests import entry_hash, transcript_hash
from executor.errors import InvalidValue
from executor.model.codec import decode, encode
from executor.model.observation import Kind
from executor.model.transcript import Entry, Transcript

LIMIT = 100_000


@pytest.mark.parametrize("row", rows("transcript", "valid"))
def test_a_transcript_has_these_hashes(row: dict[str, Any]) -> None:
    """Of each entry at its slot, and of all of them; the JSON form reads back."""
    transcript: Transcript = decode(Transcript, unhex(row["text"]), limit=LIMIT)
    listed = tuple(Entry(unhex(e["spec"]), Kind(int(e["kind"])), unhex(e["value"])) for e in row["entries"])
    assert transcript == listed
    assert encode(transcript, Transcript) == unhex(row["text"])
    assert [str(entry_hash(slot, entry)) for slot, entry in enumerate(transcript)] == [
        entry["hash"] for entry in row["entries"]
    ]
    assert str(transcript_hash(transcript)) == row["hash"]


def test_different_transcripts_have_different_hashes() -> None:
    """Of the twelve, no two."""
    hashes = [param.values[0]["hash"] for param in rows("transcript", "valid")]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("row", rows("transcript", "invalid"))
def test_anything_else_is_no_transcript(row: dict[str, Any]) -> None:
    """Wrong codes, kinds, members, bytes, types and fields."""
    with pytest.raises(InvalidValue):
        decode(Transcript, unhex(row["text"]), limit=LIMIT)
