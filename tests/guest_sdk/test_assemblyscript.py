"""The AssemblyScript SDK as people use it: compiled by its own build, with errors that point to their file and line."""

from __future__ import annotations

import struct
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import eth_abi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .harness import CONTEXT, ROOT, Guest
from .test_c_guests import answer

SDK = ROOT / "guest-sdk" / "assemblyscript"
DOUBLES = """
import { Decimal, utf8 } from "executor";

export function main(input: Uint8Array): Uint8Array {
  if (input.length != 8) throw new Error("a double has eight bytes");
  return utf8(Decimal.of(load<f64>(input.dataStart)).toString());
}
"""


def compiled(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """What the SDK's own compile_function does, as a command."""
    code = "import sys, pathlib, assemblyscript as a; a.compile_function(*map(pathlib.Path, sys.argv[1:]))"
    command = [sys.executable, "-c", code, str(source), str(out)]
    return subprocess.run(command, cwd=SDK, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def doubles(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    work: Path = tmp_path_factory.mktemp("assemblyscript")
    (work / "doubles.ts").write_text(DOUBLES)
    done = compiled(work / "doubles.ts", work / "doubles.wasm")
    assert done.returncode == 0, done.stderr
    return Guest.load((work / "doubles.wasm").read_bytes())


EDGES = (5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740993.0, 1e23, 2.0**-44, 0.1, -1.5e-7)


def expected(number: float) -> str:
    text = format(Decimal(repr(number)), "f")
    return text.removesuffix(".0") if number else "0"


@pytest.mark.parametrize("number", EDGES)
def test_edges(doubles: Guest, number: float):
    """The smallest, the largest, and powers of two, whose neighbours are not equally far."""
    assert doubles.run(None, struct.pack("<d", number)).text == expected(number)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_any_double(doubles: Guest, number: float):
    """The fewest digits that read back as the same number, and of these the nearest."""
    assert doubles.run(None, struct.pack("<d", number)).text == expected(number)


def test_an_error_names_its_file_and_line(doubles: Guest):
    """What is thrown fails the run with message, file, line and column."""
    run = doubles.run(None, b"x")
    assert (run.ending, run.text) == ("failed", "a double has eight bytes (doubles.ts:5:26)")


def test_eth_usd(tmp_path: Path):
    """The example of the README: what a node sees, and what comes of the agreed price."""
    done = compiled(SDK / "examples" / "eth_usd.ts", tmp_path / "eth_usd.wasm")
    assert done.returncode == 0, done.stderr
    guest = Guest.load((tmp_path / "eth_usd.wasm").read_bytes())
    replies = {"http.fetch": lambda _: (0, answer(200, b'{"price": 1842.5}'))}
    looked = guest.run(None, calls=replies, observing=True)
    assert (looked.ending, looked.kind, looked.output) == ("proposed", 0, b"1842.5")
    agreed = guest.run(None, transcript=[(0, b"1842.175")])
    assert eth_abi.decode(["uint256", "uint64"], agreed.output) == (184_217_500_000, CONTEXT["block_timestamp"])


def test_a_mistake_is_told_with_its_place(tmp_path: Path):
    """The compiler names file, line and column, and writes no module."""
    (tmp_path / "wrong.ts").write_text("export function main(input: Uint8Array): Uint8Array {\n  return 5;\n}\n")
    done = compiled(tmp_path / "wrong.ts", tmp_path / "wrong.wasm")
    assert done.returncode != 0
    assert "wrong.ts(2,10)" in done.stderr
    assert not (tmp_path / "wrong.wasm").exists()
