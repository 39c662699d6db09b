"""The same run gives the same bytes and the same fuel, again and again, and in a fresh engine (D1)."""

import pytest

from .harness import QUICKJS, ROOT, Guest, Run

EXAMPLE = (ROOT / "examples" / "eth_usd" / "src" / "eth_usd.js").read_text(encoding="utf-8")
WORK = """
export default () => {
  const out = [];
  const map = new Map(), set = new WeakSet(), objects = {};
  for (let i = 0; i < 3000; i++) { map.set({ i }, i); objects[`k${(i * 7919) % 3001}`] = i; set.add({}); }
  out.push(Object.keys(objects).length, [...map.values()].at(-1));
  out.push(Math.sin(1e9), (0.1).toFixed(20), Math.pow(2, 0.5), 1 / 3);
  out.push([5, 1, 4].sort().join(), /(\\p{Lu})+/u.exec("abCD")[0], String(Symbol("s")), 2n ** 300n % 97n);
  return JSON.stringify(out.map(String));
};
"""


def runs(quickjs: Guest) -> list[Run]:
    return [
        quickjs.run(WORK),
        quickjs.run(EXAMPLE, transcript=[(0, b"1842.17")]),
        quickjs.run("export default () => { throw new Error(new Date()) }"),
        quickjs.run("const f = () => f(); export default f"),
        quickjs.run("export default () => { const a = []; for (;;) a.push([a]) }", memory_bytes=8 << 20),
    ]


def essence(run: Run) -> tuple[str, bytes, int, list[tuple[int, str]]]:
    return run.ending, run.output, run.fuel_used, run.logs


def test_repeated_runs_agree(quickjs: Guest):
    """Twenty times, with other runs between."""
    first = [essence(run) for run in runs(quickjs)]
    for _ in range(4):
        assert [essence(run) for run in runs(quickjs)] == first


def test_a_fresh_engine_agrees(quickjs: Guest):
    """Compiled again, on another native stack."""
    again = Guest.load(QUICKJS.read_bytes(), 1 << 20)
    assert [essence(run) for run in runs(again)] == [essence(run) for run in runs(quickjs)]


@pytest.mark.parametrize("fuel", [1_000, 50_000, 100_000, 150_000])
def test_too_little_fuel_is_too_little_every_time(quickjs: Guest, fuel: int):
    """Where fuel ends does not depend on the run."""
    ends = {str(quickjs.run(WORK, fuel=fuel).ending) for _ in range(3)}
    assert ends == {"trapped"}


def test_an_endless_loop_ends_with_its_fuel(quickjs: Guest):
    """Only fuel ends it (D4)."""
    run = quickjs.run("export default () => { for (;;); }", fuel=50_000_000)
    assert (run.ending, run.fuel_used) == ("trapped", 50_000_000)
