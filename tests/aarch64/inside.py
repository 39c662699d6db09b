"""What runs on both processors: `python inside.py TASK` prints the machine it ran on and what came out, as JSON.

Each task imports what it needs: under qemu an import of everything takes seconds.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
RECEIPTS = FIXTURES / "receipts"
NANS = """(module
  (func (export "f64.div") (result i64) (i64.reinterpret_f64 (f64.div (f64.const 0) (f64.load (i32.const 0)))))
  (func (export "f64.sqrt") (result i64) (i64.reinterpret_f64 (f64.sqrt (f64.load (i32.const 8)))))
  (func (export "f32.min") (result i32) (i32.reinterpret_f32 (f32.min (f32.load (i32.const 16)) (f32.const 1))))
  (func (export "f64x2.div") (result i64) (i64x2.extract_lane 1 (f64x2.div (v128.load (i32.const 32))
    (v128.load (i32.const 32)))))
  (func (export "f64.demote") (result i32) (i32.reinterpret_f32 (f32.demote_f64 (f64.load (i32.const 24)))))
  (memory (export "memory") 1)
  (data (i32.const 8) "\\00\\00\\00\\00\\00\\00\\f0\\bf") (data (i32.const 16) "\\01\\00\\a0\\7f")
  (data (i32.const 24) "\\01\\00\\00\\00\\00\\00\\f4\\7f"))"""
"""The bits of NaNs that WebAssembly leaves open, read from memory so that no compiler computes them."""


def receipts() -> Mapping[str, object]:
    """Every recorded receipt, verified: the replay gives the attested bytes and fuel, and every signature is right."""
    from executor.receipts import Loader, Receipt

    load, found = Loader(), {}
    for path in sorted(RECEIPTS.glob("*.json")):
        receipt = Receipt.read(path)
        verdict = receipt.verify(load=load)
        found[path.stem] = {
            "failures": [str(check) for check in verdict.failures],
            "checks": len(verdict.checks),
            "outcome": str(receipt.outcome),  # what the replay, one of the checks, gave
            "canonical": receipt.to_bytes() + b"\n" == path.read_bytes(),
        }
    return found


def corpus() -> Mapping[str, object]:
    """The corpus of tests/determinism, after this machine has shown that its engine's settings work."""
    from determinism.corpus import outcomes

    from executor.vm import self_test

    self_test()
    return outcomes()


def vectors() -> Mapping[str, object]:
    """Every row of fixtures/vectors/execute.json: how it ends, or which error refuses it."""
    from executor import Function, Loader, execute
    from executor.errors import ExecutorError
    from executor.model.codec import from_plain
    from executor.model.manifest import parse_terms
    from executor.model.request import Request
    from executor.model.transcript import Transcript

    load, found = Loader(modules=2), {}
    rows = json.loads((FIXTURES / "vectors" / "execute.json").read_bytes())["tests"]
    for row in sorted(rows, key=lambda row: str(row["module"])):  # each module is compiled once, which is slow here
        stated = row["module"]
        wasm = (FIXTURES.parent / stated["file"]).read_bytes() if "file" in stated else _unhex(stated["wasm"])
        try:
            program = load(Function(wasm, parse_terms(row["terms"]), _unhex(row["source"])))
            request, transcript = from_plain(Request, row["request"]), from_plain(Transcript, row["transcript"])
            found[str(row["tcId"])] = str(execute(program, request, transcript))
        except ExecutorError as error:
            found[str(row["tcId"])] = type(error).__name__
    return found


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def nans() -> Mapping[str, object]:
    """The bits of some NaNs: as the processor makes them, and with our metering."""
    import wasmtime

    from executor.vm.metering import instrument

    module, engine = bytes(wasmtime.wat2wasm(NANS)), wasmtime.Engine()
    found: dict[str, dict[str, str]] = {}
    for name, code in (("raw", module), ("metered", instrument(module))):
        store = wasmtime.Store(engine)
        exports = wasmtime.Instance(store, wasmtime.Module(engine, code), []).exports(store)
        found[name] = {}
        for export, item in exports.items():
            if isinstance(item, wasmtime.Global) and export in ("meter.fuel", "meter.depth"):
                item.set_value(store, 10_000)
        for export, item in exports.items():
            if isinstance(item, wasmtime.Func):
                bits = 64 if item.type(store).results == [wasmtime.ValType.i64()] else 32
                found[name][str(export)] = f"{item(store) % (1 << bits):x}"
    return found


TASKS: Mapping[str, Callable[[], Mapping[str, object]]] = {
    "receipts": receipts,
    "nans": nans,
    "vectors": vectors,
    "corpus": corpus,
}


def main() -> None:
    """Print what one task found."""
    json.dump({"machine": platform.machine(), "rows": TASKS[sys.argv[1]]()}, sys.stdout)


if __name__ == "__main__":
    main()
