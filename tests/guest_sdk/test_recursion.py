"""However a function recurses, the end is a JavaScript error, before the machine's own end of the stack.

The engine counts the slots it uses (guest-sdk/javascript/engine/slots.h); every recursion runs here with a thousand
slots fewer than the profile has.
"""

from dataclasses import replace

import pytest

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Failed, Outcome, Returned
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.vm import Diagnostics, execute, load

from .harness import QUICKJS

SPARE_SLOTS = 1_000
CRAMPED = replace(PROFILE, metering=replace(PROFILE.metering, depth=PROFILE.metering.depth - SPARE_SLOTS))
TERMS = Terms.model_validate({"limits": {"fuel": 10_000_000_000}})
ENGINE = QUICKJS.read_bytes()
OVERFLOW = "RangeError: Maximum call stack size exceeded"

# Through JavaScript functions and the C functions that call them.
CALLS = {
    "plain": "const f = () => 1 + f(); f()",
    "method": "const o = { f(a, b, c) { return 1 + this.f(a, b, c, 1, 2) } }; o.f()",
    "constructor": "class A { constructor() { new A() } } new A()",
    "class chain": "let A = class {}; for (let i = 0; i < 9000; i++) A = class extends A {}; new A()",
    "map": "const f = () => [1].map(f); f()",
    "reduce": "const f = () => [1, 2].reduce(f); f()",
    "sort": "const f = () => [2, 1, 3].sort(() => f()); f()",
    "typed array sort": "const f = () => new Uint8Array([2, 1, 3]).sort(() => f()); f()",
    "Array.from": "const f = () => Array.from([1], f); f()",
    "Map.forEach": "const m = new Map([[1, 1]]), f = () => m.forEach(f); f()",
    "replace": "const f = () => 'a'.replace(/a/, f); f()",
    "split": "const s = { [Symbol.split]() { return 'a'.split(s) } }; 'a'.split(s)",
    "getter": "const o = { get x() { return this.x } }; o.x",
    "setter": "const o = { set x(v) { this.x = v } }; o.x = 1",
    "toString": "const o = { toString() { return '' + o } }; '' + o",
    "valueOf": "const o = { valueOf() { return +o } }; +o",
    "toPrimitive": "const o = { [Symbol.toPrimitive]() { return `${o}` } }; `${o}`",
    "toJSON": "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)",
    "reviver": "const f = () => JSON.parse('[1]', f); f()",
    "species": "class A extends Array { static get [Symbol.species]() { A.of(1).map(String) } } A.of(1).map(String)",
    "instanceof": "const C = { [Symbol.hasInstance](x) { return x instanceof C } }; ({}) instanceof C",
    "apply": "const f = (...a) => f.apply(null, a); f()",
    "spread": "const f = (...a) => f(...a); f(1, 2, 3)",
    "Reflect": "const f = () => Reflect.apply(f, null, []); f()",
    "generator": "function* g() { yield* g() } [...g()]",
    "eval": "const f = () => eval('f()'); f()",
    "proxy get": "const p = new Proxy({}, { get(t, k, r) { return r.x } }); p.x",
    "catch": "const f = () => { try { f() } catch (e) { throw e } }; f()",
}
# Names of bound functions grow with each bind: without this they use up the memory before the stack.
NAMELESS = "const nameless = (f) => Object.defineProperty(f, 'name', { value: '' });\n"
# Through data: built up in a loop, walked by C alone.
DATA = {
    "JSON.parse array": "JSON.parse('['.repeat(100000))",
    "JSON.parse object": "JSON.parse('{\"a\":'.repeat(100000))",
    "JSON.stringify array": "let a = []; for (let i = 0; i < 20000; i++) a = [a]; JSON.stringify(a)",
    "JSON.stringify object": "let a = {}; for (let i = 0; i < 20000; i++) a = { a }; JSON.stringify(a)",
    "join": "let a = []; for (let i = 0; i < 20000; i++) a = [a]; String(a)",
    "flat": "let a = []; for (let i = 0; i < 20000; i++) a = [a]; a.flat(Infinity)",
    "iterator helpers": "let it = [1].values(); for (let i = 0; i < 20000; i++) it = it.map((x) => x); it.next()",
    "bound functions": "let f = () => 1; for (let i = 0; i < 9000; i++) f = nameless(f.bind(null)); f()",
    "large bound arguments": "const a = Array(65000).fill(1), f = () => 1; f.bind(null, ...a).bind(null, ...a)(...a)",
    "accessor chain": "let o = {}; for (let i = 0; i < 9000; i++) { const p = o; o = { get x() { return p.x } } } o.x",
    **{
        f"proxies, {use}": f"let p = function () {{}}; for (let i = 0; i < 20000; i++) p = new Proxy(p, {{}}); {use}"
        for use in (
            "p.x", "p.x = 1", "p()", "new p()", "'x' in p", "delete p.x", "Object.keys(p)", "Object.getPrototypeOf(p)",
            "Object.setPrototypeOf(p, null)", "Object.isExtensible(p)", "Object.preventExtensions(p)",
            "Object.getOwnPropertyDescriptor(p, 'x')", "Object.defineProperty(p, 'x', {})", "({}) instanceof p",
        )
    },
}  # fmt: skip
# Through source text: walked by the parser.
SOURCES = {
    "parentheses": "'('.repeat(50000)", "arrays": "'['.repeat(50000)", "objects": "'({a:'.repeat(50000)",
    "blocks": "'{'.repeat(50000)", "arrows": "'()=>'.repeat(50000)", "unary": "'!'.repeat(50000) + 1",
    "powers": "'1**'.repeat(50000) + 1", "conditionals": "'1?'.repeat(50000)", "assignments": "'a='.repeat(50000) + 1",
    "new": "'new '.repeat(50000) + 'x'", "templates": "'`${'.repeat(50000)", "ifs": "'if(1)'.repeat(50000) + ';'",
    "loops": "'for(;;)'.repeat(50000) + ';'", "classes": "'class A extends ('.repeat(50000)",
    "functions": "'(function(){'.repeat(50000)", "awaits": "'(async()=>' + 'await '.repeat(50000) + '1)'",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def compiled() -> bytes:
    """The engine's code, compiled once for all sources."""
    return load(Function(ENGINE, TERMS, b"0"), CRAMPED).serialize()


def run(compiled: bytes, source: str) -> tuple[Outcome, str]:
    """How a source ends, and what people are told about it."""
    program = load(Function(ENGINE, TERMS, source.encode()), CRAMPED, compiled=compiled)
    diagnostics = Diagnostics()
    return execute(program, Request.local(program.function_id, b""), (), diagnostics=diagnostics), diagnostics.message


def overflow(compiled: bytes, source: str) -> str:
    """The error a source fails with."""
    outcome, message = run(compiled, source)
    assert isinstance(outcome, Failed), message
    return outcome.error.decode()


def output(compiled: bytes, source: str) -> bytes:
    """What a source returns."""
    outcome, message = run(compiled, source)
    assert isinstance(outcome, Returned), message
    return outcome.output


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in (CALLS | DATA).items()])
def test_recursion_is_a_range_error(compiled: bytes, body: str):
    """Deep calls and deep data overflow QuickJS's own limit."""
    assert overflow(compiled, f"{NAMELESS}export default () => {{ {body} }}").startswith(OVERFLOW)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SOURCES.items()])
def test_nested_source_is_a_range_error(compiled: bytes, text: str):
    """Deep source text overflows it too, evaluated or loaded."""
    # QuickJS takes an overflow in the middle of `()=>` for a parameter that is missing
    expected = (OVERFLOW, "SyntaxError: missing formal parameter") if "=>'.rep" in text else OVERFLOW
    assert overflow(compiled, f"export default () => {{ (0, eval)({text}) }}").startswith(expected)


@pytest.mark.parametrize("pattern", ["'(?:'.repeat(50000)", "'(?='.repeat(50000)"])
def test_nested_patterns_are_a_syntax_error(compiled: bytes, pattern: str):
    """The compiler of regular expressions has the same limit under another name."""
    error = overflow(compiled, f"export default () => {{ new RegExp({pattern}) }}")
    assert error.startswith("SyntaxError: stack overflow")


def test_a_nested_module_is_a_range_error(compiled: bytes):
    """The user's own source is no exception."""
    assert overflow(compiled, "(" * 50_000).startswith(OVERFLOW)


def test_a_long_chain_of_promises_is_no_recursion(compiled: bytes):
    """Jobs run one after the other, however many there are."""
    chain = "let p = Promise.resolve(); for (let i = 0; i < 20000; i++) p = p.then(() => 'end')"
    source = f"export default () => {{ {chain}; return p }}"
    assert output(compiled, source) == b"end"


def test_an_overflow_can_be_caught(compiled: bytes):
    """It is an error like others, and there is room to go on."""
    source = "const f = (n) => { try { return f(n + 1) } catch { return n } }; export default () => String(f(0) > 400)"
    assert output(compiled, source) == b"true"


@pytest.mark.parametrize("source", [
    "async function f() { await f() } export default () => f()",
    "async function f() { await f() } export default async () => { await f() }",
    "const f = () => Promise.resolve().then(f()); export default f",
    "export default async function f() { for await (const x of [f()]) ; }",
])  # fmt: skip
def test_a_promise_rejected_for_want_of_stack_keeps_its_reason(compiled: bytes, source: str):
    """The engine notes rejections where they happen, also at the end of the stack."""
    assert overflow(compiled, source).startswith(OVERFLOW)


def test_the_error_of_an_overflow_is_described_where_it_happens(compiled: bytes):
    """An error whose message is made by code that recurses is an overflow like others."""
    source = "export default () => { throw { get message() { return this.message }, toString() { return `${this}` } } }"
    outcome, message = run(compiled, source)
    assert isinstance(outcome, Failed), message
