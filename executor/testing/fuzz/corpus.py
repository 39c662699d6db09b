"""The interesting few of many modules: each adds an instruction to an outcome class that no other has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from executor.testing.fuzz.coverage import instructions
from executor.testing.fuzz.trial import digest_name

MAX_FILES: Final = 60
MAX_BYTES: Final = 300_000
MAX_MODULE_BYTES: Final = 12_000

Point = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A module and what it covers: (opcode, outcome class)."""

    module: bytes
    origin: str
    points: frozenset[Point]


@dataclass(slots=True)
class Corpus:
    """Candidates, collected as they come."""

    kept: list[Kept] = field(default_factory=list)
    covered: set[Point] = field(default_factory=set)

    def offer(self, module: bytes, classes: Iterable[str], origin: str) -> None:
        """Keep the module if it covers what none before did."""
        opcodes = instructions(module)
        points = frozenset((opcode, outcome) for opcode in opcodes for outcome in classes)
        if len(module) <= MAX_MODULE_BYTES and not points <= self.covered:
            self.covered |= points
            self.kept.append(Kept(module, origin, points))

    def best(self) -> list[Kept]:
        """The few that cover most for their size, within the limits of a folder in a repository."""
        left, chosen, size = list(self.kept), list[Kept](), 0
        covered: set[Point] = set()
        while left and len(chosen) < MAX_FILES:
            best = max(left, key=lambda item: len(item.points - covered) / (len(item.module) + 500))
            left.remove(best)
            if size + len(best.module) > MAX_BYTES or best.points <= covered:
                continue
            chosen.append(best)
            covered |= best.points
            size += len(best.module)
        return chosen

    def write(self, folder: Path) -> None:
        """The best as files, named by kind and digest, in the place of those that were there."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.wasm"):
            old.unlink()
        for item in self.best():
            (folder / f"{item.origin}-{digest_name(item.module)}.wasm").write_bytes(item.module)
