"""The JavaScript engine: size, compile time, and cold runs of the examples (a fresh instance each time).

python benchmarks/quickjs.py
"""

import json
import statistics
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from executor.model.function import Function
from executor.model.manifest import parse_manifest
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Returned
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.vm import Program, execute, load

ROOT = Path(__file__).resolve().parents[1]
ENGINE = (ROOT / "executor" / "engines" / "quickjs.wasm").read_bytes()
RUNS = 200


def example(name: str) -> Function:
    """An example with its manifest."""
    folder = ROOT / "examples" / name
    text = (folder / "function.toml").read_text(encoding="utf-8")
    source = (folder / tomllib.loads(text)["function"]["source"]).read_bytes()
    return Function(ENGINE, parse_manifest(text).terms, source)


def prices() -> bytes:
    """A list of 143 prices, 10 kB of JSON."""
    items = [
        {"id": i, "symbol": "ETHUSD", "price": f"{1800 + i * 7919 % 400}.{i % 100:02}", "ts": 1_700_000_000 + i}
        for i in range(143)
    ]
    return json.dumps({"items": items}).encode()


def median_ms(action: Callable[[], object]) -> float:
    """The median of many calls, in milliseconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def measure(name: str, program: Program, data: bytes = b"", transcript: Transcript = ()) -> None:
    """Print the cold run of one program."""
    request = Request.local(program.function_id, data, block_timestamp=1_700_000_000)
    outcome = execute(program, request, transcript)
    fuel = "-" if isinstance(outcome, Awaiting) else f"{outcome.fuel_used:,}"
    cold = median_ms(lambda: execute(program, request, transcript))
    print(f"{name:<32} {type(outcome).__name__:<9} {cold:6.2f} ms  fuel {fuel}")


def main() -> None:
    """Print everything."""
    start = time.perf_counter()
    empty = load(Function(ENGINE, source=b"export default () => undefined"))
    print(f"engine {len(ENGINE):,} bytes, compiled in {time.perf_counter() - start:.2f} s, {RUNS} runs each")
    compiled = empty.serialize()
    measure("empty function", empty)
    measure("median of 10 kB JSON", load(example("median_json"), compiled=compiled), prices())
    eth_usd = load(example("eth_usd"), compiled=compiled)
    measure("eth_usd, awaiting", eth_usd)
    spec = b'{"aggregate":"median","label":"eth-usd"}'
    measure("eth_usd, agreed", eth_usd, transcript=(Entry(spec, Kind.VALUE, b"1842.17"),))
    plain = (
        b"export default (input) => { const xs = input.json().items.slice(0, 31).map((x) => Number(x.price));"
        b" return String(xs.sort((a, b) => a - b)[15]) }"
    )
    numbers = load(Function(ENGINE, source=plain), compiled=compiled)
    assert isinstance(execute(numbers, Request.local(numbers.function_id, prices())), Returned)
    measure("the same median with doubles", numbers, prices())


if __name__ == "__main__":
    main()
