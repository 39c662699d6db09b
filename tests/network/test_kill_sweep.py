"""A slice of `make kill-sweep`: nodes, signers and workers are killed under load, and nothing is lost or said twice."""

from __future__ import annotations

from pathlib import Path

from tests.network.kill_sweep import sweep


async def test_ten_kills_under_load_lose_nothing_and_contradict_nothing(tmp_path: Path) -> None:
    """Every request is delivered once; findings.py, whose own test shows what it sees, sees nothing."""
    run, chain, problems = await sweep(tmp_path / "network", points=10, seed=5)
    assert problems == []
    assert set(run.kills) == {"node", "signer", "worker"}
    assert run.kills.total() >= 10
    assert chain.delivered.total() == len(chain.made) >= 1
