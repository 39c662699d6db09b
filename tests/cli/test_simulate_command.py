"""`executor simulate`, and replies that are recorded and replayed."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cli_types import Run

from executor.capabilities.framing import HttpRequest, decode_response, encode_request, encode_requests
from executor.cli import _load
from executor.errors import InvalidConfig
from executor.model.function import Function
from executor.model.manifest import Terms, parse_terms
from executor.testing import Reply, read_replies, varied_worlds
from executor.testing.recording import Recording
from executor.testing.replies import RepliedCapabilities
from executor.testing.replies_file import MAX_FILE_BYTES, write_replies
from executor.vm import Answer
from executor.worker.warmup import GUEST, TERMS

URL = "http://exchange-a.test/price"
REPLIES = {URL: {"body": '{"price": 12.5, "requestId": "a1"}'}}


@pytest.fixture
def replied(project: Path) -> Path:
    """The project with an example reply in its check.toml."""
    (project / "replies.json").write_text(json.dumps(REPLIES))
    (project / "check.toml").write_text('replies = "replies.json"\n')
    return project


def test_each_node_is_answered_differently_and_they_agree(executor: Run, replied: Path) -> None:
    """Every node's observation, the agreed value and the outcome; the same again for the same seed."""
    done = executor("simulate", replied, "-n", 7, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (slot,) = told["observations"]
    assert [each["node"] for each in slot["nodes"]] == list(range(7))
    assert len({each["value"] for each in slot["nodes"]}) > 1
    assert slot["nodes"][0]["replies"] == "as given"
    assert slot["agreed"]["value"] in {each["value"] for each in slot["nodes"]}
    assert (told["outcome"], told["nodes"], told["f"]) == ("returned", 7, 2)
    assert told["payload"] == slot["agreed"]["value"]
    assert json.loads(executor("simulate", replied, "-n", 7, "--json").stdout) == told
    people = executor("simulate", replied, "-n", 7)
    assert "observation    0 'price' under median" in people.stdout
    assert "last digits" in people.stdout


def test_nodes_that_do_not_agree_are_shown_side_by_side(executor: Run, replied: Path) -> None:
    """Exit code 1, the differing values and the reason; with --exact they agree."""
    source = (replied / "greet.js").read_text().replace("median", "identical")
    (replied / "greet.js").write_text(source)
    done = executor("simulate", replied)
    assert done.returncode == 1
    assert "they differ" in done.stdout
    assert "distinct values" in done.stdout
    assert executor("simulate", replied, "--exact").returncode == 0


def test_liars_and_the_dead_are_named(executor: Run, replied: Path) -> None:
    """One of four changes nothing; two of four leave nothing attested."""
    told = json.loads(executor("simulate", replied, "--fault", "3=silent", "--json").stdout)
    assert (told["outcome"], told["faults"]) == ("returned", {"3": "silent"})
    done = executor("simulate", replied, "--fault", "3=silent", "--fault", "2=silent")
    assert done.returncode == 1
    assert "nothing attested" in done.stdout
    for fault, words in (("9=silent", "NODE from 0 to 3"), ("1=sleepy", "lying-observation"), ("x", "NODE=NAME")):
        done = executor("simulate", replied, "--fault", fault)
        assert (done.returncode, words in done.stderr) == (2, True)


def test_what_has_no_reply_is_named(executor: Run, project: Path) -> None:
    """A file for each node, too: one too few is wrong usage."""
    done = executor("simulate", project)
    assert done.returncode == 1
    assert f"no reply for   {URL}" in done.stdout
    (project / "replies.json").write_text(json.dumps(REPLIES))
    files = ["--replies", project / "replies.json"] * 3
    assert "3 files for 4 nodes" in executor("simulate", project, *files).stderr
    assert executor("simulate", project, *files, *files[:2]).returncode == 0


def test_mixtures_are_fixed_by_their_seed() -> None:
    """The first node's are as given, steady fields stay, another seed gives others."""
    first, *others = varied_worlds(REPLIES, 7)
    assert json.loads(first[URL].body)["body"] == REPLIES[URL]["body"]
    assert varied_worlds(REPLIES, 7) == [first, *others]
    assert varied_worlds(REPLIES, 7, seed=1)[1:] != others
    steady = varied_worlds({URL: {"price": 12.5}}, 5, steady=["price"])
    assert {json.loads(each[URL].body)["price"] for each in steady} == {12.5}
    for n in (0, 101):
        with pytest.raises(ValueError, match="1 to 100"):
            varied_worlds({}, n)


def test_commands_test_the_engine_once_a_day_and_keep_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of this user's alone; where it is not, every time, and nothing is kept."""
    made: list[str] = []
    monkeypatch.setattr(_load, "self_test", lambda: made.append("tested"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "executor" / "compiled"
    for _ in range(2):
        _load.tested()
    assert len(made) == 1
    (stamp,) = folder.iterdir()
    for age_s in (-3_600, _load.DAY_S + 1):  # of a clock that was wrong, or of yesterday
        os.utime(stamp, (time.time() - age_s, time.time() - age_s))
        _load.tested()
    assert len(made) == 3
    function = Function(GUEST, parse_terms(TERMS))
    assert _load.load_kept(function).function_id == _load.load_kept(function).function_id
    assert len(list(folder.iterdir())) == 2
    folder.chmod(0o755)
    _load.tested()
    assert len(made) == 4
    assert _load.load_kept(function).function == function


class Exchange(BaseHTTPRequestHandler):
    """Counts its answers."""

    asked = 0

    def do_GET(self) -> None:
        """A price that rises."""
        Exchange.asked += 1
        body = json.dumps({"price": f"{Exchange.asked}.5"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def exchange() -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Exchange) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_live_run_is_recorded_and_replayed(executor: Run, project: Path, exchange: str, tmp_path: Path) -> None:
    """The replay asks nobody and gives the same bytes; `resolve` may stand in executor.toml."""
    (tmp_path / "executor.toml").write_text(f'[resolve]\n"exchange-a.test" = "{exchange}"\n')
    live = executor("run", project, "--record", "seen.json", "--json")
    assert live.returncode == 0, live.stderr
    asked = Exchange.asked
    replayed = executor("run", project, "--replay", "seen.json", "--json")
    assert json.loads(replayed.stdout)["payload"] == json.loads(live.stdout)["payload"]
    assert Exchange.asked == asked
    assert set(read_replies(tmp_path / "seen.json")) == {URL}
    both = executor("run", project, "--record", "a.json", "--replay", "seen.json")
    assert (both.returncode, "one of both" in both.stderr) == (2, True)


def test_what_holds_a_secret_is_not_recorded(executor: Run, project: Path, exchange: str, tmp_path: Path) -> None:
    """In a URL, as it is or encoded; the run itself is as without."""
    (project / "function.toml").write_text(
        (project / "function.toml").read_text() + '\n[capabilities.secrets]\nnames = ["KEY"]\n'
    )
    (project / "greet.js").write_text("""import { http, identical, observe, secrets } from "executor";
const look = (query) => http.get("http://exchange-a.test/price" + query).status;
export default () => String(observe(identical, () =>
  look("?key=" + encodeURIComponent(secrets.get("KEY"))) + look("?key=" + secrets.get("KEY")) + look("")));
""")
    live = executor(
        "run", project, "--secret", "KEY", "--record", "seen.json", "--resolve", f"exchange-a.test={exchange}",
        env={"KEY": "se+cret"},
    )  # fmt: skip
    assert "not looked for" not in live.stderr
    short = ("run", project, "--secret", "KEY", "--record", "a.json", "--resolve", f"exchange-a.test={exchange}")
    assert "--record: not looked for: KEY: under 4 bytes" in executor(*short, env={"KEY": "abc"}).stderr
    assert (live.returncode, "2 answers hold a secret: left out" in live.stderr) == (0, True), live
    assert set(read_replies(tmp_path / "seen.json")) == {URL}


def test_where_nothing_can_be_recorded_nothing_is_run(executor: Run, project: Path, tmp_path: Path) -> None:
    """A folder, and a file in a folder that is missing: told before anybody is asked."""
    before = Exchange.asked
    for target in (tmp_path, tmp_path / "missing" / "seen.json", project / "function.toml" / "seen.json"):
        done = executor("run", project, "--record", target)
        assert (done.returncode, f"{target}: no file can be written there; nothing was run" in done.stderr) == (2, True)
    assert Exchange.asked == before


def test_headers_that_carry_credentials_are_not_recorded() -> None:
    """In one answer and in each of many; the run itself gets them."""
    headers = {"set-cookie": "session=1", "authorization": "Bearer 1", "x-auth-token": "1", "date": "now"}
    world = {URL: Reply(200, headers, b"{}"), f"{URL}?2": Reply(200, headers, b"{}")}
    recording = Recording()
    terms = Terms.model_validate({"capabilities": {"http": {"hosts": ["http://exchange-a.test"]}}})
    recorded = recording.around(RepliedCapabilities(terms, world))
    asked = [encode_request(HttpRequest(url, "GET")) for url in world]
    answer = recorded.call("http.fetch", asked[0])
    assert isinstance(answer, Answer)
    assert decode_response(answer.data)[1] == headers
    recorded.call("http.fetch_many", encode_requests(asked))
    assert recording.replies == {url: Reply(200, {"date": "now"}, b"{}") for url in world}


def test_a_wrong_file_of_replies_says_what_is_wrong(tmp_path: Path) -> None:
    """In the words of the file, once."""
    file = tmp_path / "file.json"
    for text, told in (
        (b'{"a": 1}', "a: not an object with status, headers and body, or with error"),
        (b" " * (MAX_FILE_BYTES + 1), f"has more than {MAX_FILE_BYTES} bytes"),
    ):
        file.write_bytes(text)
        with pytest.raises(InvalidConfig) as refused:
            read_replies(file)
        assert str(refused.value).removeprefix(f"{file}").lstrip(": ") == told


def test_files_of_replies_hold_any_body(tmp_path: Path) -> None:
    """Bytes that are no text, errors and headers come back as they were."""
    replies = {"a": Reply(201, {"x": "y"}, b"\xff\x00"), "b": Reply(error="http-tls"), "c": Reply(body="é".encode())}
    write_replies(tmp_path / "file.json", replies)
    assert read_replies(tmp_path / "file.json") == replies
