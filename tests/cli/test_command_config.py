"""Settings: options before the environment before the nearest executor.toml; what is mistyped is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_types import Run

from executor.cli._config import CONFIG_FILE, needed, read_settings
from executor.errors import InvalidConfig

ROUTER = "0x" + "12" * 20
FILE = f"""
rpc_urls = ["http://file.example/${{KEY}}"]
chain_id = 1
router = "{ROUTER}"
subscription = 7
key_file = "keys/owner"
[resolve]
"api.test" = "127.0.0.1:1"
"""


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A folder two below the one with the file."""
    (tmp_path / CONFIG_FILE).write_text(FILE)
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    return folder


def test_an_option_comes_before_the_environment_and_that_before_the_file(deep: Path) -> None:
    """Each key by itself; a variable that is empty is not there."""
    environment = {"KEY": "s3cret", "EXECUTOR_CHAIN_ID": "5", "EXECUTOR_SUBSCRIPTION": "8", "EXECUTOR_ROUTER": ""}
    found = read_settings(start=deep, environment=environment, subscription=9, router=None, nodes=[])
    assert (found.chain_id, found.subscription, found.router) == (5, 9, ROUTER)
    assert found.rpc_urls == ["http://file.example/s3cret"]
    assert found.key_file == deep.parents[1] / "keys" / "owner"
    assert found.resolve == {"api.test": "127.0.0.1:1"}
    lists = {"KEY": "", "EXECUTOR_NODES": "http://a.example, http://b.example"}
    assert read_settings(start=deep, environment=lists).nodes == ["http://a.example", "http://b.example"]


def test_the_nearest_file_counts_and_a_devnets_comes_after_a_folders_own(deep: Path) -> None:
    """`devnet/executor.toml` is what a running devnet writes."""
    devnet = deep.parent / "devnet"
    devnet.mkdir()
    (devnet / CONFIG_FILE).write_text("chain_id = 31337\n")
    assert read_settings(start=deep, environment={}).chain_id == 31337
    (deep.parent / CONFIG_FILE).write_text("chain_id = 2\n")
    assert read_settings(start=deep, environment={}).chain_id == 2
    named = devnet / CONFIG_FILE
    assert read_settings(start=deep, environment={"EXECUTOR_CONFIG": str(named)}).chain_id == 31337
    assert (
        read_settings(deep.parent / CONFIG_FILE, start=deep, environment={"EXECUTOR_CONFIG": str(named)}).chain_id == 2
    )
    with pytest.raises(InvalidConfig, match="there is no such file"):
        read_settings(deep / "none.toml", environment={})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rpc_url = []", "unknown key rpc_url; did you mean rpc_urls?"),
        ("subscripton = 1", "did you mean subscription?"),
        ("zzz = 1", "the keys are rpc_urls, chain_id"),
        ('chain_id = "1"', "chain_id: a whole number, without quotes"),
        ('rpc_urls = "http://a.test"', 'rpc_urls: a list, such as ["https://…"]'),
        ("router = 7", "router: text, in quotes"),
        ('ask = "no"', "ask: true or false, without quotes"),
        ("chain_id = 0", "chain_id: "),
        ('router = "0x12"', "router: 0x and 40 hex digits"),
        ('nodes = ["ftp://x"]', "nodes.0: an http or https URL"),
        ('rpc_urls = ["http://${NONE}"]', "the environment has no NONE"),
        ("= 1", "not TOML"),
        ("#" * 70_000, "more than 65536 bytes"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    """With the file."""
    file = tmp_path / CONFIG_FILE
    file.write_text(text)
    with pytest.raises(InvalidConfig) as raised:
        read_settings(start=tmp_path, environment={})
    assert told in str(raised.value)
    assert str(file) in str(raised.value)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("EXECUTOR_CHAINID", "1", "did you mean EXECUTOR_CHAIN_ID?"),
        ("EXECUTOR_CHAIN_ID", "one", "EXECUTOR_CHAIN_ID: 'one' is not a number"),
        ("EXECUTOR_CHAIN_ID", "9" * 30, "is not a number"),
        ("EXECUTOR_ROUTER", "here", "EXECUTOR_ROUTER: 0x and 40 hex digits"),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(tmp_path: Path, variable: str, value: str, told: str) -> None:
    """With the variable; other programs' variables are none of ours."""
    with pytest.raises(InvalidConfig, match=r"EXECUTOR_") as raised:
        read_settings(start=tmp_path, environment={variable: value, "EXECUTOR_NUMBER": "4"})
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"router": "0x34"}, "--router: 0x and 40 hex digits"),
        ({"rpc_urls": ["http://a.test", "ftp://marker-key"]}, "--rpc: an http or https URL without user and password"),
        ({"chain_id": 2**60}, "--chain-id: "),
    ],
)
def test_what_is_wrong_in_an_option_is_named(tmp_path: Path, options: dict[str, object], told: str) -> None:
    """With the option, and without a URL, which may hold a key."""
    with pytest.raises(InvalidConfig) as raised:
        read_settings(start=tmp_path, environment={}, **options)
    assert str(raised.value).startswith(told)
    assert "marker-key" not in str(raised.value)


def test_a_file_that_the_environment_names_and_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"none\.toml: there is no such file, which EXECUTOR_CONFIG names"):
        read_settings(start=tmp_path, environment={"EXECUTOR_CONFIG": str(tmp_path / "none.toml")})


def test_an_endpoint_that_does_not_answer_is_told_with_what_named_it(executor: Run, tmp_path: Path) -> None:
    """As after a devnet that could not remove its file."""
    place = f'chain_id = 1\nrouter = "0x{"11" * 20}"\nsubscription = 1\n'
    (tmp_path / "devnet").mkdir()
    file = tmp_path / "devnet" / CONFIG_FILE
    file.write_text(f'rpc_urls = ["http://127.0.0.1:1"]\n{place}')
    show = ("subscription", "show")
    told = executor(*show)
    assert (told.returncode, f"the endpoint is named by {file}: is that network up?" in told.stderr) == (3, True)
    told = executor(*show, env={"EXECUTOR_RPC_URLS": "http://127.0.0.1:2"})
    assert "127.0.0.1:2: " in told.stderr
    assert "is named by EXECUTOR_RPC_URLS: " in told.stderr
    assert "is named by --rpc: " in executor(*show, "--rpc", "http://127.0.0.1:3").stderr


def test_what_is_missing_is_named_with_the_ways_to_give_it() -> None:
    """Option, variable, key."""
    with pytest.raises(InvalidConfig, match=r"--chain-id, EXECUTOR_CHAIN_ID or chain_id in executor.toml"):
        needed(None, "chain_id")
    assert needed(1, "chain_id") == 1
