"""The Python engine: size, compile time, and cold runs (a fresh instance each time).

python benchmarks/python.py
"""

import time
import zlib

from quickjs import example, measure, prices

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.observation import Kind
from executor.model.transcript import Entry
from executor.receipts import engine_for
from executor.vm import Program, load
from executor.vm.metering import instrument

TERMS = Terms()
EMPTY = b"from executor_guest import function\n\n@function\ndef main(request):\n    pass\n"
MEDIAN = b"""
from decimal import Decimal
from executor_guest import abi, function, scaled

@function
def main(request):
    found = sorted(Decimal(item["price"]) for item in request.json()["items"][:31])
    return abi.encode(["uint256"], [scaled(found[(len(found) - 1) // 2], 2)])
"""
FLOATS = b"""
import statistics
from executor_guest import function

@function
def main(request):
    return str(statistics.median_low(float(item["price"]) for item in request.json()["items"][:31]))
"""
SPEC = b'{"aggregate":"median","label":"eth-usd"}'


def main() -> None:
    """Print everything."""
    engine = engine_for("python")
    start = time.process_time()
    metered = len(instrument(engine))
    metering_s = time.process_time() - start
    start, begun = time.process_time(), time.perf_counter()
    empty = load(Function(engine, TERMS, EMPTY))
    compiled_s, waited_s = time.process_time() - start, time.perf_counter() - begun
    code = empty.serialize()
    print(f"engine {len(engine):,} bytes ({len(zlib.compress(engine, 9)):,} compressed), {metered:,} with its metering")
    print(f"compiled in {compiled_s:.1f} s of processor time ({waited_s:.1f} s), {metering_s:.1f} s of it metering;")
    print(f"  {len(code):,} bytes of code; an instance costs {empty.instantiation_fuel:,} fuel")
    start = time.perf_counter()
    load(Function(engine, TERMS, EMPTY), compiled=code)
    print(f"loaded from kept code in {(time.perf_counter() - start) * 1000:.0f} ms")
    measure("empty function", empty)
    measure("median of 10 kB JSON", _of(MEDIAN, empty), prices())
    measure("the same median with doubles", _of(FLOATS, empty), prices())
    eth_usd = example("eth_usd_python")
    agreed = load(Function(engine, eth_usd.terms, eth_usd.source), sibling=empty)
    measure("eth_usd, awaiting", agreed)
    measure("eth_usd, agreed", agreed, transcript=(Entry(SPEC, Kind.VALUE, b"1842.17"),))


def _of(source: bytes, sibling: Program) -> Program:
    return load(Function(sibling.function.module, TERMS, source), sibling=sibling)


if __name__ == "__main__":
    main()
