"""The further strategies in JavaScript, and the helpers that make agreement likely."""

import pytest
import rfc8785

from executor.model.observation import Kind, Observation
from executor.model.spec import parse_spec
from executor.model.values import check_value
from executor.protocol.strategies import agree

from .harness import Guest

IMPORT = (
    "import { at, commonPrefix, commonSuffix, Decimal, fields, frequency, http, intersection, max, min, observe, only, "
    "project, single, stable, trimmedMean, union } from 'executor';\n"
)
NAMES = {
    "min": "min", "max": "max", "trimmedMean": "trimmed-mean", "union": "union", "intersection": "intersection",
    "frequency": "frequency", "commonPrefix": "common-prefix", "commonSuffix": "common-suffix", "single": "single",
}  # fmt: skip


def look(quickjs: Guest, expression: str, **options):
    """The proposal of a function that observes once."""
    run = quickjs.run(f"{IMPORT}export default () => {{ {expression}; return 'after' }}", observing=True, **options)
    assert run.ending == "proposed", run
    return run.kind, run.output


def returned(quickjs: Guest, expression: str, **options) -> str:
    run = quickjs.run(f"{IMPORT}export default () => String({expression})", **options)
    assert run.ending == "returned", run
    return run.text


@pytest.mark.parametrize("name", NAMES)
def test_each_has_its_name_in_the_spec(quickjs: Guest, name: str) -> None:
    """And the host knows it."""
    run = quickjs.run(f"{IMPORT}export default () => observe({name}, () => 1, {{ label: 'x' }})")
    assert [rfc8785.dumps({"aggregate": NAMES[name], "label": "x"})] == run.specs
    parse_spec(run.specs[0])


@pytest.mark.parametrize(
    ("strategy", "value", "proposed"),
    [
        ("min", "1.5", b"1.5"),
        ("max", "'7'", b"7"),
        ("trimmedMean", "Decimal.from('2.50')", b"2.50"),
        ("union", "['b', 'a', 'b']", b'["a","b"]'),
        ("union", "new Set([2n, 1, 'x'])", b'["1","2","x"]'),
        ("union", "[]", b"[]"),
        ("intersection", "['\\uffff', '\\u{1f600}', 'a']", '["a","\U0001f600","\uffff"]'.encode()),
        ("frequency", "['b', 'a']", b'["a","b"]'),
        ("commonPrefix", "['b', 'a', 'b']", b'["b","a","b"]'),
        ("commonSuffix", "['\"']", b'["\\""]'),
        ("single", "'order'", b"order"),
        ("single", "new Uint8Array([0, 255])", b"\x00\xff"),
        (
            "fields({ low: min, tags: union })",
            "({ low: 1, tags: ['b', 'a'] })",
            b'{"low":"1","tags":"[\\"a\\",\\"b\\"]"}',
        ),
    ],
)
def test_what_is_proposed_fits_the_strategy(quickjs: Guest, strategy: str, value: str, proposed: bytes) -> None:
    """In the one canonical form: the host takes it as it is."""
    assert (0, proposed) == look(quickjs, f"observe({strategy}, () => {value})")
    if strategy in NAMES:
        check_value(parse_spec(rfc8785.dumps({"aggregate": NAMES[strategy]})).aggregate, proposed)


@pytest.mark.parametrize(
    ("strategy", "value"),
    [
        ("union", "'text'"), ("union", "[{}]"), ("union", "[null]"), ("union", "null"), ("union", "({ a: 1 })"),
        ("union", "new Uint8Array([1])"), ("commonPrefix", "7"), ("min", "'x'"), ("single", "({})"),
        ("union", "['\\ud800']"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_an_error(quickjs: Guest, strategy: str, value: str) -> None:
    """bad-value; a text that has no UTF-8 form throws."""
    kind, code = look(quickjs, f"observe({strategy}, () => {value})")
    assert (kind, code in (b"bad-value", b"threw")) == (1, True)


@pytest.mark.parametrize(
    ("strategy", "agreed", "text"),
    [
        ("min", b"1.50", "Decimal 1.50"),
        ("trimmedMean", b"7", "Decimal 7"),
        ("union", b'["a","b"]', '["a","b"]'),
        ("frequency", b'{"a":"3","b":"2"}', '{"a":3,"b":2}'),
        ("frequency", b'{"__proto__":"2"}', '{"__proto__":2}'),
        ("commonSuffix", b'["b","a"]', '["b","a"]'),
        ("single", b"order", '"order"'),
        ("fields({ low: min, tags: union })", b'{"low":"1","tags":"[\\"a\\"]"}', '{"low":"1","tags":["a"]}'),
    ],
)
def test_what_was_agreed_is_read(quickjs: Guest, strategy: str, agreed: bytes, text: str) -> None:
    """Numbers as decimals, sets and lists as arrays, counts as numbers."""
    shown = "(value instanceof Decimal ? `Decimal ${value}` : JSON.stringify(value))"
    run = quickjs.run(
        f"{IMPORT}export default () => {{ const value = observe({strategy}, () => 1); return {shown} }}",
        transcript=[(0, agreed)],
    )
    assert text == run.text


def test_nodes_with_different_sets_agree_through_the_sdk(quickjs: Guest) -> None:
    """What three nodes propose, agreed by the protocol's code, read by the guest."""
    saw = ("['b', 'a']", "['a', 'c']", "['c', 'a']")
    values = [look(quickjs, f"observe(union, () => {each})")[1] for each in saw]
    kind, value = agree(b'{"aggregate":"union"}', [Observation(Kind.VALUE, each) for each in values], 4, 1)
    run = quickjs.run(f"{IMPORT}export default () => observe(union, () => []).join()", transcript=[(int(kind), value)])
    assert run.text == "a,c"


def test_single_stands_for_a_whole_observation(quickjs: Guest) -> None:
    """Not for a field."""
    run = quickjs.run(f"{IMPORT}export default () => fields({{ a: single }})")
    assert run.ending == "failed"
    assert 'field "a": use median' in run.text


REPLY = '({ data: { rates: [{ price: 1.5, "a.b": "x", "0": "zero" }], name: null } })'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("data.rates[0].price", "1.5"), ("$.data.rates[0].price", "1.5"), ('data.rates[0]["a.b"]', '"x"'),
        ("data.rates[0].0", '"zero"'), ("data.name", "null"), ("$.data.name", "null"),
        ("", '{"data":{"rates":[{"0":"zero","price":1.5,"a.b":"x"}],"name":null}}'),
    ],
)  # fmt: skip
def test_a_part_of_a_reply(quickjs: Guest, path: str, text: str) -> None:
    """By names, places and quoted names; the whole for an empty path."""
    assert text == returned(quickjs, f"JSON.stringify(at({REPLY}, {path!r}))")


@pytest.mark.parametrize("path", ["data['x']", "data..rates", "data[", "data.rates[-1]", "a." * 33 + "a", 7])
def test_what_is_no_path_is_refused(quickjs: Guest, path: object) -> None:
    """At the first use, whatever the reply."""
    run = quickjs.run(f"{IMPORT}export default () => at({REPLY}, {path!r})")
    assert (run.ending, run.text[:9]) == ("failed", "TypeError")


@pytest.mark.parametrize("path", ["data.rate", "data.rates[1]", "data.name.x", "data.rates[0].price.x", "__proto__"])
def test_a_part_that_is_not_there_is_an_error_of_its_own(quickjs: Guest, path: str) -> None:
    """Nothing inherited is found."""
    assert look(quickjs, f"observe(single, () => at({REPLY}, {path!r}))") == (1, b"missing-path")


def test_several_parts_make_the_object_that_fields_take(quickjs: Guest) -> None:
    """By name."""
    paths = "{ price: 'data.rates[0].price', id: 'data.rates[0].0' }"
    strategy = "fields({ price: min, id: intersectionless })".replace("intersectionless", "max")
    kind, code = look(quickjs, f"observe({strategy}, () => project({REPLY}, {paths}))")
    assert (kind, code) == (1, b"bad-value")  # "zero" is no number
    assert returned(quickjs, f"JSON.stringify(project({REPLY}, {paths}))") == '{"price":1.5,"id":"zero"}'


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        (
            '{ "b": 1.50, "a": [1, null, true] }',
            '{ "a": [1.0, null, true], "b": 15e-1 }',
            '{"a":["1",null,true],"b":"1.5"}',
        ),
        ('"\\u00e9"', '"é"', '"é"'),
        ("-0", "0", '"0"'),
    ],
)
def test_one_value_has_one_text(quickjs: Guest, one: str, other: str, text: str) -> None:
    """However a server spells it."""
    for each in (one, other):
        assert text == returned(quickjs, f"stable(JSON.parse({each!r}))")


def test_headers_are_left_out_but_those_named(quickjs: Guest) -> None:
    """In lower case, whatever the case of the names."""
    headers = "({ date: 'x', 'content-type': 'text/plain', 'x-request-id': '7' })"
    assert (
        returned(quickjs, f"JSON.stringify(only({headers}, ['Content-Type', 'etag']))")
        == '{"content-type":"text/plain"}'
    )


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        ("2.345", "", "2.34"), ("2.355", "", "2.36"), ("-2.345", "", "-2.34"), ("1", "", "1.00"),
        ("2.341", ", { rounding: 'ceil' }", "2.35"),
    ],
)  # fmt: skip
def test_a_decimal_is_rounded(quickjs: Guest, value: str, options: str, text: str) -> None:
    """Half to even unless said otherwise; a decimal again."""
    assert text == returned(quickjs, f"Decimal.from('{value}').rounded(2{options})")
