"""A divergence on disk: the module, its text, what differs, and how to see it again.

python -m executor.testing.fuzz.finding build/fuzz/finding-….json            exit code 0 if it still diverges
python -m executor.testing.fuzz.finding build/fuzz/finding-….json --shrink   writes the smallest module that does
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from executor.testing.engines.catalogue import open_engine
from executor.testing.fuzz.draw import Subject
from executor.testing.fuzz.report import Report
from executor.testing.fuzz.smith import printed, program
from executor.testing.fuzz.tape import Tape
from executor.testing.fuzz.trial import Court, Divergence, digest_name

ATTEMPTS: Final = 300  # of wasm-tools shrink, each a second or two


def write_finding(folder: Path, divergence: Divergence, words: str, terms: bytes, engines: Sequence[str]) -> Path:
    """Write the files of a finding; the path of its JSON file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"finding-{digest_name(divergence.module)}.json"
    path.with_suffix(".wasm").write_bytes(divergence.module)
    path.with_suffix(".wat").write_text(printed(divergence.module))
    value = {
        "message": words,
        "kind": divergence.kind,
        "terms": terms.hex(),
        "engines": list(engines),
        "case": divergence.case.terms() if divergence.case else None,
    }
    path.write_text(json.dumps(value, indent=1) + "\n")
    return path


def diverges(path: Path, module: bytes) -> str | None:
    """What differs when this module is tried as the finding was; None when nothing does, or something else."""
    value = json.loads(path.read_text())
    with Court([open_engine(name) for name in value["engines"]]) as court:
        try:
            if court.load("again", module).instance != "ok":
                return None
            court.try_module(Subject.of("again", module), Tape(bytes.fromhex(value["terms"])), Report())
        except Divergence as divergence:
            return divergence.message if divergence.kind == value["kind"] else None
    return None


def shrink(path: Path) -> Path:
    """The smallest module that wasm-tools shrink finds to diverge in the same way."""
    target = path.with_suffix(".small.wasm")
    with TemporaryDirectory() as folder:
        predicate = Path(folder) / "predicate"
        command = shlex.join([sys.executable, "-m", "executor.testing.fuzz.finding", str(path.resolve()), "--module"])
        predicate.write_text(f'#!/bin/sh\nexec {command} "$1" >/dev/null\n')
        predicate.chmod(0o700)
        arguments = [str(predicate), str(path.with_suffix(".wasm")), "-o", str(target), "--attempts", str(ATTEMPTS)]
        subprocess.run([program(), "shrink", *arguments], check=True, stdout=subprocess.DEVNULL)
    target.with_suffix(".wat").write_text(printed(target.read_bytes()))
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """See a finding again, or make it smaller."""
    parser = argparse.ArgumentParser(prog="python -m executor.testing.fuzz.finding", description=main.__doc__)
    parser.add_argument("finding", type=Path, help="the JSON file that a sweep wrote")
    parser.add_argument("--module", type=Path, help="another module in the place of the finding's")
    parser.add_argument("--shrink", action="store_true", help="write the smallest module that diverges")
    options = parser.parse_args(arguments)
    if options.shrink:
        print(shrink(options.finding))  # noqa: T201 - a command's product
        return 0
    module = (options.module or options.finding.with_suffix(".wasm")).read_bytes()
    words = diverges(options.finding, module)
    print(words or "agrees")  # noqa: T201 - a command's product
    return 0 if words else 1


if __name__ == "__main__":
    sys.exit(main())
