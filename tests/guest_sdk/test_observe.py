"""observe in JavaScript: specs, what a look proposes, what an agreed entry becomes."""

import json

import pytest
import rfc8785

from .harness import Guest

IMPORT = "import { observe, median, identical, mode, fields, http, Decimal, ObservationError } from 'executor';\n"


def look(quickjs: Guest, expression: str, **options):
    """The proposal of a function that observes once."""
    run = quickjs.run(f"{IMPORT}export default () => {{ {expression}; return 'after' }}", observing=True, **options)
    assert run.ending == "proposed", run
    return run.kind, run.output


@pytest.mark.parametrize(
    ("arguments", "spec"),
    [
        ("median, f", {"aggregate": "median"}),
        ("identical, f, { label: 'x \"y\"' }", {"aggregate": "identical", "label": 'x "y"'}),
        ("mode, f, { label: 'é', default: 'none' }", {"aggregate": "mode", "default": "none", "label": "é"}),
        ("median, f, { default: 1.50 }", {"aggregate": "median", "default": "1.5"}),
        ("fields({ venue: mode, price: median }), f", {"aggregate": {"fields": {"price": "median", "venue": "mode"}}}),
        (
            "fields({ b: median, a: identical }), f, { default: { b: 2n, a: 'x' } }",
            {"aggregate": {"fields": {"a": "identical", "b": "median"}}, "default": '{"a":"x","b":"2"}'},
        ),
        ("fields({ '\\u20ac': mode, '\\ud83d\\ude00': mode, 'z': mode }), f",
         {"aggregate": {"fields": {"€": "mode", "😀": "mode", "z": "mode"}}}),
    ],
)  # fmt: skip
def test_spec_is_canonical(quickjs: Guest, arguments: str, spec: dict):
    """A spec is RFC 8785 JSON, keys in the order of their UTF-16 code units."""
    run = quickjs.run(f"{IMPORT}const f = () => '1'; export default () => {{ observe({arguments}) }}")
    assert run.ending == "awaiting"
    assert run.specs == [rfc8785.dumps(spec)]


@pytest.mark.parametrize(
    ("strategy", "value", "proposed"),
    [
        ("median", "'1842.1700'", b"1842.1700"),
        ("median", "1842.17", b"1842.17"),
        ("median", "0.1 + 0.2", b"0.30000000000000004"),
        ("median", "1e21", b"1000000000000000000000"),
        ("median", "-1.5e-7", b"-0.00000015"),
        ("median", "-0", b"0"),
        ("median", "10n ** 77n", b"1" + b"0" * 77),
        ("median", "Decimal.from('-0.50')", b"-0.50"),
        ("identical", "'text'", b"text"),
        ("identical", "''", b""),
        ("identical", "new Uint8Array([0, 255])", b"\x00\xff"),
        ("mode", "new Uint8Array([7]).buffer", b"\x07"),
        ("mode", "12.5", b"12.5"),
        ("fields({ b: median, a: mode })", "({ a: 'x\"', b: 1n })", b'{"a":"x\\"","b":"1"}'),
        ("median", "Promise.resolve(2)", b"2"),
        ("median", "(async () => { await 0; await 0; return '3' })()", b"3"),
    ],
)
def test_proposed_value(quickjs: Guest, strategy: str, value: str, proposed: bytes):
    """Numbers become decimal strings without exponent, text and bytes stay what they are, promises are awaited."""
    assert look(quickjs, f"observe({strategy}, () => {value})") == (0, proposed)


@pytest.mark.parametrize(
    ("strategy", "body", "code"),
    [
        ("median", "throw new Error('x')", b"threw"),
        ("median", "throw 'x'", b"threw"),
        ("median", "throw null", b"threw"),
        ("median", "throw Object.assign(new Error('x'), { code: 'too-few-prices' })", b"too-few-prices"),
        ("median", "throw { code: 'Not A Code' }", b"threw"),
        ("median", "throw { code: '' }", b"threw"),
        ("median", "throw { code: 'x'.repeat(65) }", b"threw"),
        ("median", "return nothing.at.all", b"threw"),
        ("median", "return (async () => { throw { code: 'late' } })()", b"late"),
        ("median", "return new Promise(() => {})", b"never-settles"),
        ("median", "return http.get('https://x/').json()", b"not-granted"),
        ("median", "return NaN", b"threw"),
        ("median", "return Infinity", b"threw"),
        ("median", "return '1e5'", b"bad-value"),
        ("median", "return '+1'", b"bad-value"),
        ("median", "return '01'", b"bad-value"),
        ("median", "return '1.'", b"bad-value"),
        ("median", "return ''", b"bad-value"),
        ("median", "return 10n ** 78n", b"bad-value"),
        ("median", "return 1e-300", b"bad-value"),
        ("median", "return undefined", b"threw"),
        ("identical", "return undefined", b"bad-value"),
        ("identical", "return { a: 1 }", b"bad-value"),
        ("identical", "return '\\ud800'", b"threw"),
        ("mode", "return true", b"bad-value"),
        ("fields({ a: mode })", "return 'x'", b"bad-value"),
        ("fields({ a: mode })", "return {}", b"bad-value"),
        ("fields({ a: mode })", "return { a: '1', b: '2' }", b"bad-value"),
        ("fields({ a: median })", "return { a: 'x' }", b"bad-value"),
    ],
)
def test_proposed_error(quickjs: Guest, strategy: str, body: str, code: bytes):
    """A look that throws, or gives what its strategy cannot take, observes a stable code."""
    assert look(quickjs, f"observe({strategy}, () => {{ {body} }})") == (1, code)


@pytest.mark.parametrize(
    ("expression", "entry", "output"),
    [
        ("observe(median, f).scaled(2)", (0, b"1842.179"), "184217"),
        ("observe(median, f)", (0, b"1842.1700"), "1842.1700"),
        ("observe(identical, f)", (0, "naïve".encode()), "naïve"),
        ("observe(mode, f, { as: 'bytes' }).join()", (0, b"\x00\xff"), "0,255"),
        (
            "JSON.stringify(observe(fields({ p: median, v: mode }), f))",
            (0, b'{"p":"1.50","v":"x"}'),
            '{"p":"1.50","v":"x"}',
        ),
        ("observe(fields({ p: median }), f).p.scaled(0)", (0, b'{"p":"7.9"}'), "7"),
        ("[observe(median, f, { default: 0 }), observe.last.kind]", (2, b"0"), "0,default"),
        ("[observe(median, f), observe.last.kind]", (0, b"3"), "3,value"),
        ("String(observe.last)", (0, b"1"), "undefined"),
    ],
)
def test_agreed_value(quickjs: Guest, expression: str, entry: tuple[int, bytes], output: str):
    """In an agreed run the closure does not run: the transcript answers."""
    source = f"{IMPORT}const f = () => {{ throw new Error('ran') }};\nexport default () => `${{{expression}}}`"
    run = quickjs.run(source, transcript=[entry])
    assert (run.ending, run.text) == ("returned", output)


def test_agreed_error(quickjs: Guest):
    """An agreed error is an ObservationError with its code, and can be caught."""
    source = IMPORT + "export default () => { try { observe(median, () => 1, { label: 'p' }) } catch (e) {"
    source += " return `${e instanceof ObservationError} ${e.code} ${e.message} ${observe.last.kind}` } }"
    assert (
        quickjs.run(source, transcript=[(1, b"no-agreement")]).text
        == "true no-agreement agreed error for p: no-agreement error"
    )


def test_uncaught_agreed_error_fails(quickjs: Guest):
    """Not caught, it is the run's failure."""
    run = quickjs.run(f"{IMPORT}export default () => {{ observe(median, () => 1) }}", transcript=[(1, b"timeout")])
    assert run.text.startswith("ObservationError: agreed error: timeout (function.js:2:")


def test_agreed_bytes_that_are_not_text(quickjs: Guest):
    """Asked for as text, bytes that are not UTF-8 throw."""
    run = quickjs.run(f"{IMPORT}export default () => observe(identical, () => '')", transcript=[(0, b"\xff")])
    assert run.text.startswith("TypeError: the bytes are not UTF-8")


def test_slots_in_order(quickjs: Guest):
    """The transcript answers slot by slot; the first open one is looked at."""
    source = f"{IMPORT}export default () => {{ const a = observe(median, () => 1); observe(median, () => a.add(1)) }}"
    run = quickjs.run(source, transcript=[(0, b"41.5")], observing=True)
    assert (run.ending, run.output, len(run.specs)) == ("proposed", b"42.5", 2)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("observe('median', () => 1)", "observe's first argument must be a strategy: median"),
        ("observe({ aggregate: 'median' }, () => 1)", "observe's first argument must be a strategy: median"),
        ("observe(median, 1)", "observe's second argument must be a function"),
        ("observe(median, () => 1, { tag: 'x' })", 'observe has no option "tag"'),
        ("observe(median, () => 1, { label: 'x'.repeat(65) })", "a label is a string of at most 64"),
        ("observe(median, () => 1, { label: 5 })", "a label is a string of at most 64"),
        ("observe(median, () => 1, { default: 'x' })", "not a decimal"),
        ("observe(median, () => 1, { label: '\\ud800' })", "canonical JSON cannot hold a lone surrogate"),
        ("fields({})", "fields needs 1 to 32 fields"),
        ("fields({ a: fields({ b: mode }) })", 'field "a": use median, min, max'),
        ("fields({ a: 'mode' })", 'field "a": use median, min, max'),
    ],
)
def test_misuse(quickjs: Guest, call: str, error: str):
    """Wrong arguments throw before the host is asked."""
    run = quickjs.run(f"{IMPORT}export default () => {{ {call} }}")
    assert run.ending == "failed"
    assert error in run.text
    assert run.specs == []


@pytest.mark.parametrize("use", ["observe(median, () => 1)", "keccak256(new Uint8Array(1))", "String(context.epoch)"])
def test_nothing_is_asked_while_the_module_is_loaded(quickjs: Guest, use: str):
    """At the top level these throw: the request belongs to the run."""
    run = quickjs.run(
        f"import {{ observe, median, keccak256, context }} from 'executor'; {use}; export default () => ''"
    )
    assert run.ending == "failed"
    assert "is known inside the function only" in run.text
    assert json.dumps(run.calls) == "[]"
