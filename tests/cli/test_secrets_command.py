"""Secrets on the command line: from the environment or a file, never from an argument, and never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_types import Run
from vm.guests import data, module, observing

from executor.chain.accounts import dev_accounts
from executor.crypto.digests import keccak256
from executor.model.secret import MAX_VALUE_BYTES

OWNER = dev_accounts()[0]
MARKER = "marker-7f3a"
SPEC = b'{"aggregate":"identical"}'
KECCAK = b"crypto.keccak256"
# Reads the secret, and lets out its hash.
INSIDE = f"""
  (local.set $n (call $call (i32.const 256) (i32.const 11) (i32.const 288) (i32.const 7)))
  (call $read (i32.const 2048))
  (if (i64.ne (i64.shr_u (local.get $n) (i64.const 32)) (i64.const 0))
    (then (call $propose (i32.const 1) (i32.const 2048) (i32.wrap_i64 (local.get $n))) unreachable))
  (local.set $n
    (call $call (i32.const 320) (i32.const {len(KECCAK)}) (i32.const 2048) (i32.wrap_i64 (local.get $n))))
  (call $read (i32.const 2048))
  (call $propose (i32.const 0) (i32.const 2048) (i32.const 32))"""
ECHO = "(i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.extend_i32_u (local.get $i)))"
PLACE = ("--rpc", "http://127.0.0.1:9", "--chain-id", "1", "--router", "0x" + "02" * 20)


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """The folder of a function that tells the hash of its secret."""
    run, before = observing(SPEC, INSIDE, ECHO)
    code = before + data(256, b"secrets.get") + data(288, b"API_KEY") + data(320, KECCAK)
    (tmp_path / "reader.wasm").write_bytes(module(run, before=code))
    (tmp_path / "function.toml").write_text(
        '[function]\nname = "reader"\nlanguage = "wasm"\nsource = "reader.wasm"\n'
        f'[capabilities.secrets]\nnames = ["API_KEY"]\nowner = "{OWNER.address}"\n'
    )
    (tmp_path / "value").write_text(MARKER + "\n")
    return tmp_path


@pytest.mark.parametrize("given", ["API_KEY", "API_KEY=env:ELSEWHERE", "API_KEY=@value"])
def test_a_local_run_has_the_secret_and_does_not_show_it(
    executor: Run, reader: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """From the variable of its name, another one, or a file without its last newline."""
    monkeypatch.setenv("ELSEWHERE" if "ELSE" in given else "API_KEY", MARKER)
    monkeypatch.chdir(reader)
    done = executor("run", reader, "--secret", given, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["payload"] == "0x" + keccak256(MARKER.encode()).hex()
    assert MARKER not in done.stdout + done.stderr


def test_a_local_run_without_it_observes_the_error(executor: Run, reader: Path) -> None:
    """As a node does that was given none."""
    done = executor("run", reader, "--json")
    assert [each["value"] for each in json.loads(done.stdout)["observations"]] == ["0x" + b"secret-missing".hex()]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--secret", f"API_KEY={MARKER}"], "a value on the command line is seen by others"),
        (["--secret", f"{MARKER}=x"], "begins with a NAME"),
        (["--secret", "OTHER=@value"], "the manifest does not list it"),
        (["--secret", "API_KEY=env:NOT_SET"], "no such variable"),
        (["--secret", "API_KEY=@missing"], "cannot read its file: No such file"),
        (["--secret", "API_KEY=@value", "--secret", "API_KEY=@value"], "given twice"),
        (["--secret", "API_KEY=@empty"], "1 to 4096 bytes, not 0"),
        (["--secret", "API_KEY=@long"], "1 to 4096 bytes, not 40"),
    ],
)
def test_a_wrong_option_is_named_without_what_follows_it(
    executor: Run, reader: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    """Wrong usage, and nothing that might be a value in the message."""
    monkeypatch.chdir(reader)
    (reader / "empty").write_bytes(b"\n")
    (reader / "long").write_bytes(bytes(MAX_VALUE_BYTES + 1))
    for verb in (["run"], ["secrets", "put", *PLACE]):
        done = executor(verb[0], *verb[1:2], reader, *verb[2:], *arguments)
        assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
        assert MARKER not in done.stdout + done.stderr


def test_only_the_owner_that_the_manifest_names_puts_and_deletes(
    executor: Run, reader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told before anything is sealed, or anybody asked."""
    monkeypatch.setenv("EXECUTOR_SECRETS_KEY", dev_accounts()[1].private_key.hex())
    monkeypatch.setenv("API_KEY", MARKER)
    for verb in (["put", "--secret", "API_KEY"], ["delete", "--name", "API_KEY"]):
        done = executor("secrets", verb[0], reader, *verb[1:], *PLACE)
        assert done.returncode == 2
        assert f"capabilities.secrets.owner of the manifest is {OWNER.address}" in done.stderr
    monkeypatch.setenv("EXECUTOR_SECRETS_KEY", OWNER.private_key.hex())
    done = executor("secrets", "delete", reader, "--name", "api-key", *PLACE)
    assert (done.returncode, "api-key: a name has" in done.stderr) == (2, True)
    done = executor("secrets", "put", reader, "--secret", "API_KEY", *PLACE)
    assert (done.returncode, MARKER in done.stdout + done.stderr) == (3, False)  # no chain answers
    done = executor("secrets", "put", "nowhere", "--secret", "API_KEY", *PLACE)
    assert (done.returncode, "neither a function's folder nor an id" in done.stderr) == (2, True)
