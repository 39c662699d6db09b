"""Real modules that were cut off or had a bit flipped: refused, or they run to an end that is theirs."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.vm import execute, load
from executor.vm.binary import SECTIONS

ROOT: Final = Path(__file__).resolve().parents[2]
QUICKJS: Final = ROOT / "executor" / "engines" / "quickjs.wasm"
SMALL: Final = [ROOT / "fixtures" / "guests" / f"c_{name}.wasm" for name in ("abi_tour", "echo", "eth_usd")]
SOURCE: Final = b"export default function (input) { return input; }"
HARD: Final = int(os.environ.get("EXECUTOR_HOSTILE", "1"))
"""How many times as many flips as in a pull request; `make hostile` sets it."""
SMALL_FLIPS: Final = 60 * HARD
QUICKJS_FLIPS: Final = 3 * HARD
DATA: Final = 11


def terms() -> Terms:
    """Enough fuel for a sane run of any of them."""
    return Terms.model_validate({"limits": {"fuel": 20_000_000, "memory_mib": 16}})


def boundaries(module: bytes) -> Iterator[int]:
    """Where each section begins and ends, each one's contents begin, and a byte beside each."""
    position = 8
    while position < len(module):
        size = shift = 0
        start = position + 1
        while True:
            byte = module[start]
            size |= (byte & 0x7F) << shift
            start, shift = start + 1, shift + 7
            if byte < 0x80:
                break
        assert module[position] < len(SECTIONS)
        yield from (position, position + 1, start, start + 1, start + size - 1)
        position = start + size


def end_or_refusal(module: bytes, source: bytes = b"") -> Outcome | None:
    """The outcome of two equal runs, or None where the module was refused; anything else is raised."""
    try:
        program = load(Function(module, terms(), source))
    except InvalidModule:
        return None
    request = Request.local(program.function_id, b"[1, 2]")
    first = execute(program, request)
    assert execute(program, request) == first
    return first


@pytest.mark.parametrize("path", [*SMALL, QUICKJS], ids=lambda path: path.stem)
def test_a_module_cut_off_is_refused(path: Path) -> None:
    """At every boundary of its sections, and beside it; but before its data, where a module may end."""
    module, source = path.read_bytes(), SOURCE if path == QUICKJS else b""
    cuts = [*range(9), *boundaries(module)]
    survivors = [cut for cut in cuts if end_or_refusal(module[:cut], source) is not None]
    assert survivors == [len(module) - len(sections(module)[DATA])]


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_a_flipped_bit_is_refused_or_has_an_end(path: Path) -> None:
    """One bit anywhere: no crash, no fault of ours, and the same end twice."""
    module, draw = path.read_bytes(), random.Random(path.stem)
    ends = [end_or_refusal(flip(module, draw.randrange(8 * len(module)))) for _ in range(SMALL_FLIPS)]
    assert None in ends
    assert any(end is not None for end in ends)


def test_a_flipped_bit_of_quickjs_is_refused_or_has_an_end() -> None:
    """The same for a megabyte of engine, which then runs a source."""
    module, draw = QUICKJS.read_bytes(), random.Random(2)
    for _ in range(QUICKJS_FLIPS):
        end_or_refusal(flip(module, draw.randrange(8 * len(module))), SOURCE)


def test_two_modules_spliced_are_refused_or_have_an_end() -> None:
    """The sections of one module with a section of another."""
    first, second = SMALL[0].read_bytes(), SMALL[2].read_bytes()
    ours, theirs = sections(first), sections(second)
    for kind, foreign in theirs.items():
        end_or_refusal(first[:8] + b"".join({**ours, kind: foreign}[number] for number in ours))


def flip(module: bytes, bit: int) -> bytes:
    """The module with one bit changed."""
    byte = module[bit // 8] ^ 1 << bit % 8
    return module[: bit // 8] + bytes([byte]) + module[bit // 8 + 1 :]


def sections(module: bytes) -> dict[int, bytes]:
    """Each section whole, by its number."""
    marks = list(boundaries(module))
    starts = [*marks[::5], len(module)]
    return {module[start]: module[start:end] for start, end in pairwise(starts)}
