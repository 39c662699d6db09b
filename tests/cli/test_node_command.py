"""`executor node init` and `executor node run`, as typed and mistyped."""

from __future__ import annotations

from pathlib import Path

from cli_types import Run

from executor.node.config import read_config

FLAGS = (
    *("--chain-id", "31337", "--router", "0x" + "bb" * 20, "--operator", "0x" + "aa" * 20),
    *("--rpc-url", "http://a.test", "--rpc-url", "http://b.test"),
)


def test_init_writes_a_file_that_the_node_reads(executor: Run, tmp_path: Path) -> None:
    done = executor("node", "init", *FLAGS, "--port", "9001")
    assert (done.returncode, done.stderr) == (0, "")
    assert "executor doctor --config node.toml" in done.stdout
    config = read_config(tmp_path / "node.toml")
    assert (config.chain.id, config.http.port) == (31337, 9001)
    assert config.chain.rpc_urls == ["http://a.test", "http://b.test"]


def test_init_overwrites_nothing(executor: Run, tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text("mine")
    done = executor("node", "init", *FLAGS)
    assert done.returncode == 2
    assert "never overwritten" in done.stderr
    assert (tmp_path / "node.toml").read_text() == "mine"


def test_init_without_a_terminal_names_the_option_that_is_missing(executor: Run, tmp_path: Path) -> None:
    done = executor("node", "init", *FLAGS[:4])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "executor: no terminal to ask for this: give --operator\n"
    assert not (tmp_path / "node.toml").exists()


def test_init_writes_nothing_of_wrong_answers(executor: Run, tmp_path: Path) -> None:
    done = executor("node", "init", *FLAGS, "--port", "70000")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "http.port" in done.stderr
    assert not (tmp_path / "node.toml").exists()


def test_run_without_a_file_says_how_to_make_one(executor: Run) -> None:
    done = executor("node", "run", "--config", "absent.toml")
    assert done.returncode == 2
    assert "executor node init --config absent.toml" in done.stderr


def test_node_alone_lists_its_verbs(executor: Run) -> None:
    done = executor("node")
    assert "run" in done.stdout + done.stderr
    assert "init" in done.stdout + done.stderr
