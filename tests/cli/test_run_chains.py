"""executor run on functions that read chains: really, from a file, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_types import Run

from executor.chain.accounts import dev_accounts
from executor.chain.embedded import EmbeddedChain
from tests.evm_guest import evm_guest

ACCOUNT = "0x" + dev_accounts()[3].address.hex()
OTHER = 4242


@pytest.fixture(scope="module")
def chains() -> Iterator[tuple[EmbeddedChain, EmbeddedChain]]:
    """Two chains."""
    with EmbeddedChain() as home, EmbeddedChain(chain_id=OTHER) as other:
        yield home, other


def project(folder: Path, operation: str, request: str, *chains: int) -> Path:
    """A function in its folder."""
    (folder / "reader.wasm").write_bytes(evm_guest(operation, request).module)
    section = f"[capabilities.evm]\nchains = {[*chains]}\n" if chains else ""
    head = '[function]\nname = "reader"\nlanguage = "wasm"\nsource = "reader.wasm"\n'
    (folder / "function.toml").write_text(head + section)
    return folder


def test_a_chain_is_read_at_its_last_block_or_at_another(
    executor: Run, tmp_path: Path, chains: tuple[EmbeddedChain, EmbeddedChain]
) -> None:
    """The first named is the home chain; the request is at its block, with its time."""
    home, other = chains
    folder = project(tmp_path, "evm.balance", f'{{"address":"{ACCOUNT}"}}', 31337)
    both = ("--rpc", f"31337={home.url}", "--rpc", f"{OTHER}={other.url}")
    done = executor("run", folder, *both, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(json.loads(done.stdout)["payload"], 16) > 10**18
    assert executor("run", folder, *both, "--block", "0").returncode == 0
    late = executor("run", folder, *both, "--block", "99999")
    assert "chain 31337 has no such block yet" in late.stderr


def test_the_chain_of_the_settings_is_read_where_the_manifest_lists_it(
    executor: Run, tmp_path: Path, chains: tuple[EmbeddedChain, EmbeddedChain]
) -> None:
    """And no other: a function of another chain's is not placed on it; `--timestamp` runs on none."""
    home, _ = chains
    (tmp_path / "executor.toml").write_text(f'rpc_urls = ["{home.url}"]\nchain_id = 31337\n')
    folder = project(tmp_path, "evm.balance", f'{{"address":"{ACCOUNT}"}}', 5, 31337)
    done = executor("run", folder, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(json.loads(done.stdout)["payload"], 16) > 10**18
    assert "error evm-unknown-chain" in executor("run", folder, "--timestamp", "5").stdout
    folder = project(tmp_path, "evm.balance", f'{{"address":"{ACCOUNT}"}}', 5)
    assert "error evm-unknown-chain" in executor("run", folder).stdout


def test_another_chain_is_read_at_a_number(
    executor: Run, tmp_path: Path, chains: tuple[EmbeddedChain, EmbeddedChain]
) -> None:
    """Through two endpoints that must agree."""
    home, other = chains
    folder = project(tmp_path, "evm.balance", f'{{"address":"{ACCOUNT}","block":0,"chain":{OTHER}}}', 31337, OTHER)
    again = other.url.replace("127.0.0.1", "localhost")
    rpc = ("--rpc", f"31337={home.url}", "--rpc", f"{OTHER}={other.url}", "--rpc", f"{OTHER}={again}")
    assert executor("run", folder, *rpc).returncode == 0
    alone = executor("run", folder, "--rpc", f"31337={home.url}")
    assert "error evm-unknown-chain" in alone.stdout


def test_a_run_that_reads_chains_is_recorded_and_replayed_at_its_block(
    executor: Run, tmp_path: Path, chains: tuple[EmbeddedChain, EmbeddedChain]
) -> None:
    """Asking nobody, with the same context and the same bytes."""
    home, _ = chains
    for operation, request in (("evm.block", "{}"), ("evm.balance", f'{{"address":"{ACCOUNT}"}}')):
        folder = project(tmp_path, operation, request, 31337)
        live = executor("run", folder, "--rpc", f"31337={home.url}", "--record", "seen.json", "--json")
        assert live.returncode == 0, live.stdout + live.stderr
        again = executor("run", folder, "--replay", "seen.json", "--json")
        assert json.loads(again.stdout) == json.loads(live.stdout)
    (tmp_path / "seen.json").write_text('{"request.block": {"chain_id": 1, "number": "7"}}')
    wrong = executor("run", folder, "--replay", "seen.json")
    assert (wrong.returncode, "request.block" in wrong.stderr) == (2, True), wrong.stderr


def test_recorded_replies_answer_for_chains(executor: Run, tmp_path: Path) -> None:
    """By the names of docs/testing.md; the home chain is the first that is listed."""
    folder = project(tmp_path, "evm.balance", f'{{"address":"{ACCOUNT}"}}', 5)
    (tmp_path / "replies.json").write_text(json.dumps({f"evm.balance://5/{ACCOUNT}": {"body": "258"}}))
    done = executor("run", folder, "--replies", "replies.json", "--json")
    assert done.returncode == 0, done.stderr
    assert int(json.loads(done.stdout)["payload"], 16) == 258
    (tmp_path / "replies.json").write_text("{}")
    assert "error evm-unavailable" in executor("run", folder, "--replies", "replies.json").stdout
    assert "error evm-unknown-chain" in executor("run", folder).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rpc", "http://a.test"), "--rpc: it is CHAIN=URL"),
        (("--rpc", "0=http://a.test"), "--rpc: it is CHAIN=URL"),
        (("--rpc", "5=ftp://a.test"), "http or https URL"),
        (("--rpc", "5=http://a.test/marker-key", "--timestamp", "1"), "--timestamp: with --rpc it is the block's"),
        (("--rpc", "5=http://a.test", "--replies", "r.json"), "give one of both"),
        (("--block", "1"), "--block: the home chain is not there"),
        (("--rpc", "5=http://127.0.0.1:9/marker-key"), "127.0.0.1:9"),
    ],
)
def test_wrong_options_are_named(executor: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """And keys in URLs are not told."""
    folder = project(tmp_path, "evm.block", "{}", 5)
    done = executor("run", folder, *arguments)
    assert done.returncode != 0
    assert said in done.stderr
    assert "marker-key" not in done.stderr + done.stdout
