"""build, run and inspect on real functions."""

from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path

import pytest
from cli_types import Run
from wasmtime import wat2wasm

from executor.cli.run import read_input
from executor.errors import InvalidConfig

ROOT = Path(__file__).resolve().parents[2]
PRICE = {"http://exchange-a.test/price": {"body": '{"price": "12.50"}'}}


def test_a_file_of_any_length_is_read_as_far_as_an_input_goes(tmp_path: Path) -> None:
    """And refused."""
    with (tmp_path / "long").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(InvalidConfig, match="--input has more than 65536 bytes"):
        read_input(f"@{tmp_path / 'long'}")


def test_a_build_folder_that_cannot_be_written_is_named(executor: Run, project: Path) -> None:
    """As a file in its place, or a folder in that of its facts."""
    (project / "build").touch()
    done = executor("build", project)
    assert (done.returncode, "build: cannot be written: " in done.stderr) == (3, True)
    (project / "build").unlink()
    (project / "build" / "function.json").mkdir(parents=True)
    done = executor("build", project)
    assert (done.returncode, "function.json: cannot be written: " in done.stderr) == (3, True)


def test_build_prints_and_writes_the_ids(executor: Run, project: Path) -> None:
    """build/function.json holds what was printed; inspect agrees."""
    done = executor("build", project, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts == json.loads((project / "build" / "function.json").read_text())
    inspected = json.loads(executor("inspect", project, "--json").stdout)
    assert inspected["function_id"] == facts["function_id"]
    assert inspected["limits"]["output_bytes"] == 256
    assert "executor.observe" in inspected["imports"]
    assert "run" in inspected["exports"]
    assert facts["function_id"] in executor("inspect", project / "function.toml").stdout


def test_run_with_a_given_observation(executor: Run, project: Path) -> None:
    """--observe answers a slot; everything is shown."""
    done = executor("run", project, "--observe", "0=12.5")
    assert done.returncode == 0, done.stderr
    for shown in ('0 "price" value 12.5  (given)', "info: started", "returned", "'12.5'", "of 200,000,000"):
        assert shown in done.stdout


def test_a_given_slot_that_is_never_reached_is_a_warning(executor: Run, project: Path) -> None:
    """The function observes once; the last slot there may be is not an error."""
    done = executor("run", project, "--observe", "0=12.5", "--observe", "4=1")
    assert (done.returncode, done.stderr) == (
        0,
        "executor: warning: --observe: the function never reached slot 4\n",
    )


def test_run_as_a_trigger_would(executor: Run, project: Path) -> None:
    """The input is the event; one that is none is refused."""
    given = '{"event":{"number":100},"input":"0x","kind":"block"}'
    arguments = ("run", project, "--observe", "0=1", "--triggered", "--input")
    done = executor(*arguments, given)
    assert (done.returncode, given in done.stdout) == (0, True)
    done = executor(*arguments, "{}")
    assert (done.returncode, "no triggered run's" in done.stderr) == (2, True)


def test_run_with_replies_from_a_file(executor: Run, project: Path, tmp_path: Path) -> None:
    """--replies answers http; the guest's own code looks at them."""
    (tmp_path / "replies.json").write_text(json.dumps(PRICE))
    done = executor("run", project, "--replies", "replies.json", "--json")
    assert done.returncode == 0, done.stderr
    plain = json.loads(done.stdout)
    observation = plain["observations"][0]
    assert (plain["outcome"], observation["kind"], observation["given"]) == ("returned", "value", False)
    assert bytes.fromhex(plain["payload"][2:]) == bytes.fromhex(observation["value"][2:])


@pytest.mark.parametrize(("text", "data"), [("hello", b"hello"), ("0x00ff", b"\x00\xff"), ("@in.bin", b"\x01\x02")])
def test_input_is_text_hex_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, data: bytes) -> None:
    """The three spellings of --input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.bin").write_bytes(b"\x01\x02")
    assert read_input(text) == data


def test_the_input_reaches_the_function(executor: Run, project: Path) -> None:
    """The function returns its input here."""
    done = executor("run", project, "--input", "0x00ff", "--observe", "0=1", "--json")
    assert json.loads(done.stdout)["payload"] == "0x00ff"


def test_a_failing_function_is_exit_one(executor: Run, project: Path, tmp_path: Path) -> None:
    """An agreed error the function does not catch, a URL without reply."""
    done = executor("run", project, "--observe", "0=error:closed")
    assert done.returncode == 1
    assert "closed" in done.stdout
    (tmp_path / "none.json").write_text("{}")
    assert "http-connect" in executor("run", project, "--replies", "none.json").stdout


def test_runs_look_at_real_servers(executor: Run, project: Path) -> None:
    """--resolve sends a listed host to a local server, really over HTTP."""

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"price": "3.25"}')

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            done = executor("run", project, "--resolve", f"exchange-a.test=127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
    assert done.returncode == 0, done.stdout
    assert "value 3.25" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--observe", "x"], "SLOT=VALUE"),
        (["--observe", "0=error:Bad Code"], "--observe"),
        (["--observe", "0=1", "--observe", "00=2"], "slot 0 is given twice"),
        (["--observe", "5=1"], "limits.observations is 5"),
        (["--observe", "0=not a number"], "decimal"),
        (["--input", "0xzz"], "--input"),
        (["--input", "@none"], "--input"),
        (["--resolve", "a"], "HOST=ADDRESS"),
        (["--resolve", "a=b"], "override"),
        (["--replies", "none.json"], "none.json"),
    ],
)
def test_wrong_arguments_are_named(executor: Run, project: Path, arguments: list[str], named: str) -> None:
    """One line on stderr, exit code 2."""
    done = executor("run", project, *arguments)
    assert done.returncode == 2
    assert named in done.stderr
    assert done.stderr.startswith("executor: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"greet.js"', '"none.js"', "none.js"),
        ('"greet.js"', '"../../secret.js"', "outside"),
        ('"javascript"', '"cobol"', "function.language"),
        ("output_bytes = 256", "output_bytes = 99999999", "limits.output_bytes"),
        ("output_bytes = 256", "colour = 1", "limits.colour: unknown key"),
        ("output_bytes = 256", "output_byte = 256", "limits.output_byte: unknown key; did you mean output_bytes?"),
        ("source =", "sorce =", "function.sorce: unknown key; did you mean source?"),
        ('"http://exchange-a.test"', '"http://A"', "capabilities.http.hosts.0: 'http://A' is not"),
        ("[limits]", "[limits", "not TOML"),
    ],
)
def test_wrong_projects_are_named(executor: Run, project: Path, old: str, new: str, named: str) -> None:
    """The file and the key, exit code 2."""
    manifest = project / "function.toml"
    manifest.write_text(manifest.read_text().replace(old, new))
    done = executor("build", project)
    assert done.returncode == 2
    assert named in done.stderr


@pytest.mark.parametrize("verb", ["build", "run", "inspect"])
def test_a_missing_manifest_says_what_to_give(executor: Run, tmp_path: Path, verb: str) -> None:
    """A directory without one, by itself and by the file's name."""
    for path in (tmp_path, tmp_path / "function.toml"):
        done = executor(verb, path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"executor: function.toml not found in {tmp_path}: give a function's folder")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", ["build", "run"])
def test_an_empty_source_is_named(executor: Run, project: Path, verb: str) -> None:
    """An engine without source is no function."""
    (project / "greet.js").write_text("")
    done = executor(verb, project)
    assert (done.returncode, done.stderr) == (2, "executor: function.source: greet.js is empty\n")


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("export default function ( {", "SyntaxError: "),
        ("export function other() {}", "must have `export default function"),
        ('import { nope } from "executor"; export default () => "";', "Could not find export 'nope'"),
        ('import fs from "fs"; export default () => "";', "has no Node.js"),
    ],
)
def test_build_refuses_a_source_that_never_loads(executor: Run, project: Path, source: str, named: str) -> None:
    """One line with the file and the engine's words; nothing is written."""
    (project / "greet.js").write_text(source)
    done = executor("build", project)
    assert done.returncode == 2
    assert done.stderr.startswith("executor: function.source: greet.js")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (project / "build").exists()


@pytest.mark.parametrize("body", ["input.json()", 'throw new SyntaxError("mine")', "while (true);"])
def test_build_takes_a_function_that_fails_on_an_empty_input(executor: Run, project: Path, body: str) -> None:
    """Its input is for the request to give."""
    (project / "greet.js").write_text(f"export default (input) => {{ {body} }};")
    assert executor("build", project).returncode == 0


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("while (true);", "out of fuel: raise limits.fuel in function.toml (now 200000000)"),
        (
            "return String(observe(median, () => { while (true); }))",
            "out of fuel: raise limits.observe_fuel in function.toml (now 500000000)",
        ),
        ("for (;;) observe(median, () => 1)", "limits.observations is 5"),
    ],
)
def test_a_limit_that_was_met_is_named(executor: Run, project: Path, source: str, reason: str) -> None:
    """The key to raise, and nothing of the engine's."""
    text = f'import {{ observe, median }} from "executor"; export default () => {{ {source} }};'
    (project / "greet.js").write_text(text)
    done = executor("run", project)
    assert done.returncode == 1
    assert reason in done.stdout
    assert "backtrace" not in done.stdout


def test_calls_without_an_end_are_told_as_that(executor: Run, tmp_path: Path) -> None:
    """Not as the instruction by which the meter stops a guest."""
    source = '(module (memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) i32.const 0)'
    source += ' (func $run (export "run") (param i32 i32) (result i64) (call $run (local.get 0) (local.get 1))))'
    (tmp_path / "deep.wasm").write_bytes(wat2wasm(source))
    done = executor("run", tmp_path / "deep.wasm")
    assert done.returncode == 1
    assert "out of stack: calls in calls take more than 40,000 slots" in done.stdout
    assert "unreachable" not in done.stdout


def test_a_trap_is_told_in_one_line(executor: Run, tmp_path: Path) -> None:
    """What the engine says it was, without the frames."""
    source = '(module (memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) i32.const 0)'
    source += ' (func (export "run") (param i32 i32) (result i64) unreachable))'
    (tmp_path / "trap.wasm").write_bytes(wat2wasm(source))
    done = executor("run", tmp_path / "trap.wasm")
    assert done.returncode == 1
    assert "wasm trap: wasm `unreachable` instruction executed\n" in done.stdout
    assert "backtrace" not in done.stdout


def test_modules_without_manifest_can_be_run_and_inspected(executor: Run) -> None:
    """A plain .wasm has the default terms."""
    module = ROOT / "fixtures" / "guests" / "c_echo.wasm"
    assert "executor" in executor("inspect", module).stdout
    done = executor("run", module, "--input", "hi")
    assert done.returncode == 0, done.stderr
    assert "'hi'" in done.stdout


def test_c_is_built_reproducibly_and_noticed_when_stale(executor: Run, tmp_path: Path) -> None:
    """The bytes are those of the SDK's own build; an edited source has to be built again."""
    folder = tmp_path / "echo"
    folder.mkdir()
    source = (ROOT / "guest-sdk" / "c" / "examples" / "echo.c").read_text()
    (folder / "echo.c").write_text(source)
    (folder / "function.toml").write_text('[function]\nname = "echo"\nlanguage = "c"\nsource = "echo.c"\n')
    assert "executor build" in executor("run", folder).stderr
    done = executor("build", folder)
    assert done.returncode == 0, done.stderr
    built = (folder / "build" / "echo.wasm").read_bytes()
    assert built == (ROOT / "fixtures" / "guests" / "c_echo.wasm").read_bytes()
    assert "'hi'" in executor("run", folder, "--input", "hi").stdout
    (folder / "echo.c").write_text(source + "\n// edited\n")
    assert "has changed since it was built" in executor("run", folder).stderr
    (folder / "echo.c").write_text("int x = ;")
    broken = executor("build", folder)
    assert broken.returncode == 2
    assert "does not compile" in broken.stderr


def test_why_a_function_failed_is_said_once(executor: Run, project: Path) -> None:
    """In its error; its own log has the stack besides."""
    done = executor("run", project, "--observe", "0=error:closed")
    lines = [line for line in done.stdout.splitlines() if "agreed error for price: closed" in line]
    assert [line.split()[0] for line in lines] == ["log", "error"]


def test_a_receipt_shows_side_by_side_what_each_member_saw(executor: Run) -> None:
    """Where nothing was agreed, that is the first question."""
    receipt = ROOT / "fixtures/receipts/no_agreement.json"
    shown = executor("inspect", receipt).stdout.splitlines()
    first = next(place for place, line in enumerate(shown) if line.startswith("slot 0"))
    assert shown[first].split(maxsplit=2)[2] == "agreed error 'no-agreement: identical needs 2 equal of 3, had 1'"
    told = json.loads(executor("inspect", receipt, "--json").stdout)["observations"][0]["members"]
    assert [line.split(maxsplit=2) for line in shown[first + 1 : first + 4]] == [
        ["member", member, word] for member, word in told.items()
    ]
    assert len(set(told.values())) == 3
