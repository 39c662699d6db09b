"""What a JavaScript function is: its module, its input, its output, and how it fails."""

import json

import pytest

from .harness import CONTEXT, Guest


@pytest.mark.parametrize(
    ("body", "output"),
    [
        ("return new Uint8Array([1, 2])", b"\x01\x02"),
        ("return new Uint8Array([1, 2, 3]).subarray(1, 2)", b"\x02"),
        ("return new Uint8Array([1, 2]).buffer", b"\x01\x02"),
        ("return new Uint16Array([513])", b"\x01\x02"),
        ("return 'naïve €'", "naïve €".encode()),
        ("return ''", b""),
        ("", b""),
        ("return input.bytes", b'{"a": 1}'),
        ("return input.text()", b'{"a": 1}'),
        ("return String(input.json().a)", b"1"),
        ("return String(input.context.chain_id)", b"31337"),
    ],
)
def test_output(quickjs: Guest, body: str, output: bytes):
    """Bytes, text or nothing come out as they are."""
    run = quickjs.run(f"export default function (input) {{ {body} }}", b'{"a": 1}')
    assert (run.ending, run.output) == ("returned", output)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("export default () => 5", "TypeError: a function returns bytes or a string, not number"),
        ("export default () => ({})", "TypeError: a function returns bytes or a string, not an object (Object)"),
        ("export default () => null", "TypeError: a function returns bytes or a string, not null"),
        ("export default () => '\\ud800'", "TypeError: the string has a lone surrogate"),
        ("export default 5", "TypeError: function.js must have `export default function"),
        ("", "TypeError: function.js must have `export default function"),
        ("import fs from 'fs'", "TypeError: cannot import 'fs'"),
        ("import './calls.js'", "TypeError: cannot import './calls.js'"),
        ("import 'executor/native'", "TypeError: cannot import 'executor/native'"),
        ("export default () => import('fs')", "TypeError: cannot import 'fs'"),
        ("import { nothing } from 'executor'", "SyntaxError: Could not find export 'nothing'"),
        ("\n\nexport default function (", "SyntaxError: "),
        ("\n\n  x.y = 1", "ReferenceError: x is not defined (function.js:3:"),
        (
            "export default (input) =>\n  input.nothing.more",
            "TypeError: cannot read property 'more' of undefined (function.js:2:",
        ),
        ("export default () => { throw 'text' }", "uncaught: text"),
        ("export default () => { throw null }", "uncaught: null"),
        ("export default () => { throw { get message() { throw 1 } } }", "uncaught: [object Object]"),
        (
            "export default () => { throw { toString() { throw 1 } } }",
            "Error: something was thrown that cannot be described",
        ),
        ("export default (input) => input.text()", "TypeError: the bytes are not UTF-8 (at offset 1) (function.js:1:"),
        (
            "export default async () => { await new Promise(() => {}) }",
            "Error: the function returned a promise that never settles",
        ),
        (
            "await new Promise(() => {}); export default () => ''",
            "Error: the top level awaits a promise that never settles",
        ),
        ("await Promise.reject(new Error('top')); export default () => ''", "Error: top (function.js:1:"),
        ("export default async () => { throw new RangeError('late') }", "RangeError: late (function.js:1:"),
        ("export default () => { Promise.reject(new Error('lost')); return '' }", "Error: lost (function.js:1:"),
        ("export default () => ({ then(resolve, reject) { reject(new Error('no')) } })", "Error: no (function.js:1:"),
    ],
)
def test_failure(quickjs: Guest, source: str, error: str):
    """Every error of the user's is told in one line, with the user's own line number where there is one."""
    run = quickjs.run(source, b"a\xff")
    assert run.ending == "failed"
    assert run.text.startswith(error)


def test_source_that_is_not_utf8_fails(quickjs: Guest):
    """Bytes that are no text are a syntax error."""
    run = quickjs.run(b"export default () => '\xff'")
    assert (run.ending, run.text[:12]) == ("failed", "SyntaxError:")


def test_the_stack_goes_to_the_log(quickjs: Guest):
    """The error bytes hold one line; the log holds the calls that led there."""
    run = quickjs.run("function inner() { throw new Error('deep') }\nexport default () => inner()")
    assert run.text == "Error: deep (function.js:1:30)"
    assert [level for level, _text in run.logs] == [3]
    assert "at inner (function.js:1:30)\n    at default (function.js:2:" in run.logs[0][1]


@pytest.mark.parametrize("filler", ["x", "é", "€", "😀"])
def test_error_bytes_are_capped_between_characters(quickjs: Guest, filler: str):
    """A long message is cut at 1024 bytes, never inside a character."""
    run = quickjs.run(f"export default () => {{ throw new Error('a' + '{filler}'.repeat(5000)) }}")
    assert 1020 < len(run.output) <= 1024
    assert run.text.startswith("Error: a" + filler)


@pytest.mark.parametrize(
    "body",
    [
        "return await 1, 'done'",
        "return Promise.resolve('done')",
        "let out = ''; queueMicrotask(() => { out = 'done' }); await 0; return out",
        "const { abi } = await import('executor'); return abi ? 'done' : ''",
        "const late = Promise.reject(new Error('x')); await 0; await late.catch(() => {}); return 'done'",
    ],
)
def test_promises_are_drained(quickjs: Guest, body: str):
    """Asynchronous functions work like others."""
    assert quickjs.run(f"export default async () => {{ {body} }}").output == b"done"


def test_top_level_await_is_drained(quickjs: Guest):
    """A module may await while it is loaded."""
    assert quickjs.run("const x = await Promise.resolve('done'); export default () => x").output == b"done"


@pytest.mark.parametrize(
    "now", ["Date.now()", "new Date().getTime()", "Date.parse(Date() + '')", "new Date(new Date()).valueOf()"]
)
def test_time_is_the_requests(quickjs: Guest, now: str):
    """Date shows the block timestamp, and shows it again."""
    run = quickjs.run(f"export default () => {{ const a = {now}, b = {now}; return a + ' ' + b }}")
    assert run.text == "1700000000000 1700000000000"


@pytest.mark.parametrize("answer", [(1, b"unavailable"), (0, b"{}")])
def test_a_host_without_a_time_is_an_error(quickjs: Guest, answer: tuple[int, bytes]):
    """No time is not the year 1970."""
    run = quickjs.run("export default () => String(Date.now())", calls={"input.context": lambda _request: answer})
    assert run.text == "Error: the host gave no block timestamp"


def test_the_time_zone_is_utc(quickjs: Guest):
    """Local time is UTC."""
    run = quickjs.run("export default () => new Date(0).toString() + new Date(2026, 5, 1).getTimezoneOffset()")
    assert run.text == "Thu Jan 01 1970 00:00:00 GMT+00000"


@pytest.mark.parametrize("use", ["Date.now()", "new Date()", "Date()"])
def test_there_is_no_time_while_the_module_is_loaded(quickjs: Guest, use: str):
    """The request belongs to the run: reading the clock at the top level is an error, not a wrong answer."""
    run = quickjs.run(f"const x = {use};\nexport default () => ''")
    assert run.text.startswith("TypeError: the time is known inside the function only")


def test_nothing_is_random(quickjs: Guest):
    """Math.random throws and says what to use."""
    run = quickjs.run("export default () => Math.random()")
    assert run.text.startswith("Error: Math.random would differ from node to node")
    assert "(function.js:1:" in run.text


def test_there_is_no_other_clock(quickjs: Guest):
    """performance, setTimeout and the like do not exist."""
    run = quickjs.run(
        "export default () =>"
        " [typeof performance, typeof setTimeout, typeof fetch, typeof process, typeof WebAssembly].join()"
    )
    assert run.text == "undefined,undefined,undefined,undefined,undefined"


def test_context(quickjs: Guest):
    """Every field of the request's context, asked for once and only when used."""
    run = quickjs.run(
        "import { context } from 'executor'; export default () => JSON.stringify([context, context.epoch])"
    )
    assert run.ending == "returned"
    assert json.loads(run.text) == [CONTEXT, 1]
    assert run.calls == [("input.context", b"")]


def test_unused_context_is_not_asked_for(quickjs: Guest):
    """A function that ignores the context makes no call."""
    assert quickjs.run("import { context } from 'executor'; export default () => typeof context").calls == []


def test_logs(quickjs: Guest):
    """console and log write lines with their levels; anything can be shown."""
    run = quickjs.run(
        "import { log, Decimal } from 'executor';"
        "const cycle = {}; cycle.self = cycle;"
        "export default () => {"
        " console.log('a', 1, { b: [2n] }, null, undefined); console.error(new TypeError('e')); console.debug(cycle);"
        " log.debug('d'); log.info('i'); log.warn(Decimal.from('1.50')); log.error('\\ud800', Symbol('s')) }"
    )
    assert run.logs == [
        (1, 'a 1 {"b":["2n"]} null undefined'), (3, "TypeError: e"), (0, "[object Object]"),
        (0, "d"), (1, "i"), (2, '"1.50"'), (3, "� Symbol(s)"),
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["'x'", "'€'.repeat(5000)"])
def test_a_flood_of_logs_is_cut(quickjs: Guest, line: str):
    """Logging too much drops lines, says so once, and keeps room for the last error."""
    run = quickjs.run(
        f"export default () => {{ for (let i = 0; i < 5000; i++) console.log({line}); throw new Error('end') }}"
    )
    assert run.text.startswith("Error: end")
    assert run.logs[-2] == (2, "(further lines are dropped)")
    assert run.logs[-1][0] == 3
    assert len(run.logs) < 1000
    assert sum(len(text.encode()) for _level, text in run.logs) < 65536
