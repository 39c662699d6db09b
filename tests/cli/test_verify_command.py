"""executor verify and inspect on receipts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cli_types import Run

from executor.model.codec import encode_json, to_plain
from executor.receipts import write_receipt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "receipts"))

from committee_receipts import committee_receipt, shown_key
from make_receipts import make_function, make_receipt


def test_a_receipt_passes_and_an_edited_one_is_refused(executor: Run, tmp_path: Path) -> None:
    """Every check named with its mark; exit 1 and the check's name when one fails."""
    path = tmp_path / "receipt.json"
    write_receipt(path, make_receipt())
    done = executor("verify", path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("✓") == 12
    assert "12 checks passed" in done.stdout
    assert "--rpc" in done.stdout
    plain = to_plain(make_receipt())
    plain["payload"] = plain["payload"][:-2] + "00"
    path.write_bytes(encode_json(plain))
    done = executor("verify", path)
    assert done.returncode == 1
    assert "✗ replay" in done.stdout
    assert "REFUSED: 2 of 12" in done.stdout
    verdict = json.loads(executor("verify", path, "--json").stdout)
    assert verdict["passed"] is False
    assert [check["name"] for check in verdict["checks"] if not check["passed"]] == ["replay", "report"]


def test_a_malformed_receipt_is_wrong_input(executor: Run, tmp_path: Path) -> None:
    """Truncated or missing: one line, exit 2."""
    path = tmp_path / "receipt.json"
    path.write_bytes(b'{"version":1')
    for arguments in (["verify", path], ["verify", tmp_path / "none"], ["inspect", path]):
        done = executor(*arguments)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


def test_a_module_can_be_given(executor: Run, tmp_path: Path) -> None:
    """--module for receipts that name a module they do not hold."""
    plain = to_plain(make_receipt())
    plain["function"]["module"] = "0x"
    (tmp_path / "receipt.json").write_bytes(encode_json(plain))
    (tmp_path / "guest.wasm").write_bytes(make_function().module)
    assert "--module" in executor("verify", "receipt.json").stdout
    assert executor("verify", "receipt.json", "--module", "guest.wasm").returncode == 0
    assert executor("verify", "receipt.json", "--module", "none.wasm").returncode == 2


def test_an_endpoint_that_does_not_answer_says_nothing_about_the_receipt(executor: Run, tmp_path: Path) -> None:
    """Exit 3: this machine could not find out."""
    write_receipt(tmp_path / "receipt.json", make_receipt())
    done = executor("verify", "receipt.json", "--rpc", "http://127.0.0.1:9")
    assert done.returncode == 3, done.stderr


def test_endpoints_are_several_or_those_of_the_settings_that_are_named(executor: Run, tmp_path: Path) -> None:
    """A file that lies there is not enough: whoever names none verifies without a network."""
    write_receipt(tmp_path / "receipt.json", make_receipt())
    (tmp_path / "executor.toml").write_text('rpc_urls = ["http://127.0.0.1:9"]\n')
    several = executor("verify", "receipt.json", "--rpc", "http://127.0.0.1:9", "--rpc", "http://127.0.0.1:10")
    assert (several.returncode, "127.0.0.1:10" in several.stderr) == (3, True), several.stderr
    assert executor("verify", "receipt.json", "--config", "executor.toml").returncode == 3
    assert executor("verify", "receipt.json").returncode == 0


def test_inspect_shows_a_receipts_facts(executor: Run, tmp_path: Path) -> None:
    """Ids, observations, outcome."""
    write_receipt(tmp_path / "receipt.json", make_receipt())
    plain = json.loads(executor("inspect", "receipt.json", "--json").stdout)
    assert [each["agreed"] for each in plain["observations"]] == ["'3000.25'", "'11'"]
    assert plain["status"] == "RETURNED"
    assert "4 members, quorum 3" in plain["epoch"]


def test_a_beacon_is_asked_over_rpc_only(executor: Run, tmp_path: Path) -> None:
    """Without an endpoint, or with what is no address, it is wrong input."""
    path = tmp_path / "receipt.json"
    write_receipt(path, make_receipt())
    for arguments, words in (
        (("--beacon", "0x" + "11" * 20), "give its --rpc, too"),
        (("--beacon", "0x11", "--rpc", "http://127.0.0.1:1"), "--beacon 0x11: Address is 20 bytes"),
    ):
        done = executor("verify", path, *arguments)
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_a_receipt_with_the_committees_draws_shows_their_key(executor: Run, tmp_path: Path) -> None:
    """In its facts, and as a check of its own."""
    write_receipt(tmp_path / "receipt.json", committee_receipt())
    shown = json.loads(executor("inspect", "receipt.json", "--json").stdout)["draw_key"]
    assert shown == f"0x{shown_key().public_key.hex()}, signed under ecdsa"
    done = executor("verify", "receipt.json")
    assert done.returncode == 0, done.stdout
    assert "draw key" in done.stdout
    assert "by the draw key of epoch 7; its signature verifies" in done.stdout
