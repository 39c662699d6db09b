"""The committed vectors as cases and expected lines."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from executor.testing.engines import Case
from executor.testing.engines.cases import encode
from executor.vm.metering import instrument

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "fixtures" / "conformance"
FILES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


@dataclass(frozen=True)
class Vector:
    """One line of a file."""

    file: str
    plain: dict[str, Any]

    @property
    def name(self) -> str:
        """Of its case."""
        return str(self.plain["case"]["name"])

    @property
    def original(self) -> bytes:
        """The module before the pass."""
        module = self.plain["module"]
        return (ROOT / module["file"]).read_bytes() if "file" in module else base64.b64decode(module["base64"])

    @property
    def case(self) -> Case:
        """What an engine is asked; raises InvalidValue when the pass makes another module now."""
        return Case.of_terms(self.plain["case"], instrumented(self.original))

    @property
    def expected(self) -> str:
        """The line every engine must answer."""
        return encode(self.plain["result"])


@cache
def instrumented(module: bytes) -> bytes:
    """A module after the pass."""
    return instrument(module)


def read(file: str) -> Iterator[Vector]:
    """The vectors of a file."""
    for line in (FOLDER / f"{file}.jsonl").read_text().splitlines():
        yield Vector(file, json.loads(line))


@cache
def vectors(*files: str) -> tuple[Vector, ...]:
    """Those of some files, of all by default."""
    return tuple(vector for file in files or FILES for vector in read(file))
