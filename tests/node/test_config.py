"""The node's configuration file, and the commented one that `executor node init` writes."""

import tomllib
from pathlib import Path

import pytest

from executor.errors import InvalidConfig
from executor.node.config import MAX_CONFIG_BYTES, check_config, keys, read_config
from executor.node.config_file import config_text

GOOD = """
operator = "0x00000000000000000000000000000000000000aa"
[chain]
id = 31337
router = "0x00000000000000000000000000000000000000bb"
rpc_urls = ["http://127.0.0.1:8545"]
[http]
port = 9000
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "node.toml"
    path.write_text(text)
    return path


def test_paths_are_relative_to_the_files_folder(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, GOOD))
    assert config.data == tmp_path / "data"
    assert config.signer.socket == tmp_path / "signer.sock"
    assert config.workers.compiled == tmp_path / "compiled"


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is really called `~` was a node's data once."""
    monkeypatch.setenv("HOME", "/home/someone")
    more = '[signer]\nsocket = "~/run/signer.sock"\n[workers]\ncompiled = "~/compiled"\n'
    config = read_config(write(tmp_path, 'data = "~/data"\n' + GOOD + more))
    assert (config.data, config.signer.socket) == (Path("/home/someone/data"), Path("/home/someone/run/signer.sock"))
    assert config.workers.compiled == Path("/home/someone/compiled")
    with pytest.raises(InvalidConfig, match="data: ~no-such-user-here/data: this machine knows no such home"):
        read_config(write(tmp_path, 'data = "~no-such-user-here/data"\n' + GOOD))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("[rounds]\nscheme = 'rsa'", "rounds.scheme"),
        ("[workers]\ncount = 0", "workers.count"),
        ("[workers]\ncount = '1'", "workers.count"),
        ("[workers]\nwatchdog_s = inf", "workers.watchdog_s"),
        ("[limits]\nfunctions = 1.5", "limits.functions"),
        ("[metrics]\nport = 65536", "metrics.port"),
        ("[resolve]\nx = 1", "resolve.x"),
        ("[resolve]\n'a.test' = 'somewhere'", "resolve.*a.test"),
        ("[metrics]\nport = 9000", "metrics.port.*has port 9000 already"),
        ("[transmitter]\npriority_fee_gwei = 2000", "transmitter.priority_fee_gwei: more than max_fee_gwei"),
        ("[[chains]]\nid = 8\nrpc_urls = ['http://a.test', 'http://a.test']", "rpc_urls of chain 8.*named twice"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: str, named: str) -> None:
    with pytest.raises(InvalidConfig, match=named):
        read_config(write(tmp_path, GOOD + change))


@pytest.mark.parametrize("text", ["-1", "1001", "true", '"final"'])
def test_confirmations_are_a_number_or_finalized(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidConfig, match='an integer from 0 to 1000, or "finalized"'):
        read_config(write(tmp_path, GOOD.replace("[http]", f"confirmations = {text}\n[http]")))
    good = read_config(write(tmp_path, GOOD.replace("[http]", 'confirmations = "finalized"\n[http]')))
    assert good.chain.confirmations == "finalized"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("[worker]\ncount = 1", r"unknown key worker; did you mean \[workers\]\?"),
        ("[workers]\ncuont = 1", r"unknown key workers.cuont; did you mean workers.count\?"),
        ("[limits]\nport = 1", r"unknown key limits.port; did you mean http.port\?"),
        ("[signer]\npassword = 'x'", r"unknown key signer.password; the tables are \[chain\], \[signer\]"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(tmp_path: Path, change: str, said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        read_config(write(tmp_path, GOOD + change))


def test_keys_of_the_former_flat_file_are_led_to_their_tables(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as raised:
        read_config(write(tmp_path, 'rpc_urls = ["http://a.test"]\nsigner_socket = "s"' + GOOD))
    assert "did you mean chain.rpc_urls?" in str(raised.value)
    assert "did you mean signer.socket?" in str(raised.value)


@pytest.mark.parametrize("key", ["operator", "id", "router", "rpc_urls", "port"])
def test_what_is_missing_is_named(tmp_path: Path, key: str) -> None:
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(key))
    with pytest.raises(InvalidConfig, match=f"{key} is missing|http is missing"):
        read_config(write(tmp_path, text))


def test_a_file_that_is_not_there_or_not_toml_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="cannot be read"):
        read_config(tmp_path / "absent.toml")
    with pytest.raises(InvalidConfig, match="not TOML"):
        read_config(write(tmp_path, "operator ="))
    with pytest.raises(InvalidConfig, match="limit"):
        read_config(write(tmp_path, "#" * (MAX_CONFIG_BYTES + 1)))
    (tmp_path / "node.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidConfig, match="not TOML"):
        read_config(tmp_path / "node.toml")


def test_many_wrong_keys_are_told_in_one_bounded_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as raised:
        read_config(write(tmp_path, "\n".join(f"wrong{number} = 1" for number in range(1_000)) + GOOD))
    assert "and 995 more" in str(raised.value)
    assert len(str(raised.value)) < 2_000


def test_a_secret_in_an_rpc_url_comes_from_the_environment(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("127.0.0.1:8545", "a.test/${KEY}"))
    assert read_config(path, {"KEY": "abc"}).chain.rpc_urls == ["http://a.test/abc"]
    with pytest.raises(InvalidConfig, match="no variable KEY"):
        read_config(path, {})


def test_a_password_in_an_rpc_url_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"chain.rpc_urls.0: an http or https URL without user and password"):
        read_config(write(tmp_path, GOOD.replace("127.0.0.1:8545", "user:word@a.test")))


def test_the_written_file_names_every_key_and_reads_as_what_it_was_made_of() -> None:
    values = tomllib.loads(GOOD)
    text = config_text(values)
    assert check_config(tomllib.loads(text), "text") == check_config(values, "values")
    written = {line.lstrip("# ").split(" =")[0] for line in text.splitlines() if " =" in line}
    assert {key.rpartition(".")[2] for key in keys()} - {"resolve"} <= written


def test_the_defaults_that_the_written_file_shows_are_the_defaults() -> None:
    values = tomllib.loads(GOOD)
    lines = config_text(values).splitlines()
    shown = [line[2:] if line.startswith("# ") and " = " in line and line[2].islower() else line for line in lines]
    uncommented = "\n".join(line for line in shown if not line.startswith("# ") and line != "scheme =")
    assert check_config(tomllib.loads(uncommented), "text") == check_config(values, "values")


def test_changed_values_and_names_are_written_and_read_again() -> None:
    values = tomllib.loads(GOOD) | {"workers": {"count": 3}, "resolve": {"a.test": "10.0.0.1:1"}}
    again = check_config(tomllib.loads(config_text(values)), "text")
    assert again.workers.count == 3
    assert again.resolve == {"a.test": "10.0.0.1:1"}


def test_no_file_is_written_of_wrong_values() -> None:
    with pytest.raises(InvalidConfig, match="operator: 0x and 40 hex digits"):
        config_text(tomllib.loads(GOOD) | {"operator": "me"})


OTHERS = """
[[chains]]
id = 8453
rpc_urls = ["https://a.test/${KEY}", "https://b.test"]
[[chains]]
id = 10
rpc_urls = ["https://c.test"]
"""


def test_chains_that_functions_read_are_tables_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + OTHERS)
    config = read_config(path, {"KEY": "abc"})
    assert config.endpoints == {
        31337: ["http://127.0.0.1:8545"],
        8453: ["https://a.test/abc", "https://b.test"],
        10: ["https://c.test"],
    }
    assert config.urls == ["http://127.0.0.1:8545", "https://a.test/abc", "https://b.test", "https://c.test"]
    with pytest.raises(InvalidConfig, match=r"chains\.0\.rpc_urls: the environment has no variable KEY"):
        read_config(path, {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (OTHERS.replace("= 10", "= 8453"), "chain 8453 is there twice"),
        (
            OTHERS.replace("= 10", "= 31337"),
            r"chain 31337 is there twice; the home chain's endpoints stand in \[chain\]",
        ),
        (OTHERS.replace("= 10", "= 0"), "chains.1.id"),
        (OTHERS.replace('"https://c.test"', '"https://me:word@c.test"'), "without user and password"),
        (OTHERS.replace('"https://c.test"', ""), "chains.1.rpc_urls"),
        (OTHERS + "router = 'x'", "unknown key chains.1.router"),
    ],
)
def test_a_wrong_chain_is_named(tmp_path: Path, change: str, said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        read_config(write(tmp_path, GOOD + change), {"KEY": "abc"})


def test_chains_are_written_and_read_again() -> None:
    values = tomllib.loads(GOOD + OTHERS)
    assert check_config(tomllib.loads(config_text(values)), "text") == check_config(values, "values")
