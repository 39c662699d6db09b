"""The node's configuration file."""

from pathlib import Path

import pytest

from executor.errors import InvalidConfig
from executor.node.config import MAX_CONFIG_BYTES, read_config

GOOD = """
operator = "0x00000000000000000000000000000000000000aa"
chain_id = 31337
router = "0x00000000000000000000000000000000000000bb"
rpc_urls = ["http://127.0.0.1:8545"]
port = 9000
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "node.toml"
    path.write_text(text)
    return path


def test_paths_are_relative_to_the_files_folder(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, GOOD))
    assert config.data == tmp_path / "data"
    assert config.signer_socket == tmp_path / "signer.sock"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("unknown = 1", "unknown"),
        ('scheme = "rsa"', "scheme"),
        ("workers = 0", "workers"),
        ("poll_interval_s = 0", "poll_interval_s"),
        ("confirmations = -1", "confirmations"),
        ("[http_overrides]\nx = 1", "http_overrides"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: str, named: str) -> None:
    with pytest.raises(InvalidConfig, match=named):
        read_config(write(tmp_path, GOOD + change))


@pytest.mark.parametrize("key", ["operator", "chain_id", "router", "rpc_urls", "port"])
def test_what_is_missing_is_named(tmp_path: Path, key: str) -> None:
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(key))
    with pytest.raises(InvalidConfig, match=key):
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
