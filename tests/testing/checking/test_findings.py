"""Faults that take a few lines: each is found, whatever language the function is written in."""

from __future__ import annotations

import pytest
from wasmtime import wat2wasm

from executor.model.function import Function
from executor.model.manifest import Limits, Terms
from executor.testing import function_of_source, program_of
from executor.testing.checking import Kind, Plan, check
from executor.testing.replies import Reply

URL = "https://api.example.com/a"
HTTP = '[capabilities.http]\nhosts = ["api.example.com"]\n'
HEAD = 'import { Decimal, http, identical, median, mode, observe } from "executor";\n'
READ = f'const URL = "{URL}";\nconst r = () => http.get(URL).json();\n'
REPLY = {URL: Reply.of({"name": "gold", "price": 1842.5, "count": 3, "items": ["a", "b"]})}

JAVASCRIPT = {
    "mode over a price": (
        "return observe(mode, () => String(r().price));", "", Kind.NUMBERS_DIFFER, "`median`"),
    "identical over a whole number that moves": (
        "return observe(identical, () => String(r().count));", "", Kind.NUMBERS_DIFFER, "`median`"),
    "one number in two texts": (
        "return observe(identical, () => /price\": ([0-9.]+)/.exec(http.get(URL).text().replace(/:\\s*/g, ': '))[1]);",
        "", Kind.NUMBERS_DIFFER, "`median`"),
    "white space of a reply": (
        "return observe(identical, () => String(http.get(URL).text().length));", "", Kind.ORDER, "space JSON"),
    "an observation over its limit": (
        'return observe(identical, () => "x".repeat(40_000) + r().name);', "", Kind.OBSERVATION_TOO_LARGE, "keccak256"),
    "a loop whose end the reply says": (
        "const n = observe(median, () => r().count).toNumber(); let s = 0; for (let i = 0; i !== n; i += 1) s += i;"
        "return String(s);", "[limits]\nfuel = 20_000_000\n", Kind.UNBOUNDED_LOOP, "bound the loop"),
    "more work than the budget": (
        "let s = 0; for (let i = 0; i < 100_000; i += 1) s += i; return String(s);",
        "[limits]\nfuel = 20_000_000\n", Kind.OUT_OF_FUEL, "this run needs "),
    "a loop that the example's own reply starts": (
        "return observe(identical, () => { const { name } = r(); while (name); });",
        "[limits]\nobserve_fuel = 20_000_000\n", Kind.UNBOUNDED_LOOP, "bound the loop"),
    "failing on its own example": (
        "throw new Error(`not today ${observe(median, () => r().price)}`);", "", Kind.EXAMPLE_FAILS, "run --replies"),
    "a typing error in the closure": (
        "return observe(identical, () => r().nme.trim());", "", Kind.OBSERVATION_FAILS, "mend the closure"),
    "randomness outside observe": (
        "return String(Math.random());", "", Kind.RANDOM, "agreed"),
    "more observations than granted": (
        "return String([1, 2, 3].map(() => observe(median, () => r().price)));", "[limits]\nobservations = 2\n",
        Kind.TOO_MANY_OBSERVATIONS, "(now 2)"),
}  # fmt: skip

DIVIDES = """
(module (memory (export "memory") 2)
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "run") (param $at i32) (param $size i32) (result i64)
    (drop (i32.div_u (i32.const 100) (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
    (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $size)))))
"""


@pytest.mark.parametrize("name", sorted(JAVASCRIPT))
def test_a_fault_is_found(name: str) -> None:
    """Its kind and its remedy."""
    body, limits, kind, advice = JAVASCRIPT[name]
    source = f"{HEAD}{READ}export default function (input) {{ {body} }}"
    program = program_of(function_of_source(source, limits + HTTP))
    report = check(program, Plan((b"7",), REPLY, examples=105 if "reply says" in name else 60, seconds=600))
    finding = next((each for each in report.findings if each.kind is kind), None)
    assert finding is not None, report.text()
    assert advice in finding.advice


def test_what_is_not_granted_at_all_is_found() -> None:
    """No [capabilities.http]: every request is refused."""
    source = f'{HEAD}export default () => observe(median, () => http.get("{URL}").json().price).toString();'
    report = check(program_of(function_of_source(source)), Plan(examples=40, seconds=600))
    assert [finding.kind for finding in report.findings] == [Kind.NOT_GRANTED]
    assert "[capabilities.http]" in report.findings[0].advice


def test_a_trap_on_one_input_is_found_in_any_module() -> None:
    """A division by zero on "0": a plain module without an engine."""
    module = Function(bytes(wat2wasm(DIVIDES)), Terms(limits=Limits(fuel=10_000_000, observations=0)))
    report = check(program_of(module), Plan((b"7",), examples=60, seconds=600))
    assert {finding.kind for finding in report.findings} == {Kind.OUTPUT_TOO_LARGE, Kind.TRAP}
    trap = next(finding for finding in report.findings if finding.kind is Kind.TRAP)
    assert trap.input[:1] == b"0"
    assert "divi" in trap.summary
