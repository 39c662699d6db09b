"""Receipts go when they are old or too large together, and never while something may rest on them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from executor.errors import InvalidConfig
from executor.node.config import check_config
from executor.node.receipt_keeping import DAY_S, EVIDENCE_S, Kept, sweep

NOW_S = 2_000_000_000.0
LARGE = 1 << 40


def receipt(folder: Path, number: int, age_days: float, size: int = 10) -> Path:
    path = folder / f"0x{number:064x}.json"
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW_S - age_days * DAY_S,) * 2)
    return path


def test_what_is_older_than_wanted_goes(tmp_path: Path) -> None:
    old, fresh = receipt(tmp_path, 1, 91), receipt(tmp_path, 2, 89)
    assert sweep(tmp_path, NOW_S, kept_s=90 * DAY_S, kept_bytes=LARGE) == Kept(1, 10, 1)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_the_oldest_go_while_all_are_too_large(tmp_path: Path) -> None:
    paths = [receipt(tmp_path, number, 20 + number) for number in range(5)]
    assert sweep(tmp_path, NOW_S, kept_s=90 * DAY_S, kept_bytes=25) == Kept(2, 20, 3)
    assert [path.exists() for path in paths] == [True, True, False, False, False]


def test_what_may_be_evidence_stays_however_large(tmp_path: Path) -> None:
    """Also what bears a time that is still to come."""
    for number, age_days in enumerate((14.9, 1, 0, -5)):
        receipt(tmp_path, number, age_days, 1_000)
    assert sweep(tmp_path, NOW_S, kept_s=EVIDENCE_S, kept_bytes=1) == Kept(4, 4_000, 0)


def test_what_is_no_receipt_is_left_alone(tmp_path: Path) -> None:
    """Other names, folders, links; nothing is followed out of the folder."""
    outside = receipt(tmp_path, 1, 1_000)
    folder = tmp_path / "receipts"
    folder.mkdir()
    notes = folder / "notes.json"
    notes.write_text("mine")
    os.utime(notes, (0, 0))
    (folder / f"0x{2:064x}.json").symlink_to(outside)
    (folder / f"0x{3:064x}.json").mkdir()
    assert sweep(folder, NOW_S, kept_s=EVIDENCE_S, kept_bytes=1) == Kept(0, 0, 0)
    assert len(list(folder.iterdir())) == 3
    assert outside.exists()
    assert sweep(tmp_path / "absent", NOW_S, kept_s=EVIDENCE_S, kept_bytes=1) == Kept(0, 0, 0)


def test_nobody_configures_away_what_may_be_evidence() -> None:
    plain = {
        "operator": "0x" + "aa" * 20,
        "chain": {"id": 1, "router": "0x" + "bb" * 20, "rpc_urls": ["http://127.0.0.1:1"]},
        "http": {"port": 9_000},
    }
    with pytest.raises(InvalidConfig, match=r"receipts\.kept_days: .*15"):
        check_config(plain | {"receipts": {"kept_days": 14}}, "node.toml")
