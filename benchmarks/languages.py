"""The same function in every language: 10 kB of JSON, the median of 31 (`prices` of the conformance suite).

python benchmarks/languages.py            # the table
python benchmarks/languages.py --build    # with what building a language's five modules takes

All times are processor time.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITE = ROOT / "guest-sdk" / "conformance"
sys.path.insert(0, str(SUITE))

from suite import Language, all_cases, languages  # noqa: E402  # the suite is no part of the package
from suite.cases import data  # noqa: E402

from executor.model.manifest import parse_terms  # noqa: E402
from executor.model.outcome import Returned  # noqa: E402
from executor.model.request import Request  # noqa: E402
from executor.testing import simulate  # noqa: E402
from executor.vm import execute, load  # noqa: E402

RUNS = 100
MEMBERS = 7
TERMS = {"limits": {"fuel": 2_000_000_000}}
INPUT = data(next(case.input for case in all_cases() if case.name == "prices/median"))


def seconds(action: Callable[[], object], runs: int = 1) -> float:
    """Processor time of one call, that of the processes it starts included: the machine may be busy."""
    start = _spent()
    for _ in range(runs):
        action()
    return (_spent() - start) / runs


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def sizes(language: Language) -> str:
    """The function's own bytes, and the engine's it runs on."""
    function = language.function("prices", parse_terms(TERMS))
    if language.engine is None:
        return f"{len(function.module):,}"
    return f"{len(function.source):,} + {len(function.module):,}"


def build_s(language: Language) -> str:
    """How long the language's build.py takes for its five modules, cold; an engine's function needs no build."""
    script = language.directory / "build.py"
    if not script.exists():
        return "none"
    done = 0.0
    command = [sys.executable, str(script), "--check"]
    done = seconds(lambda: subprocess.run(command, check=True, capture_output=True))
    return f"{done:.1f}"


def command_s(language: Language) -> float:
    """`executor run`, from the shell to its result, once its code is kept."""
    with tempfile.TemporaryDirectory() as work:
        target = folder = Path(work)
        (folder / "input.json").write_bytes(INPUT)
        if language.engine is None:
            target = language.file("prices")
        else:
            source = f"prices{language.suffix}"
            (folder / source).write_bytes(language.file("prices").read_bytes())
            section = f'[function]\nname = "prices"\nlanguage = "{language.engine}"\nsource = "{source}"\n'
            (folder / "function.toml").write_text(f"{section}[limits]\nfuel = {TERMS['limits']['fuel']}\n")
        command = [
            str(Path(sys.executable).with_name("executor")),
            "run",
            str(target),
            "--input",
            f"@{folder / 'input.json'}",
        ]
        subprocess.run(command, check=True, capture_output=True)
        return seconds(lambda: subprocess.run(command, check=True, capture_output=True), 3)


def row(language: Language, *, build: bool) -> list[str]:
    """One language's figures."""
    function = language.function("prices", parse_terms(TERMS))
    compiled = seconds(lambda: load(function))
    program = load(function)
    request = Request.local(program.function_id, INPUT)
    outcome = execute(program, request, ())
    if not isinstance(outcome, Returned):
        raise SystemExit(f"{language.name}: {outcome}")
    cold = seconds(lambda: execute(program, request, ()), RUNS)
    together = seconds(lambda: simulate(program, input=INPUT, n=MEMBERS), 3)
    return [
        language.name,
        sizes(language),
        build_s(language) if build else "-",
        f"{compiled:.2f}",
        f"{cold * 1000:.2f}",
        f"{outcome.fuel_used:,}",
        f"{command_s(language):.2f}",
        f"{together:.2f}",
    ]


def main() -> None:
    """Print the table, the floor first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", action="store_true")
    build = parser.parse_args().build
    head = [
        "language",
        "bytes",
        "build s",
        "compile s",
        "cold run ms",
        "fuel",
        "`executor run` s",
        f"`simulate`, n = {MEMBERS}, s",
    ]
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * (len(head) - 1))
    for language in sorted(languages().values(), key=lambda each: (each.id != "c", each.name)):
        print("| " + " | ".join(row(language, build=build)) + " |", flush=True)


if __name__ == "__main__":
    main()
