"""`make simulate`: a sweep from the command line; exit code 1 when anything was wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from executor.testing.fast_signatures import CURVES, FastSignatures, SigningSuite
from executor.testing.simulator.drawing import everything
from executor.testing.simulator.sweep import Sweep, run_sweep


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sweep and print its figures."""
    options = _options().parse_args(arguments)

    def tell(words: str) -> None:
        print(words, flush=True)  # noqa: T201 (a command's product)

    real = options.signatures == "real"
    sweep = Sweep(_curves if real else FastSignatures)
    sizes = tuple(options.sizes)
    run_sweep(sweep, everything(sizes), options.count, options.seed, tell)
    tell(f"\nsignatures: {options.signatures}; seeds from {options.seed}\n{sweep}")
    return 1 if sweep.found else 0


def _curves() -> SigningSuite:
    return CURVES


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m executor.testing.simulator", description=main.__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="scenarios to run")
    parser.add_argument("--seed", type=int, default=0, help="of the first batch")
    parser.add_argument("--signatures", choices=("fast", "real"), default="fast")
    parser.add_argument("--sizes", type=int, nargs="+", default=[4, 4, 4, 7], help="members; repeat one to weigh it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
