"""Guests that together use every import and every kind of end, with the inputs and transcripts they run on."""

from __future__ import annotations

import json
import sys

from vm.guests import ECHO, SPEC, data, observing, program, request

from executor.errors import HostFault
from executor.model.observation import Kind
from executor.model.profile import PROFILE, Profile
from executor.model.transcript import Entry, Transcript
from executor.vm import Diagnostics, Program, execute, load

FIB = """(func $fib (param i64) (result i64) (if (result i64) (i64.lt_u (local.get 0) (i64.const 2))
  (then (local.get 0)) (else (i64.add (call $fib (i64.sub (local.get 0) (i64.const 1)))
  (call $fib (i64.sub (local.get 0) (i64.const 2)))))))"""
STORE = "(i64.store (i32.const 64) {}) (i64.const 0x0000004000000008)"
NANS = """(f64.add (f64.mul (f64.reinterpret_i64 (i64.const 0xfff8000000000123)) (f64.const -1))
  (f64.div (f64.const 0) (f64.const 0)))"""
LANES = """(f32x4.div (f32x4.min (v128.const f32x4 nan:0x200000 0 -0 1) (v128.const f32x4 -nan 0 0 nan))
  (v128.const f32x4 0 0 -0 inf))"""
RUN, BEFORE = observing(after=ECHO)
KECCAK = "(drop (call $call (i32.const 0) (i32.const 16) (i32.const 0) (i32.const {}))) (call $read (i32.const 64))"

CASES: dict[str, tuple[Program, Transcript]] = {
    "empty": (program(), ()),
    "recursion": (program(STORE.format("(call $fib (i64.const 15))"), before=FIB), ()),
    "nan": (program(STORE.format(f"(i64.reinterpret_f64 {NANS})")), ()),
    "simd nan": (program(f"(v128.store (i32.const 64) {LANES}) (i64.const 0x0000004000000010)"), ()),
    "bulk": (program("(memory.fill (i32.const 0) (i32.const 7) (i32.const 60000)) (i64.const 4000)"), ()),
    "grow": (program("(i64.extend_i32_u (memory.grow (i32.const 100)))"), ()),
    "refused grow": (program(STORE.format("(i64.extend_i32_s (memory.grow (i32.const 65535)))")), ()),
    "large data": (program("(i64.const 99)", before=data(70_000, bytes(range(256)) * 200), pages="4"), ()),
    "keccak": (program(KECCAK.format(16) + "(i64.const 0x0000004000000020)", before=data(0, b"crypto.keccak256")), ()),
    "fail": (program("(call $fail (i32.const 0) (i32.const 2)) unreachable", before=data(0, b"no")), ()),
    "log": (program("(call $log (i32.const 1) (i32.const 0) (i32.const 9)) (i64.const 0)"), ()),
    "trap": (program("unreachable"), ()),
    "loop": (program("(loop (br 0)) unreachable", limits={"fuel": 3_000_000}), ()),
    "abi": (program("(call $read (i32.const 0)) unreachable"), ()),
    "awaiting": (program(RUN, before=BEFORE), ()),
    "observed": (program(RUN, before=BEFORE), (Entry(SPEC, Kind.VALUE, b"12.5"),)),
    "defaulted": (program(RUN, before=BEFORE), (Entry(SPEC, Kind.DEFAULT, b"0"),)),
}
"""Name -> (program, transcript)."""


def outcomes(profile: Profile = PROFILE) -> dict[str, str]:
    """What every case ends in under a profile, and how much memory it had."""
    found = {}
    for name, (target, transcript) in CASES.items():
        own, diagnostics = load(target.function, profile), Diagnostics()
        outcome = execute(own, request(own, b"input"), transcript, diagnostics=diagnostics)
        found[name] = f"{outcome} {diagnostics.memory_bytes}"
    return found


def main() -> None:
    """Print the outcomes, for a test that compares processes."""
    try:
        print(json.dumps(outcomes()))
    except HostFault as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
