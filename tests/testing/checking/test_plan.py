"""check.toml and replies files: what is right is read, what is wrong is named by file and key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from executor.capabilities.errors import CODES
from executor.errors import InvalidConfig
from executor.testing.checking import Kind, Plan, read_plan
from executor.testing.checking.remedies import WORDS
from executor.testing.replies import Reply


def test_without_a_file_the_plan_is_empty(tmp_path: Path) -> None:
    """Everything has a default."""
    assert read_plan(tmp_path) == Plan()


def test_every_key_is_read(tmp_path: Path) -> None:
    """The three spellings of an input, replies beside the file, steady names, allowed kinds."""
    (tmp_path / "check.toml").write_text(
        'inputs = ["7", "0x00ff", "@in.bin"]\nreplies = "r.json"\nsteady = ["version"]\nallow = ["error-as-value"]\n'
    )
    (tmp_path / "in.bin").write_bytes(b"\x01\x02")
    (tmp_path / "r.json").write_text(json.dumps({"https://a.example/x": {"status": 201, "body": "é"}}))
    plan = read_plan(tmp_path)
    assert plan.inputs == (b"7", b"\x00\xff", b"\x01\x02")
    assert plan.replies == {"https://a.example/x": Reply(201, {}, "é".encode())}
    assert plan.steady == {"version"}
    assert plan.allow == {Kind.ERROR_AS_VALUE}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("input = ['7']", "input: unknown key; did you mean inputs?"),
        ("colour = 1", "colour: unknown key"),
        ("inputs = 7", "inputs: Input should be a valid list"),
        ("inputs = [7]", "inputs.0: Input should be a valid string"),
        ("inputs = ['0xzz']", "input 0xzz"),
        ("inputs = ['@none']", "none: No such file"),
        ("replies = 'none.json'", "none.json: No such file"),
        ("replies = ''", "replies: String should have at least 1 character"),
        ("allow = ['error-as-valu']", "unknown finding 'error-as-valu'; did you mean error-as-value?"),
        ("allow = ['x']", "unknown finding 'x'"),
        ("inputs = [", "Invalid value"),
        (f"inputs = ['{'a' * 65_537}']", "an input has 65537 bytes, the limit is 65536"),
    ],
)
def test_a_wrong_plan_is_named(tmp_path: Path, text: str, named: str) -> None:
    """The file first, then the key."""
    (tmp_path / "check.toml").write_text(text)
    with pytest.raises(InvalidConfig) as raised:
        read_plan(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / 'check.toml'}: ")
    assert named in str(raised.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ("[]", "not an object of replies by URL"),
        ('{"https://a.example/": {"stat": 200}}', "https://a.example/: stat: unknown key; did you mean status?"),
        ('{"https://a.example/": 5}', "https://a.example/: not an object"),
        ('{"https://a.example/": {"status": 42}}', "https://a.example/: status: Input should be greater than or equal"),
        ('{"https://a.example/": {"error": "htp-timeout"}}', "error 'htp-timeout'; did you mean http-timeout?"),
        ('{"https://a.example/": {"error": ""}}', "no node answers with the error ''"),
        ('{"https://a.example/": {"error": "http-tls", "body": ""}}', "https://a.example/: an error stands alone"),
        ('{"https://a.example/": {"body": {}}}', "body: Input should be a valid string"),
    ],
)
def test_a_broken_replies_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    """File, URL and key."""
    (tmp_path / "check.toml").write_text('replies = "r.json"')
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InvalidConfig) as raised:
        read_plan(tmp_path)
    assert "r.json: " in str(raised.value)
    assert named in str(raised.value)


@pytest.mark.parametrize("wrong", [{"examples": 0}, {"seconds": 0.0}, {"seconds": float("nan")}])
def test_nothing_to_do_is_no_plan(wrong: dict[str, float]) -> None:
    """At least one scene, and some time."""
    with pytest.raises(InvalidConfig, match="more than zero"):
        Plan(**wrong)  # type: ignore[arg-type]


def test_every_kind_is_in_the_documentation_and_has_a_remedy() -> None:
    """docs/check.md lists them in the table of findings, no more and no less."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "check.md").read_text(encoding="utf-8")
    table = text.split("## What it finds", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(Kind)
    assert set(WORDS) == set(Kind)


def test_every_code_that_a_node_answers_with_may_stand_in_a_replies_file() -> None:
    """Those in the capabilities' code, no more and no fewer."""
    sources = (Path(__file__).resolve().parents[3] / "executor" / "capabilities").glob("*.py")
    texts = [path.read_text(encoding="utf-8") for path in sources if path.name != "errors.py"]
    assert set(re.findall(r'"((?:http|evm)-[a-z-]+)"', "".join(texts))) == CODES
