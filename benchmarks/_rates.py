"""Nanoseconds a fuel, worst first: adversarial loops, host functions and instantiation."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from typing import Final

import wasmtime
from _attacks import ATTACKS, Attack
from _engines import VARIANTS, Guest

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.observation import Kind
from executor.model.outcome import Returned
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.vm import execute, load
from executor.vm.metering.rules import PAGE_FUEL

PAGE_BYTES = 65_536

OURS: Final = VARIANTS[-1]
REPEATS: Final = 3
SPEC: Final = b'{"aggregate":"median","label":"' + b"x" * 60 + b'"}'
HOST: Final = {
    "log, 3 bytes": ("(call $log (i32.const 0) (i32.const 0) (i32.const 3))", 900),
    "log, 60 bytes": ("(call $log (i32.const 0) (i32.const 0) (i32.const 60))", 900),
    "call crypto.keccak256, nothing": (
        "(drop (call $call (i32.const 512) (i32.const 16) (i32.const 0) (i32.const 0)))",
        900,
    ),
    "call crypto.keccak256, 64 kB": (
        "(drop (call $call (i32.const 512) (i32.const 16) (i32.const 0) (i32.const 65536)))",
        100,
    ),
    "call crypto.keccak256 and read": (
        "(drop (call $call (i32.const 512) (i32.const 16) (i32.const 0) (i32.const 0))) (call $read (i32.const 0))",
        900,
    ),
    "call input.context and read": (
        "(drop (call $call (i32.const 528) (i32.const 13) (i32.const 0) (i32.const 0))) (call $read (i32.const 1024))",
        900,
    ),
    "observe and read": (
        f"(drop (call $observe (i32.const 640) (i32.const {len(SPEC)}))) (call $read (i32.const 1024))",
        32,
    ),
}
"""Name -> (one round, rounds)."""
TABLE: Final = f"(table 100000 funcref) (func $f) (elem (i32.const 0) {'$f ' * 100_000})"


def _guest(body: str, pages: int = 16, more: str = "") -> bytes:
    text = SPEC.decode().replace('"', '\\"')
    return bytes(
        wasmtime.wat2wasm(f"""(module
      (import "executor" "observe" (func $observe (param i32 i32) (result i64)))
      (import "executor" "call" (func $call (param i32 i32 i32 i32) (result i64)))
      (import "executor" "read" (func $read (param i32)))
      (import "executor" "log" (func $log (param i32 i32 i32)))
      (memory (export "memory") {pages}) {more}
      (data (i32.const 512) "crypto.keccak256input.context") (data (i32.const 640) "{text}")
      (func (export "alloc") (param i32) (result i32) (i32.const 4096))
      (func (export "run") (param i32 i32) (result i64) (local $i i32) {body} (i64.const 0)))""")
    )


def _timed(module: bytes, transcript: Transcript) -> tuple[float, int]:
    terms = Terms.model_validate({"limits": {"fuel": 10_000_000_000, "memory_mib": 256, "observations": 32}})
    program = load(Function(module, terms))
    request, taken = Request.local(program.function_id, b""), []
    for _ in range(REPEATS):
        start = time.process_time()
        outcome = execute(program, request, transcript)
        taken.append(time.process_time() - start)
        assert isinstance(outcome, Returned), outcome
    return statistics.median(taken), outcome.fuel_used


def _host_functions() -> Iterator[tuple[str, float, int, int]]:
    empty_s, empty_fuel = _timed(_guest(""), ())
    for name, (body, rounds) in HOST.items():
        loop = f"""(local.set $i (i32.const {rounds}))
          (loop $l {body} (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))"""
        transcript = (Entry(SPEC, Kind.VALUE, b"1842.17"),) * rounds if "observe" in name else ()
        seconds, fuel = _timed(_guest(loop), transcript)
        yield name, seconds - empty_s, fuel - empty_fuel, rounds
    yield "a run that does nothing", empty_s, empty_fuel, 1
    for name, pages, more in (
        ("instantiation, 256 MB of untouched memory", 4_096, ""),
        ("instantiation, 8 MB of data", 160, f'(data (i32.const 65536) "{"x" * (8 << 20)}")'),
        (
            "instantiation, 100,000 elements",
            16,
            f"(table 100000 funcref) (func $f) (elem (i32.const 0) {'$f ' * 100_000})",
        ),
    ):
        yield name, *_timed(_guest("", pages, more), ()), 1


def _loop(attack: Attack) -> tuple[str, float, int, int]:
    module = wasmtime.Module(OURS.engine, OURS.prepare(bytes(wasmtime.wat2wasm(attack.text()))))
    taken, fuel = [], 0
    for _ in range(REPEATS):
        guest = Guest(OURS, module)
        guest.call("prepare")
        before = guest.fuel_used()
        start = time.process_time()
        guest.call("f", attack.rounds)
        taken.append(time.process_time() - start)
        fuel = guest.fuel_used() - before
        guest.close()
    if "first touch" in attack.name and "grow" not in attack.name:
        fuel += attack.pages * PAGE_FUEL  # paid when the instance was made
    return attack.name, statistics.median(taken), fuel, attack.rounds * attack.copies


def print_rates(pattern: str) -> None:
    """The table, worst first."""
    rows = [_loop(attack) for attack in ATTACKS if re.search(pattern, attack.name)]
    rows += [row for row in _host_functions() if re.search(pattern, row[0])]
    print(f"nanoseconds a fuel, median of {REPEATS}, worst first; a page of memory is {PAGE_BYTES:,} bytes")
    for name, seconds, fuel, count in sorted(rows, key=lambda row: -row[1] / row[2]):
        print(
            f"  {name:45} {seconds * 1e9 / fuel:9.3f} ns/fuel {seconds * 1e9 / count:14,.1f} ns"
            f" {fuel / count:14,.1f} fuel a round"
        )
