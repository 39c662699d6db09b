"""What metering costs, beside the alternatives in the same run; with --rates, what one fuel is worth at worst.

python benchmarks/metering.py [--rounds 11] [--rates] [name]

Processor time. Ratios are medians over interleaved rounds, each to the plain run of its round, so that a noisy machine
is noisy for all.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import wasmtime
from _engines import VARIANTS, Guest, Variant
from _rates import print_rates

ROOT = Path(__file__).resolve().parents[1]
QUICKJS = "quickjs"
FLAGS = (
    "-target", "wasm32-freestanding", "-O2", "-std=c11", "-nostdlib", "-ffreestanding", "-mbulk-memory",
    "-fno-sanitize=undefined", "-Wl,--no-entry", "-Wl,--strip-all",
)  # fmt: skip
CPU = """export default () => { let a = 0, r = []; const o = { x: 1 };
  for (let i = 0; i < 60000; i++) { a = (a * 31 + i) | 0; o.x += a & 3; if (i % 7 === 0) r.push(a) }
  r.sort((p, q) => p - q); let f = 0; for (let i = 0; i < 20000; i++) f += Math.sqrt(i) * 1.5 / (i + 1);
  return `${a} ${o.x} ${r.length} ${f}` }"""
REGEX = r"""export default () => { let n = 0; const text = "GET /feed?id=42&price=1842.17 HTTP/1.1\r\n".repeat(60);
  for (const found of text.matchAll(/([A-Z]+) (\/[^ ?]*)\?id=(\d+)&price=(\d+)\.(\d+)/g)) n += Number(found[4]);
  return String(n + text.replace(/\d/g, "x").split("&").length) }"""


@dataclass(frozen=True, slots=True)
class Workload:
    """One thing to run: a JavaScript source with its input, or an export of kernels.c with its rounds."""

    name: str
    module: str
    source: bytes = b""
    data: bytes = b""
    rounds: int = 0
    repeat: int = 1  # short runs are timed together

    def seconds(self, variant: Variant) -> float:
        """The calls of one run, each on a fresh instance; making it is not counted."""
        module = compiled(variant.name, self.module)
        total = 0.0
        for _ in range(self.repeat):
            guest = Guest(variant, module)
            start = time.process_time()
            if self.source:
                guest.call("load", guest.give(self.source), len(self.source))
            if self.rounds:
                guest.call(self.name, self.rounds)
            else:
                guest.call("run", guest.give(self.data), len(self.data))
            total += time.process_time() - start
            guest.close()
        return total


def _example(name: str) -> bytes:
    return (ROOT / "examples" / name / "src" / f"{name}.js").read_bytes()


def _prices() -> bytes:
    items = [{"id": i, "price": f"{1800 + i * 7919 % 400}.{i % 100:02}", "ts": 1_700_000_000 + i} for i in range(143)]
    return json.dumps({"items": items}).encode()


WORKLOADS = (
    Workload("js eth_usd", QUICKJS, _example("eth_usd"), b"", repeat=10),
    Workload("js median of JSON", QUICKJS, _example("median_json"), _prices(), repeat=8),
    Workload("js loops", QUICKJS, CPU.encode()),
    Workload("js regex", QUICKJS, REGEX.encode(), repeat=4),
    Workload("sha256", "kernels", rounds=12_000),
    Workload("sieve", "kernels", rounds=60),
    Workload("matrix", "kernels", rounds=50),
    Workload("mandelbrot", "kernels", rounds=120),
    Workload("fib", "kernels", rounds=29),
    Workload("bulk", "kernels", rounds=2_000),
    Workload("quicksort", "kernels", rounds=40),
    Workload("json", "kernels", rounds=250),
    Workload("lookups", "kernels", rounds=2_000_000),
    Workload("interpreter", "kernels", rounds=2_000),
)


@cache
def original(name: str) -> bytes:
    """A module before anything is done to it."""
    match name:
        case "quickjs":
            return (ROOT / "executor" / "engines" / "quickjs.wasm").read_bytes()
        case "kernels":
            with tempfile.TemporaryDirectory() as work:
                out = Path(work) / "kernels.wasm"
                source = ROOT / "benchmarks" / "kernels" / "kernels.c"
                subprocess.run([sys.executable, "-m", "ziglang", "cc", *FLAGS, str(source), "-o", str(out)], check=True)
                return out.read_bytes()
        case _:
            return (ROOT / "fixtures" / "guests" / f"{name}.wasm").read_bytes()


BY_NAME = {variant.name: variant for variant in VARIANTS}


@cache
def prepared(variant: str, name: str) -> bytes:
    """The module that the engine of a variant gets."""
    return BY_NAME[variant].prepare(original(name))


@cache
def compiled(variant: str, name: str) -> wasmtime.Module:
    """The same, compiled."""
    return wasmtime.Module(BY_NAME[variant].engine, prepared(variant, name))


def _median_s(action: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        start = time.process_time()
        action()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def print_sizes(names: list[str]) -> None:
    """Sizes and times of preparing each module in each way."""
    print("module, variant: pass s, wasm bytes, compile s, compiled bytes")
    for name in names:
        size = len(original(name))
        for variant in VARIANTS:
            passing = _median_s(lambda: variant.prepare(original(name)))  # noqa: B023 - called at once
            wasm = prepared(variant.name, name)
            compiling = _median_s(lambda: wasmtime.Module(variant.engine, wasm), 3)  # noqa: B023 - called at once
            code = len(compiled(variant.name, name).serialize())
            print(
                f"  {name:10} {variant.name:20} {passing:6.3f} s {len(wasm):10,} ({len(wasm) / size:4.2f}x)"
                f" {compiling:6.3f} s {code:10,}"
            )


def print_times(workloads: list[Workload], rounds: int) -> None:
    """Run times beside the plain module's, and their geometric means."""
    print(f"\n{'run time, median of ' + str(rounds):22}" + "".join(f"{variant.name:>21}" for variant in VARIANTS))
    ratios: dict[str, list[float]] = {variant.name: [] for variant in VARIANTS}
    for workload in workloads:
        taken: dict[str, list[float]] = {variant.name: [] for variant in VARIANTS}
        for number in range(rounds + 1):
            for variant in VARIANTS:
                seconds = workload.seconds(variant)
                if number:  # the first warms up
                    taken[variant.name].append(seconds)
        plain = taken["plain"]
        cells = [f"{statistics.median(plain) / workload.repeat * 1e3:18.2f} ms"]
        for variant in VARIANTS:
            ratio = statistics.median(own / base for own, base in zip(taken[variant.name], plain, strict=True))
            ratios[variant.name].append(ratio)
            if variant.name != "plain":
                cells.append(f"{ratio:20.2f}x")
        print(f"  {workload.name:20}" + "".join(cells), flush=True)
    means = [math.exp(statistics.fmean(map(math.log, ratios[variant.name]))) for variant in VARIANTS]
    print(f"  {'geometric mean':20}{'':21}" + "".join(f"{mean:20.2f}x" for mean in means[1:]))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="What metering costs.")
    parser.add_argument("--rounds", type=int, default=11, help="repetitions of each workload")
    parser.add_argument("--rates", action="store_true", help="nanoseconds a fuel of adversarial code instead")
    parser.add_argument("pattern", nargs="?", default="", help="only what this regular expression finds")
    arguments = parser.parse_args()
    if arguments.rates:
        print_rates(arguments.pattern)
        return
    chosen = [workload for workload in WORKLOADS if re.search(arguments.pattern, workload.name)]
    print_sizes(list(dict.fromkeys([*(workload.module for workload in chosen), "c_eth_usd"])))
    print_times(chosen, arguments.rounds)


if __name__ == "__main__":
    main()
