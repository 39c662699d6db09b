"""`make fuzz`: a sweep from the command line; exit code 1 when anything diverged."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from executor.testing.engines.catalogue import NAMES, open_engine
from executor.testing.fuzz.finding import write_finding
from executor.testing.fuzz.sweep import Sweep, real_modules
from executor.testing.fuzz.trial import Court, Divergence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sweep and print its report."""
    options = _options().parse_args(arguments)
    started = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - started:7.0f} s  {words}", flush=True)  # noqa: T201 - a command's product

    def found(divergence: Divergence, words: str, terms: bytes) -> None:
        path = write_finding(options.findings, divergence, words, terms, options.engines)
        say(f"DIVERGENCE, reproducer in {path} (.wasm, .wat): {words[:500]}")

    checkout = Path(__file__).resolve().parents[3]
    with Court([open_engine(name) for name in options.engines]) as court:
        sweep = Sweep(court, options.seed, found, list(real_modules(checkout)))
        try:
            sweep.run(options.count, lambda: time.monotonic() - started < options.seconds, say)
        except KeyboardInterrupt:
            say("interrupted")
    report = sweep.report
    if options.corpus is not None:
        sweep.corpus.write(options.corpus)
    say(f"seed {options.seed}, engines {', '.join(options.engines)}, and the original module on wasmtime\n{report}")
    return 1 if report.divergences else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m executor.testing.fuzz", description=main.__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="modules of wasm-tools smith that must survive")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="no new round after this time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engines", nargs="+", choices=NAMES, default=list(NAMES), metavar="ENGINE")
    parser.add_argument("--findings", type=Path, default=Path("build/fuzz"), help="folder for reproducers")
    parser.add_argument("--corpus", type=Path, help="folder whose modules are replaced by the most interesting ones")
    return parser


if __name__ == "__main__":
    sys.exit(main())
