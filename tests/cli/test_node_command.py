"""`executor node init` and `executor node run`, as typed and mistyped."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from cli_types import Run

from executor.errors import StoreError
from executor.model.ids import RequestId
from executor.model.reply import KeptReply
from executor.node.config import read_config
from executor.store.replies import FILE, ReplyStore

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


def test_an_installed_node_has_the_units_folders(executor: Run, tmp_path: Path) -> None:
    assert executor("node", "init", *FLAGS, "--installed").returncode == 0
    config = read_config(tmp_path / "node.toml")
    assert (config.data, config.workers.compiled) == (Path("/var/lib/executor-node"), Path("/var/cache/executor-node"))
    assert config.signer.socket == Path("/run/executor-signer/signer.sock")


def test_init_overwrites_nothing(executor: Run, tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text("mine")
    done = executor("node", "init", *FLAGS)
    assert done.returncode == 2
    assert "never overwritten" in done.stderr
    assert (tmp_path / "node.toml").read_text() == "mine"


def test_init_without_a_terminal_names_every_option_that_is_missing(executor: Run, tmp_path: Path) -> None:
    done = executor("node", "init", *FLAGS[:4])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "executor: no terminal to ask for what is missing: give --operator, --rpc-url\n"
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


def test_replies_shows_what_guests_were_answered(executor: Run, tmp_path: Path) -> None:
    """Escaped for a terminal, whole as JSON, of one request or the last."""
    executor("node", "init", *FLAGS)
    store = ReplyStore(tmp_path / "data" / FILE, replies=10, max_bytes=100_000)
    for number, request in enumerate((b"\x01" * 32, b"\x02" * 32)):
        body = b'{"price": "1.5"}\n\x1b[31m'
        kept = KeptReply(0, number, "GET", "https://a.test/", 200, {}, body, len(body), "")
        store.keep(RequestId(request), kept)
    store.keep(RequestId(b"\x02" * 32), KeptReply(1, 0, "GET", "https://b.test/", 0, {}, b"", 0, "http-timeout"))
    done = executor("node", "replies")
    assert (done.returncode, done.stdout.count("\n")) == (0, 5)
    assert '    {"price": "1.5"}\\x0a\\x1b[31m\n' in done.stdout
    assert f"0x{'02' * 32} slot 1 GET https://b.test/: error http-timeout\n" in done.stdout
    store.close()
    whole = json.loads(executor("node", "replies", "--request", "0x" + "01" * 32, "--json").stdout)["replies"]
    assert [(each["request"], each["body"][:10]) for each in whole] == [("0x" + "01" * 32, "0x7b227072")]
    assert executor("node", "replies", "--last", "1").stdout.count("\n") == 1


def test_replies_without_a_file_or_of_no_request_says_why(executor: Run) -> None:
    executor("node", "init", *FLAGS)
    assert "keeps no raw replies" in executor("node", "replies").stderr
    assert "--request 0x1" in executor("node", "replies", "--request", "0x1").stderr


def test_what_ended_a_node_is_said_once(executor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of a node fail together, of one cause; a bug among them is shown whole."""
    executor("node", "init", *FLAGS)
    full = StoreError("journal: the disk is full; make room")

    async def ends(_config: Path, *, bug: bool = False) -> None:
        inner = ExceptionGroup("session", [full, full, *([ZeroDivisionError()] if bug else [])])
        raise ExceptionGroup("node", [inner, full])

    monkeypatch.setattr("executor.compose.run_node", ends)
    done = executor("node", "run")
    assert (done.returncode, done.stderr) == (3, "executor: journal: the disk is full; make room\n")
    monkeypatch.setattr("executor.compose.run_node", partial(ends, bug=True))
    with pytest.raises(ExceptionGroup, match="node"):
        executor("node", "run")
