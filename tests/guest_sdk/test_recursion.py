"""However a function recurses, the end is a JavaScript error, on half of the native stack that hosts give.

The engine's own limit must fire before the host's: a stack overflow of the host's is no outcome at all (D5).
"""

import pytest

from .harness import QUICKJS, Guest

HOST_STACK_BYTES = 2 << 20
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


@pytest.fixture(scope="module")
def cramped() -> Guest:
    """The engine on half of the host's native stack."""
    return Guest.load(QUICKJS.read_bytes(), HOST_STACK_BYTES // 2)


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in (CALLS | DATA).items()])
def test_recursion_is_a_range_error(cramped: Guest, body: str):
    """Deep calls and deep data overflow QuickJS's own limit."""
    run = cramped.run(f"{NAMELESS}export default () => {{ {body} }}")
    assert run.ending == "failed", run.trap
    assert run.text.startswith(OVERFLOW)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SOURCES.items()])
def test_nested_source_is_a_range_error(cramped: Guest, text: str):
    """Deep source text overflows it too, evaluated or loaded."""
    run = cramped.run(f"export default () => {{ (0, eval)({text}) }}")
    assert run.ending == "failed", run.trap
    assert run.text.startswith(OVERFLOW)


@pytest.mark.parametrize("pattern", ["'(?:'.repeat(50000)", "'(?='.repeat(50000)"])
def test_nested_patterns_are_a_syntax_error(cramped: Guest, pattern: str):
    """The compiler of regular expressions has the same limit under another name."""
    assert cramped.run(f"export default () => {{ new RegExp({pattern}) }}").text.startswith(
        "SyntaxError: stack overflow"
    )


def test_a_nested_module_is_a_range_error(cramped: Guest):
    """The user's own source is no exception."""
    run = cramped.run("(" * 50_000)
    assert run.ending == "failed"
    assert run.text.startswith(OVERFLOW)


def test_a_long_chain_of_promises_is_no_recursion(cramped: Guest):
    """Jobs run one after the other, however many there are."""
    chain = "let p = Promise.resolve(); for (let i = 0; i < 20000; i++) p = p.then(() => 'end')"
    source = f"export default () => {{ {chain}; return p }}"
    assert cramped.run(source).output == b"end"


def test_an_overflow_can_be_caught(cramped: Guest):
    """It is an error like others, and there is room to go on."""
    source = "const f = (n) => { try { return f(n + 1) } catch { return n } }; export default () => String(f(0) > 500)"
    assert cramped.run(source).output == b"true"
