"""The same run gives the same bytes and the same fuel, again and again."""

from __future__ import annotations

from executor.model.request import Request
from executor.vm import Diagnostics, execute

from .python_engine import TIMESTAMP, body, program, run

WORK = body(
    """
    words = {f"w{i * 7919 % 101}": i for i in range(300)}
    prices = [Decimal(i * 7919 % 400) / 7 for i in range(31)]
    found = [
        list(words)[:3], list({str(p) for p in prices})[:3], hash("x"), id(words) % 2, statistics.median(prices),
        math.sin(1e9), repr(object())[:10], time.time(), random.Random(3).random(), [id(x) for x in prices[:2]],
        json.dumps(words, sort_keys=True)[-9:], re.findall("w1.", " ".join(words))[:2], str(uuid.uuid5(uuid.NAMESPACE_DNS, "a")),
    ]
    print(found)
    return repr(found)
    """,
    "import json, math, random, re, statistics, time, uuid\nfrom decimal import Decimal",
)
ENDS = (
    WORK,
    body("raise ValueError({str(i) for i in range(50)})"),
    body("f = lambda: 1 + f()\nf()"),
    body("x = []\nwhile True: x.append([x])"),
    "x = = 1",
)


def test_25_fresh_runs_agree() -> None:
    """Output, logs, fuel and memory."""
    loaded, seen = program(WORK), set()
    for _ in range(25):
        diagnostics = Diagnostics()
        outcome = execute(loaded, Request.local(loaded.function_id, block_timestamp=TIMESTAMP), diagnostics=diagnostics)
        seen.add((outcome, tuple(diagnostics.logs), diagnostics.memory_bytes))
    assert len(seen) == 1


def test_every_end_comes_again() -> None:
    """Errors, recursion and a full memory too, whatever ran between."""
    first = [run(source, limits={"memory_mib": 32}).outcome for source in ENDS]
    assert [run(source, limits={"memory_mib": 32}).outcome for source in ENDS] == first
