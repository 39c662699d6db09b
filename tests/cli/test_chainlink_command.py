"""`executor chainlink`: the folder it writes is a function under the owner's terms, and what it refuses to write."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from cli_types import Run

from executor.crypto.digests import keccak256
from tests.guest_sdk.functions_requests import encoded

OWNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
ROOT = Path(__file__).resolve().parents[2]


def test_a_new_folder_builds_and_runs_a_source(executor: Run, tmp_path: Path) -> None:
    """From nothing to a response, with the request that a client would send."""
    source = "return Functions.encodeString(args[0] + secrets.apiKey)"
    (tmp_path / "source.js").write_text(source)
    made = executor(
        *("chainlink", "new", "mine", "--host", "api.example.com", "--method", "POST", "--secret", "apiKey"),
        *("--owner", OWNER, "--subscription", "7", "--source", "source.js", "--return-bytes", "512"),
    )  # fmt: skip
    assert (made.returncode, made.stderr) == (0, "")
    plain = tomllib.loads((tmp_path / "mine" / "function.toml").read_text())
    assert plain["capabilities"] == {
        "http": {"hosts": ["api.example.com"], "methods": ["GET", "POST"]},
        "secrets": {"names": ["API_KEY"], "owner": OWNER.lower()},
    }
    assert plain["limits"]["output_bytes"] == 512
    assert (tmp_path / "mine" / "check.toml").read_text() == 'allow = ["error-as-value"]\n'
    code = (tmp_path / "mine" / "src" / "function.js").read_text()
    assert f'"sources": [\n    "{keccak256(source.encode())}"\n  ]' in code
    assert executor("build", "mine").returncode == 0
    request = encoded(source, args=("key ",), bytes_args=(b"\x01\xff", b""))
    printed = executor(
        "chainlink", "request", "source.js", "--arg", "key ", "--bytes-arg", "0x01ff", "--bytes-arg", "0x"
    )
    assert printed.stdout == f"0x{request.hex()}\n"
    run = ("run", "mine", "--input", f"0x{request.hex()}", "--secret", "API_KEY")
    done = executor(*run, "--subscription", "7", env={"API_KEY": "k"})
    assert (done.returncode, "output         'key k'" in done.stdout) == (0, True), done.stdout
    agreed = executor("simulate", *run[1:], "--subscription", "7", "-n", "4", env={"API_KEY": "k"})
    assert (agreed.returncode, "'key k'" in agreed.stdout) == (0, True), agreed.stdout
    refused = executor(*run, env={"API_KEY": "k"})
    assert refused.returncode == 1
    assert "subscription 0 is not one that this function works for" in refused.stdout


def test_without_secrets_any_subscription_may_ask(executor: Run) -> None:
    """And without hosts nothing is granted."""
    assert executor("chainlink", "new", "open").returncode == 0
    request = encoded("return Functions.encodeString(args.join())", args=("a", "b"))
    done = executor("run", "open", "--input", f"0x{request.hex()}")
    assert done.returncode == 0
    assert "output         'a,b'" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--secret", "apiKey", "--owner", OWNER), "--secret needs --subscription"),
        (("--secret", "apiKey", "--subscription", "1"), "--secret needs --owner"),
        (("--owner", OWNER), "--owner without --secret"),
        (("--secret", "=KEY"), "a value is never given here"),
        (("--secret", "1", "--owner", OWNER, "--subscription", "1"), "capabilities.secrets.names.0"),
        (("--host", "http//x"), "capabilities.http.hosts.0"),
        (("--owner", "0x12"), "--owner 0x12"),
        (("--source", "nowhere.js"), "--source nowhere.js: No such file"),
        (("--return-bytes", "4097"), "'--return-bytes': Input should be less than or equal to 4096"),
        (("--requests", "11"), "'--requests': Input should be less than or equal to 10"),
    ],
)
def test_terms_that_cannot_be_are_refused(
    executor: Run, tmp_path: Path, arguments: tuple[str, ...], error: str
) -> None:
    """By option or key, and nothing is written."""
    done = executor("chainlink", "new", "mine", *arguments)
    assert done.returncode == 2
    assert error in done.stderr
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("nowhere.js",), "nowhere.js: [Errno 2] No such file"),
        (("source.js", "--bytes-arg", "ff"), "--bytes-arg ff: 0x and pairs of hex digits"),
        (("source.js", "--bytes-arg", "0xf"), "0xf: 0x is followed by pairs of hex digits"),
    ],
)
def test_a_request_that_cannot_be_written_is_named(
    executor: Run, tmp_path: Path, arguments: tuple[str, ...], error: str
) -> None:
    """By file or option."""
    (tmp_path / "source.js").write_text("return 1")
    done = executor("chainlink", "request", *arguments)
    assert (done.returncode, error in done.stderr) == (2, True), done.stderr


def test_nothing_is_overwritten(executor: Run, tmp_path: Path) -> None:
    """Not one file of two."""
    assert executor("chainlink", "new", "mine").returncode == 0
    (tmp_path / "mine" / "function.toml").unlink()
    (tmp_path / "mine" / "check.toml").unlink()
    done = executor("chainlink", "new", "mine")
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    assert not (tmp_path / "mine" / "function.toml").exists()


def test_the_committed_project_is_what_the_command_would_write(executor: Run, tmp_path: Path) -> None:
    """But for its host and the comment on it: the code is the same, byte for byte."""
    made = executor("chainlink", "new", "mine", "--host", "api.example.com")
    assert made.returncode == 0
    committed = ROOT / "guest-sdk" / "compat"
    for file in ("src/function.js", "check.toml"):
        assert (tmp_path / "mine" / file).read_text() == (committed / file).read_text()
    mine, theirs = (tomllib.loads((folder / "function.toml").read_text()) for folder in (tmp_path / "mine", committed))
    assert mine == theirs | {"function": mine["function"]}
