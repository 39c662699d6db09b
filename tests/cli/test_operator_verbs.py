"""`executor doctor`, `requests` and `evidence` as typed and mistyped; what they find is tested in tests/node."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_types import Run

ROUTER = "0x" + "11" * 20
PAUSE = ["trigger", "pause", "0x" + "22" * 32, "--rpc", "http://127.0.0.1:1", "--chain-id", "1", "--key-file", "key"]
RECORDED = Path(__file__).resolve().parents[2] / "fixtures" / "receipts" / "throws.json"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["doctor"], "node.toml: cannot be read"),
        (["requests"], "nobody to ask: give --node, or --config with a node's TOML file"),
        (["requests", "--config", "node.toml"], "node.toml: cannot be read"),
        (["requests", "0x12", "--node", "http://127.0.0.1:1"], "ID 0x12: RequestId is 32 bytes, not 1"),
        ([*PAUSE, "--router", "0x34"], "--router: 0x and 40 hex digits"),
        ([*PAUSE[:2], "zz", *PAUSE[3:], "--router", ROUTER], "REGISTRATION zz: RegistrationId is 0x and 64 hex digits"),
        (["evidence"], "nothing to look at: name files, a node's --config, or its --data folder"),
        (["evidence", "x.json", "--submit"], "--submit needs --config"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(
    executor: Run, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "key").write_text("11" * 32)
    done = executor(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_nodes_that_do_not_answer_are_named_and_no_empty_list_is_shown(executor: Run) -> None:
    done = executor("requests", "--node", "http://127.0.0.1:1")
    assert done.returncode == 3
    assert "http://127.0.0.1:1: " in done.stdout
    assert "no open requests" not in done.stdout
    plain = json.loads(executor("requests", "--node", "http://127.0.0.1:1", "--json").stdout)
    assert "error" in plain["nodes"][0]["answer"]


def test_an_honest_receipt_is_no_evidence_and_a_strange_file_is_told(executor: Run, tmp_path: Path) -> None:
    shutil.copy(RECORDED, tmp_path / "receipt.json")
    (tmp_path / "strange.json").write_text("{}")
    done = executor("evidence", "receipt.json", "strange.json")
    assert done.returncode == 0
    votes = len(json.loads(RECORDED.read_text())["votes"])  # three or four, as the recorded round had it
    assert done.stdout == f"0 found; 2 files and {votes} votes read\n"
    assert "strange.json: neither a receipt nor evidence that holds" in done.stderr
    assert json.loads(executor("evidence", "receipt.json", "--json").stdout)["evidence"] == []
