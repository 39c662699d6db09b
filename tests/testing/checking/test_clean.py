"""No false alarms: functions that do it right have no finding, also where the world fails or agrees on errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.model.function import Function
from executor.testing import function_of_source, program_of
from executor.testing.checking import Plan, check, read_plan
from executor.testing.replies import Reply

ROOT = Path(__file__).resolve().parents[3]
HTTP = '[capabilities.http]\nhosts = ["api.example.com"]'
URL = "https://api.example.com/token"
TOKEN = {
    URL: Reply.of({"name": "gold", "price": "1842.17", "volume": 12.5, "updated_at": 1_763_820_000, "tags": ["b", "a"]})
}
HEAD = 'import { abi, context, Decimal, fields, http, identical, median, mode, observe } from "executor";\n'
READ = f'const read = () => {{ const r = http.get("{URL}"); if (!r.ok) throw new Error("down"); return r.json(); }};\n'

CLEAN = {
    "a median": "return observe(median, () => read().price).toString();",
    "a median of a computed double": "return observe(median, () => read().volume / 3 + 0.1).scaled(6).toString();",
    "parts by their own strategies": """
        const { name, price } = observe(fields({ name: identical, price: median }), () => {
          const { name, price } = read();
          return { name, price };
        });
        return `${name} ${price.scaled(2)}`.slice(0, 64);""",
    "sorted keys": """
        return observe(identical, () => {
          const { name, tags } = read();
          return JSON.stringify({ name, tags: [...tags].sort() });
        }).slice(0, 64);""",
    "a default for every error": "return observe(median, () => read().price, { default: 0 }).toString();",
    "an agreed error that is caught": """
        try {
          return observe(median, () => read().price).toString();
        } catch (error) {
          return `no price: ${error.code}`;
        }""",
    "the block's time": """
        return `${observe(mode, () => read().name).slice(0, 32)} ${context.block_timestamp} ${Date.now()}`;""",
    "input that is checked": """
        const n = Number(input.text());
        if (!Number.isInteger(n) || n < 0 || n > 1000) throw new RangeError("n is 0 to 1000");
        let sum = 0;
        for (let i = 0; i < n; i += 1) sum += i;
        return `${sum} ${observe(identical, () => read().name.slice(0, 32))}`;""",
    "a url made from the input": f"""
        const look = () => http.get(`{URL}?id=${{encodeURIComponent(input.text().slice(0, 20))}}`).json().price;
        return observe(median, look).toString();""",
    "no observation": 'return abi.encode(["bytes32"], [new Uint8Array(32)]);',
}  # fmt: skip


def function(body: str) -> Function:
    return function_of_source(f"{HEAD}{READ}export default function (input) {{ {body} }}", HTTP)


@pytest.mark.parametrize("name", sorted(CLEAN))
def test_a_clean_function_passes(name: str) -> None:
    """With example replies and input: nothing found, and something was judged."""
    report = check(program_of(function(CLEAN[name])), Plan((b"7",), TOKEN, examples=105, seconds=600))
    assert report.passed, report.text()
    assert report.summary().startswith("passed: nothing found; tried 1 examples, ")


@pytest.mark.parametrize("folder", sorted(path.parent for path in (ROOT / "examples").glob("*/check.toml")))
def test_the_examples_pass(folder: Path) -> None:
    """As their own check.toml has it; and they say what they observe and what they are called with.

    IdentityGate, compiled and with sealed input, has tests of its own (tests/guest_sdk/test_identity_gate.py).
    """
    plan = read_plan(folder)
    report = check(program_of(folder), Plan(plan.inputs, plan.replies, examples=105, seconds=600))
    assert report.passed, report.text()
    assert report.notes == ()


def test_guessed_replies_are_enough_for_the_demo() -> None:
    """Three exchanges of three shapes, read from the source; the report says that it guessed."""
    report = check(program_of(ROOT / "examples" / "eth_usd"), Plan(examples=60, seconds=600))
    assert report.passed, report.text()
    assert [note.split(":")[0] for note in report.notes] == ["no example replies"]


def test_inputs_are_guessed_where_none_is_given() -> None:
    """Together with the replies; what the guess makes of the source is said."""
    source = (
        HEAD
        + """
    export default function (input) {
      const { pair, places } = input.json();
      if (typeof pair !== "string" || !(places >= 0 && places <= 18)) throw new TypeError("pair and places");
      const look = () => http.get(`https://api.example.com/${encodeURIComponent(pair.slice(0, 16))}`).json().quote.last;
      return observe(median, look).scaled(Math.floor(Number(places))).toString();
    }"""
    )
    report = check(program_of(function_of_source(source, HTTP)), Plan(examples=60, seconds=600))
    assert report.passed, report.text()
    assert "guessed" in report.notes[0]
    assert report.notes[1].startswith("no example input: {")


def test_nothing_learnt_is_no_pass() -> None:
    """Replies that no guess gets to a value: inconclusive, and said why."""
    source = (
        HEAD + f'export default () => observe(identical, () => http.get("{URL}").json().a.map((x) => x.b.c[2])[7].d());'
    )
    report = check(program_of(function_of_source(source, HTTP)), Plan(examples=60, seconds=600))
    assert (report.verdict, report.passed, report.findings) == ("inconclusive", False, ())
    assert any("nothing was learnt" in note for note in report.notes)
    assert "no run returned" in report.notes[-1]


def test_a_function_that_needs_input_is_not_passed_without() -> None:
    """Every run failed: no finding, and no verdict either."""
    source = "export default (input) => { if (input.json().secret !== 9173) throw new Error('wrong'); return 'ok'; };"
    report = check(program_of(function_of_source(source, "[limits]\nobservations = 0")), Plan(examples=60, seconds=600))
    assert report.verdict == "inconclusive"
    assert "give an example input" in report.notes[-1]
