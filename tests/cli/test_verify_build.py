"""verify-build: anyone builds a function again and sees whether it is the one with that id, or what differs."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_types import Run

from executor.cli import _compile_assemblyscript, _esbuild
from executor.model.function import Function
from executor.node.functions import pack_function
from executor.projects import load_function

ROOT = Path(__file__).resolve().parents[2]
C = '[function]\nname = "echo"\nlanguage = "c"\nsource = "echo.c"\n'
OTHER = "0x" + "5e" * 32


@contextmanager
def serving(body: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A node that gives these bytes, whatever it is asked for; its URL and what it was asked."""
    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def built(executor: Run, folder: Path) -> str:
    return str(json.loads(executor("build", folder, "--json").stdout)["function_id"])


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """A function in C."""
    folder = tmp_path / "echo"
    folder.mkdir()
    (folder / "function.toml").write_text(C)
    shutil.copy(ROOT / "guest-sdk" / "c" / "examples" / "echo.c", folder)
    return folder


def test_a_function_is_what_its_source_builds(executor: Run, project: Path) -> None:
    """By what build/ says, by an id, and in JSON; nothing in the folder is written."""
    identity = built(executor, project)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    for arguments in ((project,), (project, identity), (project / "function.toml",)):
        done = executor("verify-build", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"same           {identity}" in done.stdout
    shutil.rmtree(project / "build")
    done = executor("verify-build", project, identity, "--json")
    assert json.loads(done.stdout) == {"same": True, "expected": identity, "rebuilt": identity, "differences": []}
    assert not (project / "build").exists()
    assert all(path.read_bytes() == data for path, data in before.items() if "build" not in path.parts)


def test_a_compiled_module_is_compared_byte_for_byte(executor: Run, echo: Path) -> None:
    """A module in build/ that its source does not make is found, though the facts beside it are right."""
    built(executor, echo)
    assert executor("verify-build", echo).returncode == 0
    module = echo / "build" / "echo.wasm"
    module.write_bytes(module.read_bytes() + b"\x00\x04\x03abc")
    done = executor("verify-build", echo)
    assert done.returncode == 1
    assert f"{module}" in done.stdout
    assert "built with     ziglang 0.17.1" in done.stdout
    module.unlink()
    assert "expected missing" in executor("verify-build", echo).stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        ("greet.js", "started", "begun", ["function id", "source", "source file"]),
        ("function.toml", "output_bytes = 256", "output_bytes = 257", ["function id", "manifest"]),
        ("function.toml", 'name = "greet"', 'name = "greet"\ndescription = "not hashed"', []),
    ],
)
def test_what_differs_is_named(executor: Run, project: Path, file: str, old: str, new: str, parts: list[str]) -> None:
    """The part of the id, and the file."""
    built(executor, project)
    (project / file).write_text((project / file).read_text().replace(old, new))
    done = executor("verify-build", project, "--json")
    plain = json.loads(done.stdout)
    assert (done.returncode, plain["same"]) == ((1, False) if parts else (0, True))
    assert [each["part"] for each in plain["differences"]] == parts


def test_another_tool_is_named(executor: Run, echo: Path) -> None:
    """What was built with another compiler has another id, and this is why."""
    built(executor, echo)
    facts = echo / "build" / "function.json"
    plain = json.loads(facts.read_text())
    facts.write_text(json.dumps(plain | {"function_id": OTHER, "module_id": OTHER, "toolchain": {"ziglang": "0.1.0"}}))
    done = executor("verify-build", echo, "--json")
    differences = {each["part"]: (each["expected"], each["rebuilt"]) for each in json.loads(done.stdout)["differences"]}
    assert done.returncode == 1
    assert differences["tool ziglang"] == ("0.1.0", "0.17.1")
    assert differences["module"][0] == OTHER


def test_another_engine_is_named(executor: Run, project: Path) -> None:
    """A function of source is bound to the engine of its release."""
    built(executor, project)
    facts = project / "build" / "function.json"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"function_id": OTHER, "module_id": OTHER}))
    done = executor("verify-build", project)
    assert done.returncode == 1
    assert "another engine: build with the one it was made with" in done.stdout
    assert f"expected {OTHER}" in done.stdout.partition("\nengine ")[2].splitlines()[0]


def test_an_id_alone_says_how_to_learn_more(executor: Run, project: Path) -> None:
    """A hash of three parts does not tell which of them is another."""
    done = executor("verify-build", project, OTHER)
    assert done.returncode == 1
    assert f"expected {OTHER}" in done.stdout
    assert "give --node URL" in done.stdout


def test_a_node_that_keeps_the_function_tells_which_part_differs(executor: Run, project: Path) -> None:
    """It gives the bytes, whose id is checked, so nothing of it is believed."""
    kept = load_function(project)
    identity = built(executor, project)
    (project / "greet.js").write_text((project / "greet.js").read_text() + "// changed\n")
    with serving(pack_function(kept)) as (url, asked):
        done = executor("verify-build", project, identity, "--node", url, "--json")
        assert asked == [f"/v1/functions/{identity}"]
        parts = [each["part"] for each in json.loads(done.stdout)["differences"]]
        assert (done.returncode, parts[:2]) == (1, ["function id", "source"])
        done = executor("verify-build", project, OTHER, "--node", url)
        assert (done.returncode, f"gave function {identity}, asked for {OTHER}" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{}", 404, "HTTP 404"),
        (b"not json", 200, "gave no function"),
        (pack_function(Function(b"")), 200, "asked for"),
    ],
)
def test_a_node_that_gives_nothing_of_use_is_named(
    executor: Run, project: Path, body: bytes, status: int, told: str
) -> None:
    """Its fault, not the function's: exit code 3."""
    with serving(body, status) as (url, _):
        done = executor("verify-build", project, OTHER, "--node", url)
    assert done.returncode == 3
    assert told in done.stderr
    assert executor("verify-build", project, OTHER, "--node", url).returncode == 3  # nobody is there any more


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to compare with: give a function id"),
        (["0x12"], "FUNCTION_ID 0x12"),
        (["no id"], "FUNCTION_ID no id"),
    ],
)
def test_wrong_usage_is_told(executor: Run, project: Path, arguments: list[str], told: str) -> None:
    """One line, exit code 2."""
    done = executor("verify-build", project, *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert told in done.stderr


@pytest.mark.parametrize("language", ["javascript", "assemblyscript"])
def test_no_tool_of_the_folder_that_is_verified_is_run(
    executor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """It may be a stranger's program: without this machine's own the build is refused, with what to install."""
    folder, sdk, ran = tmp_path / "theirs", tmp_path / "sdk", tmp_path / "ran"
    tools = folder / "node_modules"
    esbuild, compiler = tools / "@esbuild" / _esbuild._platform(), tools / "assemblyscript"
    for package, version in ((esbuild, _esbuild.VERSION), (compiler, _compile_assemblyscript.VERSION)):
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"version": version}))
    (esbuild / "bin").mkdir()
    (esbuild / "bin" / "esbuild").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (esbuild / "bin" / "esbuild").chmod(0o755)
    sdk.mkdir()
    (sdk / "build.mjs").write_text(f"import fs from 'node:fs';\nfs.writeFileSync({str(ran)!r}, '');\n")
    (folder / "price.ts").write_text("export default () => 1;\n")
    (folder / "function.toml").write_text(f'[function]\nname = "price"\nlanguage = "{language}"\nsource = "price.ts"\n')
    monkeypatch.setattr(_esbuild, "_BUNDLERS", ())
    monkeypatch.setattr(_compile_assemblyscript, "_SDKS", (sdk,))
    done = executor("verify-build", folder, "0x" + "11" * 32, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    install = {"javascript": "executor build --fetch-bundler", "assemblyscript": "npm install --save-exact --prefix"}
    assert not ran.exists()
    assert (done.returncode, "of this machine" in done.stderr, install[language] in done.stderr) == (2, True, True)


def test_a_compiler_in_the_users_cache_is_this_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the command that a refusal names installs it."""
    monkeypatch.setattr(_compile_assemblyscript, "_SDKS", ())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    version = _compile_assemblyscript.VERSION
    package = tmp_path / "executor" / f"assemblyscript-{version}" / "node_modules" / "assemblyscript"
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"version": version}))
    assert _compile_assemblyscript.find_compiler(tmp_path / "theirs", own=True) == package
