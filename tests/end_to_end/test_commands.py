"""`executor demo` and `executor devnet` as a person runs them: in a terminal's stead a pipe, and Ctrl-C."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from executor.receipts import all_passed, read_receipt
from tests.end_to_end.journey import checks_of

EXECUTOR = (sys.executable, "-c", "from executor.cli import main; main()")
START_S = 120.0
STOP_S = 120.0  # both are there to end a test that hangs, not to time it


@pytest.mark.timeout(600)  # four minutes were too few on a machine with thirty processes ready to run
def test_the_demo_tells_the_whole_journey(tmp_path: Path) -> None:
    """Exit code 0, plain lines, three requests, the liar and the dead named, two verdicts, receipts left behind."""
    done = subprocess.run(
        [*EXECUTOR, "demo", "--directory", str(tmp_path)], capture_output=True, text=True, timeout=540, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout, "no colours off a terminal"
    told = done.stdout
    for chapter in ("Request 1", "Request 2", "Request 3", "Gas of a whole delivery", "executor verify"):
        assert f"── {chapter}" in told
    assert re.search(r"outvoted +node 3 said \d+", told)
    assert re.search(r"silent +node 1 was not heard", told)
    assert re.search(r"^ecdsa +[\d,]+ gas$", told, re.M)
    assert re.search(r"^bls +[\d,]+ gas$", told, re.M)
    assert told.count("succeeded in block") >= 3
    amount = r"\d+\.\d{9} ETH"
    requests = told.count("succeeded in block")
    assert len(re.findall(rf"^quoted +{amount} at most; reserved of {amount}$", told, re.M)) == requests
    assert len(re.findall(rf"^charged +{amount} to the signers .*; {amount} came back$", told, re.M)) == requests
    assert (
        len(re.findall(rf"^subscription +{amount} left, {amount} less than before; 0 reserved$", told, re.M))
        == requests
    )
    assert told.count("accepted") == 1
    assert told.count("REFUSED") == 1
    assert re.search(r"^✗ replay ", told, re.M)
    assert not list(tmp_path.glob("network-*")), "keys and journals are gone"
    receipts = [path for path in tmp_path.glob("receipt-*.json") if "tampered" not in path.name]
    assert len(receipts) >= 3
    assert all(all_passed(checks_of(read_receipt(path))) for path in receipts)


def start_devnet(folder: Path, *options: str) -> subprocess.Popen[str]:
    """A devnet that says it is up."""
    process = subprocess.Popen(
        [*EXECUTOR, "devnet", "--directory", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_ctrl_c,
    )
    assert process.stdout is not None
    deadline, told = time.monotonic() + START_S, ""
    while "Ctrl-C stops everything" not in told:
        line = process.stdout.readline()
        told += line
        assert line, f"the devnet ended: {told}"
        assert time.monotonic() < deadline, told
    return process


def _heed_ctrl_c() -> None:
    """Tests that a shell started in the background ignore SIGINT, and what they start inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stop(process: subprocess.Popen[str]) -> None:
    """Ctrl-C, and wait."""
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=STOP_S)
    assert process.returncode == 0


def test_ctrl_c_stops_everything_and_a_second_run_works_at_once(tmp_path: Path) -> None:
    """Twice on the same given ports; after each, nothing listens and no child is left."""
    first_port = free_run_of_ports(5)
    options = ("--port", str(first_port), "--chain-port", str(first_port + 4))
    for _ in range(2):
        process = start_devnet(tmp_path, *options)
        deployment = json.loads(max(tmp_path.glob("*/deployment.json")).read_text())
        assert deployment["chain_id"] == 31337
        children = descendants(process.pid)
        assert len(children) >= 14, "chain, exchanges, four signers, nodes and workers"
        assert listens(first_port)
        stop(process)
        assert running(children) == []
        assert not any(listens(first_port + offset) for offset in range(5))
        time.sleep(1.1)  # folders are named by the second


@pytest.mark.parametrize(("seconds", "how"), [(1, signal.SIGINT), (6, signal.SIGTERM)])
def test_an_interrupted_demo_leaves_nothing_behind(seconds: float, how: signal.Signals) -> None:
    """Whenever it is stopped: one line, exit code 130, no process, no key, no socket folder."""
    with folder_for_sockets() as place, started_demo(place) as process:
        time.sleep(seconds)
        interrupt(process, how, place)


@pytest.mark.timeout(600)  # as long as the demo that is played to its end
def test_a_demo_of_two_chains_has_both_and_leaves_neither_behind() -> None:
    """It runs beside the network, whose nodes read it: the play tells its price and is stopped in its midst."""
    with folder_for_sockets() as place, started_demo(place, "rebalancer") as process:
        told = lines_until(process, re.compile(r"^market .* on chain 4242$"))
        assert any(re.match(r"other chain +chain id 4242, http://127\.0\.0\.1:\d+$", line) for line in told), told
        chains = [command for pid in descendants(process.pid) for _, command in look(pid) if "--chain-id" in command]
        assert sorted(re.findall(r"--chain-id (\d+)", " ".join(chains))) == ["31337", "4242"]
        configs = [path.read_text() for path in place.rglob("node.toml")]
        assert [config.count("4242") for config in configs] == [1] * 4
        interrupt(process, signal.SIGINT, place)


@contextmanager
def folder_for_sockets() -> Iterator[Path]:
    """A folder whose name is short enough for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="demo-", dir="/tmp") as place:
        yield Path(place)


@contextmanager
def started_demo(place: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A demo that heeds signals."""
    process = subprocess.Popen(
        [*EXECUTOR, "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(place), "PYTHONUNBUFFERED": "1"},
        preexec_fn=_heed_ctrl_c,
    )
    deadline = time.monotonic() + START_S
    while not heeds(process.pid, signal.SIGHUP):  # the last of those it takes: before that nothing is started
        assert time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    try:
        yield process
    finally:
        process.kill()


def lines_until(process: subprocess.Popen[str], last: re.Pattern[str]) -> list[str]:
    """What it prints up to such a line."""
    assert process.stdout is not None
    told: list[str] = []
    while not (told and last.match(told[-1])):
        line = process.stdout.readline()
        assert line, f"it ended: {told} {process.communicate()}"
        told.append(line.rstrip())
    return told


def interrupt(process: subprocess.Popen[str], how: signal.Signals, place: Path) -> None:
    """And look what is left."""
    children = descendants(process.pid)
    process.send_signal(how)
    _, errors = process.communicate(timeout=STOP_S)
    assert process.returncode == 130, errors
    assert errors == "Interrupted; everything it started is stopped.\n"
    assert running(children) == []
    left = [path for folder in place.glob("executor-*") for path in folder.rglob("*")]
    assert [path for path in left if not path.name.startswith("receipt-")] == []


@pytest.mark.parametrize("verb", ["demo", "devnet"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, verb: str) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [*EXECUTOR, verb, "--directory", str(tmp_path / "file")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "--directory" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """The message says which, in one line, before anything starts: not even keys are made."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*EXECUTOR, "devnet", "--directory", str(tmp_path), "--port", str(port - 1)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 2
    assert f"port {port} is taken" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []


def test_an_unknown_chain_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """Exit code 2 and the names there are."""
    done = subprocess.run(
        [*EXECUTOR, "demo", "--chain", "geth", "--directory", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "embedded, anvil, anvil-osaka" in done.stderr
    assert not list(tmp_path.iterdir())


def free_run_of_ports(count: int) -> int:
    """The first of some consecutive free ports; not the same ones in every run, of which two may go on at once."""
    for first in random.sample(range(20_000, 30_000, count), 100):
        if not any(listens(first + offset) for offset in range(count)):
            return first
    raise AssertionError("no free ports")


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def descendants(pid: int) -> list[int]:
    """All processes below one, by procfs."""
    children = [word for thread in Path(f"/proc/{pid}/task").glob("*/children") for word in thread.read_text().split()]
    return [each for child in map(int, children) for each in (child, *descendants(child))]


def heeds(pid: int, sent: signal.Signals) -> bool:
    """Whether the process has a handler of its own for a signal, by procfs."""
    caught = re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.M)
    return caught is not None and bool(int(caught[1], 16) >> (sent - 1) & 1)


def running(pids: list[int]) -> list[str]:
    """Those that run, with what they are; one that ended and was not yet reaped by init runs no more."""
    return [f"{pid} {state} {command}" for pid in pids for state, command in look(pid) if state != "Z"]


def look(pid: int) -> list[tuple[str, str]]:
    """State and command line of a process, none when there is no such process, by procfs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return [(state, Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())]
    except (FileNotFoundError, ProcessLookupError):
        return []
