"""Blobs: whole or absent, and never wrong."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from executor.crypto.digests import keccak256
from executor.errors import InvalidValue, StoreError
from executor.store.blobs import Blobs
from executor.store.files import TEMPORARY_PREFIX


def test_blobs_are_found_by_hash(tmp_path: Path) -> None:
    """Kept, found, found again by another instance; unknown ones are None."""
    blobs = Blobs(tmp_path / "blobs")
    digest = blobs.put(b"wasm")
    assert keccak256(b"wasm") == digest
    assert digest in blobs
    assert Blobs(tmp_path / "blobs").find(digest) == b"wasm"
    assert blobs.find(keccak256(b"other")) is None
    assert keccak256(b"other") not in blobs
    assert blobs.find(blobs.put(b"")) == b""


def test_a_damaged_blob_is_detected_and_repaired(tmp_path: Path) -> None:
    """One flipped bit, a cut, an overlong file: StoreError on reading, right again after the next `put`."""
    blobs = Blobs(tmp_path, max_bytes=100)
    digest = blobs.put(b"wasm")
    for damage in (b"wasl", b"was", b"", b"x" * 101):
        (tmp_path / digest.hex()).write_bytes(damage)
        with pytest.raises(StoreError):
            blobs.find(digest)
        assert blobs.put(b"wasm") == digest
        assert blobs.find(digest) == b"wasm"


def test_oversized_blobs_are_refused(tmp_path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(InvalidValue, match="limit is 3"):
        Blobs(tmp_path, max_bytes=3).put(b"wasm")
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_crash_are_dropped(tmp_path: Path) -> None:
    """Half-written temporaries disappear when the directory is next opened; blobs stay."""
    digest = Blobs(tmp_path).put(b"wasm")
    (tmp_path / f"{TEMPORARY_PREFIX}0123").write_bytes(b"was")
    Blobs(tmp_path)
    assert [digest.hex()] == [path.name for path in tmp_path.iterdir()]


def test_a_full_disk_leaves_no_half_blob(tmp_path: Path) -> None:
    """The write that does not fit raises StoreError and leaves nothing."""
    blobs = Blobs(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        with pytest.raises(StoreError, match="cannot write"):
            blobs.put(bytes(4096))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    """A file where the directory should be."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot use"):
        Blobs(tmp_path / "file")
