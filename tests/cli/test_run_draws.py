"""`executor run` of a function that draws: from a relay, from a file, and never before its round."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_types import Run

from executor.crypto.digests import keccak256
from executor.model.draw import QUICKNET, CommitteeDraw, parse_draw
from executor.testing.development_draws import development_proof
from executor.testing.fast_signatures import ROUNDS_SECRET, sign_round
from executor.testing.relays import CHAIN_HASH, Relay, development_chain, manifest_chain
from tests.drawing_guest import drawing_guest

GENESIS = 1_700_000_000
HEAD = '[function]\nname = "raffle"\nlanguage = "wasm"\nsource = "raffle.wasm"\n[limits]\nobservations = 0\n'
RANDOM = '[capabilities.random]\nsource = "drand"\ndelay_s = {}\n'


@pytest.fixture
def raffle(tmp_path: Path) -> Path:
    """A function that returns its draw of the tests' own chain."""
    folder = tmp_path / "raffle"
    folder.mkdir()
    (folder / "raffle.wasm").write_bytes(drawing_guest())
    manifest = HEAD + RANDOM.format(2) + manifest_chain(development_chain(GENESIS))
    (folder / "function.toml").write_text(manifest)
    return folder


@pytest.fixture
def relay() -> Iterator[int]:
    """A relay's port."""
    loop = asyncio.new_event_loop()
    runner, port = loop.run_until_complete(Relay(development_chain(GENESIS)).serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield port
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(runner.cleanup())
    loop.close()


def test_a_draw_comes_from_a_relay(executor: Run, raffle: Path, relay: int) -> None:
    """Without a timestamp the request is so old that nobody waits."""
    options = ("--relay", "http://relay.test", "--resolve", f"relay.test=127.0.0.1:{relay}")
    done = executor("run", raffle, *options, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["outcome"], len(told["payload"])) == ("returned", 66)
    (draw,) = told["draws"]
    asked = json.loads(draw["spec"])["draw"]
    assert draw["proof"] == "0x" + sign_round(ROUNDS_SECRET, asked["round"]).hex()
    fixed = executor("run", raffle, *options, "--timestamp", GENESIS + 97)
    assert "0 from drand's round 100" in fixed.stdout


def test_a_draw_is_recorded_and_drawn_again(executor: Run, raffle: Path, relay: int) -> None:
    """The file has the round and the request's time, which chooses the round."""
    options = ("--relay", "http://relay.test", "--resolve", f"relay.test=127.0.0.1:{relay}")
    live = executor("run", raffle, *options, "--record", "seen.json", "--json")
    assert live.returncode == 0, live.stderr
    again = executor("run", raffle, "--replay", "seen.json", "--relay", "http://relay.test", "--json")
    assert json.loads(again.stdout) == json.loads(live.stdout), again.stderr


def test_a_draw_comes_from_the_replies(executor: Run, raffle: Path, tmp_path: Path) -> None:
    """A file instead of the network; a wrong signature in it is as useless as a relay's."""
    url = f"https://api.drand.sh/{CHAIN_HASH.hex()}/public/100"
    replies = tmp_path / "replies.json"
    for signature, code in ((sign_round(ROUNDS_SECRET, 100), 0), (sign_round(ROUNDS_SECRET, 101), 1)):
        body = json.dumps({"round": 100, "signature": signature.hex()})
        replies.write_text(json.dumps({url: {"body": body}}))
        done = executor("run", raffle, "--replies", replies, "--timestamp", GENESIS + 97)
        assert (done.returncode != 0) == bool(code), done.stderr
    assert "does not verify" in done.stderr


def test_a_round_of_the_future_is_not_waited_for(executor: Run, raffle: Path) -> None:
    """It says so, and what to do."""
    done = executor("run", raffle, "--timestamp", int(time.time()) + 1_000)
    assert done.returncode == 2
    assert "give an earlier --timestamp" in done.stderr


def test_quicknet_is_drawn_from_by_its_own_rounds(executor: Run, raffle: Path, tmp_path: Path) -> None:
    """Round 1000, as drand published it."""
    (raffle / "function.toml").write_text(HEAD + RANDOM.format(30))
    vectors = json.loads((Path(__file__).parents[2] / "fixtures/vectors/randomness.json").read_text())
    row = next(row for row in vectors["rounds"] if row["round"] == "1000" and row["result"] == "valid")
    url = f"https://api.drand.sh/{QUICKNET.hash.hex()}/public/1000"
    body = json.dumps({"round": 1000, "randomness": row["randomness"][2:], "signature": row["signature"][2:]})
    replies = tmp_path / "replies.json"
    replies.write_text(json.dumps({url: {"body": body}}))
    done = executor("run", raffle, "--replies", replies, "--timestamp", QUICKNET.time_of(1000) - 30)
    assert done.returncode == 0, done.stderr
    assert "0 from drand's round 1000" in done.stdout


@pytest.fixture
def seed(raffle: Path) -> Path:
    """A function that returns its committee's draw."""
    (raffle / "function.toml").write_text(HEAD + '[capabilities.random]\nsource = "committee"\n')
    return raffle


def test_a_committees_draw_is_by_the_development_key_and_says_so(executor: Run, seed: Path) -> None:
    """No relay, no time to wait for; the same request draws the same again."""
    done = executor("run", seed, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (draw,) = told["draws"]
    asked = parse_draw(draw["spec"].encode())
    assert isinstance(asked, CommitteeDraw)
    assert draw["development_key"] is True
    assert draw["proof"] == "0x" + development_proof(asked).hex()
    assert told["payload"] == "0x" + keccak256(development_proof(asked)).hex()
    shown = executor("run", seed)
    assert "0 by the development key, which everybody knows" in shown.stdout


def test_the_gate_runs_committees_draws(executor: Run, seed: Path) -> None:
    """Deterministic on every way of running it here; nothing is found."""
    done = executor("check", seed, "--examples", "20", "--seconds", "300", "--no-engines")
    assert done.returncode == 0, done.stdout
    assert "raffle passed: nothing found" in done.stdout


def test_simulate_draws_as_run_does(executor: Run, seed: Path) -> None:
    """A committee in memory, one member of which gives wrong parts; it says whose key it is."""
    done = executor("simulate", seed, "--fault", "3=wrong-part")
    assert done.returncode == 0, done.stderr
    assert "0 by the development key, which everybody knows" in done.stdout
