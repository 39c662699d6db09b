"""Decimal in JavaScript against Python's decimal."""

import decimal
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .harness import Guest

decimal.getcontext().prec = 2_000
ROUNDINGS = {
    "trunc": decimal.ROUND_DOWN, "floor": decimal.ROUND_FLOOR, "ceil": decimal.ROUND_CEILING,
    "half-up": decimal.ROUND_HALF_UP, "half-even": decimal.ROUND_HALF_EVEN,
}  # fmt: skip
SOURCE = """import { Decimal } from "executor";
const ROUNDINGS = ["trunc", "floor", "ceil", "half-up", "half-even"];
export default (input) => {
  const { a, b, places, number } = input.json();
  const x = Decimal.from(a), y = Decimal.from(b);
  return JSON.stringify({
    text: [x, x.add(y), x.sub(b), x.mul(y), x.negated()].map(String),
    compare: [x.compare(y), x.equals(y)],
    scaled: ROUNDINGS.map((rounding) => String(x.scaled(places, { rounding }))),
    plain: String(x.scaled(places)),
    number: String(Decimal.from(number)),
    back: x.toNumber(),
  });
};"""
TEXTS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?", fullmatch=True)
QUIET = [HealthCheck.function_scoped_fixture]


def text(value: decimal.Decimal) -> str:
    """Plain notation without a negative zero, which exact units cannot have."""
    return format(abs(value) if value == 0 else value, "f")


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(a=TEXTS, b=TEXTS, places=st.integers(0, 40), number=st.floats(allow_nan=False, allow_infinity=False))
def test_agrees_with_python(quickjs: Guest, a: str, b: str, places: int, number: float):
    """Text, sums, products, order, rounding: the same digits as Python's decimal."""
    run = quickjs.run(SOURCE, json.dumps({"a": a, "b": b, "places": places, "number": number}).encode())
    assert run.ending == "returned", run.text
    told = json.loads(run.text)
    x, y = decimal.Decimal(a), decimal.Decimal(b)
    assert told["text"] == [text(value) for value in (x, x + y, x - y, x * y, -x)]
    assert told["compare"] == [(x > y) - (x < y), x == y]
    expected = [str(int(x.scaleb(places).to_integral_value(rounding))) for rounding in ROUNDINGS.values()]
    assert told["scaled"] == expected
    assert told["plain"] == expected[0]
    assert decimal.Decimal(told["number"]) == decimal.Decimal(repr(number))
    assert "e" not in told["number"].lower()
    assert float(told["back"]) == float(a)


def test_the_shortest_digits_of_powers_of_two(quickjs: Guest):
    """Where neighbours are unevenly spaced, the digits are still Python's, or as few."""
    source = (
        "import { Decimal } from 'executor'; export default (input) => input.json().map((n) => Decimal.from(n)).join()"
    )
    numbers = [2.0**exponent for exponent in range(-1074, 1024)]
    told = quickjs.run(source, json.dumps(numbers).encode()).text.split(",")
    assert [float(text) for text in told] == numbers
    digits = [len(decimal.Decimal(text).normalize().as_tuple().digits) for text in told]
    assert digits == [len(decimal.Decimal(repr(number)).normalize().as_tuple().digits) for number in numbers]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("Decimal.from('1e5')", "TypeError: not a decimal"),
        ("Decimal.from('')", "TypeError: not a decimal"),
        ("Decimal.from(' 1')", "TypeError: not a decimal"),
        ("Decimal.from('.5')", "TypeError: not a decimal"),
        ("Decimal.from(NaN)", "TypeError: not a decimal: NaN"),
        ("Decimal.from(null)", "TypeError: not a decimal: object"),
        ("new Decimal(5)", "TypeError: new Decimal takes BigInt units"),
        ("new Decimal(5n, -1)", "RangeError: scale must be"),
        ("Decimal.from(1).scaled(-1)", "RangeError: places must be"),
        ("Decimal.from(1).scaled(1.5)", "RangeError: places must be"),
        ("Decimal.from(1).scaled(1, { rounding: 'up' })", 'TypeError: unknown rounding "up"'),
        ("Decimal.from('1.25').scaled(1, { rounding: 'exact' })", "RangeError: scaled: digits would be lost"),
        ("Decimal.from(1) + 1", "TypeError: a Decimal has no operators"),
        ("Decimal.from(1) < 2", "TypeError: a Decimal has no operators"),
    ],
)
def test_misuse(quickjs: Guest, expression: str, error: str):
    """What is not a decimal, or would lose digits unasked, throws."""
    run = quickjs.run(f"import {{ Decimal }} from 'executor'; export default () => String({expression})")
    assert run.text.startswith(error)


def test_a_value_cannot_be_changed(quickjs: Guest):
    """Decimals are values."""
    run = quickjs.run("import { Decimal } from 'executor'; export default () => { Decimal.from(1).units = 2n }")
    assert run.text.startswith("TypeError")
