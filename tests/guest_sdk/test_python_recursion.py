"""However a Python function recurses or fills its memory, the end is a Python error, always the same.

CPython counts the stack slots it uses (guest-sdk/python/engine/slots.h); every recursion runs here with a thousand
slots fewer than the profile has.
"""

from __future__ import annotations

import pytest

from executor.model.outcome import TrapCode, Trapped

from .python_engine import body, run

OVERFLOW = "RecursionError: maximum recursion depth exceeded"
# Through Python functions and the C functions that call them.
CALLS = {
    "plain": "f = lambda: 1 + f()\nf()",
    "method": "class A:\n    def f(self): return self.f()\nA().f()",
    "constructor": "class A:\n    def __init__(self): A()\nA()",
    "new": "class A:\n    def __new__(cls): return cls()\nA()",
    "getattr": "class A:\n    def __getattr__(self, name): return getattr(self, name + 'x')\nA().y",
    "getattribute": "class A:\n    def __getattribute__(self, name): return self.x\nA().y",
    "property": "class A:\n    x = property(lambda self: self.x)\nA().x",
    "repr": "class A:\n    def __repr__(self): return repr([self])\nrepr(A())",
    "str": "class A:\n    def __str__(self): return f'{self}'\nstr(A())",
    "eq": "class A:\n    def __eq__(self, other): return self == other\nA() == A()",
    "hash": "class A:\n    def __hash__(self): return hash((self,))\nhash(A())",
    "add": "class A:\n    def __add__(self, other): return self + other\nA() + 1",
    "index": "class A:\n    def __index__(self): return [1][self]\n[1][A()]",
    "len": "class A:\n    def __len__(self): return len(self)\nlen(A())",
    "iter": "class A:\n    def __iter__(self): return iter(self)\nlist(A())",
    "contains": "class A:\n    def __contains__(self, x): return x in self\n1 in A()",
    "call": "class A:\n    def __call__(self): return self()\nA()()",
    "map": "f = lambda x: list(map(f, [x]))\nf(1)",
    "sorted": "f = lambda x: sorted([2, 1], key=f)\nf(1)",
    "max": "f = lambda x: builtins.max([2, 1], key=f)\nf(1)",
    "reduce": "f = lambda a, b: functools.reduce(f, [1, 2])\nf(1, 2)",
    "re.sub": "f = lambda m: re.sub('a', f, 'a')\nf(None)",
    "partial": "f = lambda: functools.partial(f)()\nf()",
    "generator": "def g(): yield from g()\nnext(g())",
    "comprehension": "f = lambda: [f() for _ in [1]]\nf()",
    "eval": "f = lambda: eval('f()', {'f': f})\nf()",
    "exec": "code = 'exec(code)'\nexec(code, {'code': code})",
    "type": "class M(type):\n    def __call__(cls): return cls()\nclass A(metaclass=M): pass\nA()",
    "instancecheck": "class M(type):\n    def __instancecheck__(cls, x): return isinstance(x, cls)\nclass A(metaclass=M): pass\nisinstance(1, A)",
    "json default": "f = lambda x: json.dumps(x, default=f)\njson.dumps(f, default=f)",
    "object_hook": "f = lambda x: json.loads('{}', object_hook=f)\nf(1)",
    "format": "class A:\n    def __format__(self, spec): return format(self, spec)\nf'{A()}'",
    "with": "class A:\n    def __enter__(self):\n        with self: pass\n    def __exit__(self, *a): pass\nwith A(): pass",
    "lru_cache": "f = functools.lru_cache(lambda x: f(x + 1))\nf(1)",
    "set": "class A:\n    def __hash__(self): return len({self})\nlen({A()})",
    "except": "def f():\n    try: f()\n    except RecursionError: raise\nf()",
}
# Through data: built up in a loop, walked by C alone.
NEST = "x = []\nfor _ in range(100000): x = [x]\n"
DATA = {
    "repr of lists": NEST + "repr(x)",
    "comparison": NEST + "y = []\nfor _ in range(100000): y = [y]\nx == y",
    "json.dumps": NEST + "json.dumps(x)",
    "json.loads": "json.loads('[' * 100000)",
    "json.loads objects": "json.loads('{\"a\":' * 100000)",
    "hash of tuples": "x = ()\nfor _ in range(100000): x = (x,)\nhash(x)",
    "pickle": NEST + "pickle.dumps(x)",
    "deepcopy": "x = []\nfor _ in range(3000): x = [x]\ncopy.deepcopy(x)",
    "isinstance": "x = ()\nfor _ in range(100000): x = (x, int)\nisinstance('', x)",
    "chain": "x = iter([1])\nfor _ in range(20000): x = itertools.chain(x)\nnext(x)",
    "map iterators": "x = iter([1])\nfor _ in range(20000): x = map(int, x)\nnext(x)",
    "zip": "x = iter([1])\nfor _ in range(20000): x = zip(x)\nnext(x)",
    "filter": "x = iter([1])\nfor _ in range(20000): x = filter(None, x)\nnext(x)",
    "enumerate": "x = iter([1])\nfor _ in range(20000): x = enumerate(x)\nnext(x)",
    "re": "re.compile('(?:' * 5000 + 'a' + ')' * 5000)",
    "ast": "ast.unparse(ast.parse('1' + '+1' * 2000))",
}
# Through source text: walked by the parser and the compiler.
SOURCES = {
    "parentheses": "'(' * 190 + '1' + ')' * 190 + '+x' * 0",
    "unary": "'-' * 20000 + '1'",
    "not": "'not ' * 20000 + '1'",
    "conditionals": "'1 if x else ' * 20000 + '2'",
    "lambdas": "'lambda: ' * 20000 + '1'",
    "attributes": "'x' + '.real' * 20000",
    "sums": "'1' + '+x' * 20000",
    "powers": "'x**' * 20000 + '1'",
    "calls": "'x' + '()' * 20000",
    "awaits": "'x' + '[0]' * 20000",
    "comparisons": "'(' * 150 + 'x' + '<1)' * 150",
}
IMPORTS = "import ast, builtins, copy, functools, itertools, json, pickle, re"


@pytest.mark.parametrize("lines", [pytest.param(lines, id=name) for name, lines in CALLS.items()])
def test_recursion_is_a_recursion_error(lines: str) -> None:
    """Deep calls end as CPython's own error."""
    assert run(body(lines, IMPORTS), cramped=True).error.startswith(OVERFLOW)


@pytest.mark.parametrize("lines", [pytest.param(lines, id=name) for name, lines in DATA.items()])
def test_deep_data_is_a_recursion_error(lines: str) -> None:
    """So does deep data."""
    assert run(body(lines, IMPORTS), limits={"memory_mib": 128}, cramped=True).error.startswith(OVERFLOW)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SOURCES.items()])
def test_nested_source_is_an_error(text: str) -> None:
    """Deep source text ends in the parser's error, the compiler's, or not at all."""
    lines = f"try:\n    return str(eval({text}, {{'x': 1}}))[:0] + 'fine'\nexcept (MemoryError, RecursionError, SyntaxError, TypeError) as e:\n    return type(e).__name__"
    assert run(body(lines), cramped=True).text in ("fine", "MemoryError", "RecursionError", "SyntaxError", "TypeError")


def test_a_nested_file_is_an_error() -> None:
    """The user's own source is no exception."""
    assert run("x = " + "-" * 20_000 + "1", cramped=True).error.startswith(("MemoryError: Parser stack", OVERFLOW))


def test_deep_data_is_released() -> None:
    """What was nested deeply goes without a trace, and the function goes on."""
    lines = "for make in (list, tuple):\n    x = make()\n    for _ in range(200000): x = make((x,))\n    del x\nreturn 'fine'"
    assert run(body(lines), limits={"memory_mib": 128}, cramped=True).text == "fine"


def test_what_cpython_releases_without_a_check_is_a_trap() -> None:
    """A few iterators release each other one within the other: the machine's own end, the same everywhere."""
    lines = "x = iter([1])\nfor _ in range(20000): x = itertools.islice(x, 1)\ndel x"
    assert run(body(lines, IMPORTS), limits={"fuel": 10**9}).outcome == Trapped(TrapCode.STACK, 10**9)


def test_a_recursion_error_can_be_caught() -> None:
    """And the function goes on, again and again."""
    lines = "f = lambda: 1 + f()\nfor _ in range(3):\n    try: f()\n    except RecursionError: pass\nreturn 'fine'"
    assert run(body(lines), cramped=True).text == "fine"


FILLS = {
    "a list of itself": "x = []\nwhile True: x.append([x] * 10)",
    "dicts": "x = []\nwhile True: x.append({1: 2})",
    "text": "x = 'x'\nwhile True: x += x",
    "bytes": "x = []\nwhile True: x.append(bytes(1 << 20))",
    "ints": "x = 1 << (1 << 28)",
    "objects": "class A: pass\nx = []\nwhile True:\n    a = A()\n    a.x = x\n    x.append(a)",
    "repeat": "[0] * (1 << 28)",
    "join": "','.join(['x' * 1000] * 100000)",
    "generator": "list(itertools.repeat('x'))",
    "decimal": "import decimal\ndecimal.Context(prec=10**8).divide(1, 3)",
    "classes": "x = []\nwhile True: x.append(type('A', (), {}))",
}


@pytest.mark.parametrize("lines", [pytest.param(lines, id=name) for name, lines in FILLS.items()])
def test_a_full_memory_is_a_memory_error(lines: str) -> None:
    """Told as such although everything that filled it is still there."""
    assert run(body(lines, IMPORTS), limits={"memory_mib": 32}).error.startswith("MemoryError")


def test_a_memory_error_can_be_caught() -> None:
    """And what was freed is there again."""
    lines = "for _ in range(3):\n    x = []\n    try:\n        while True: x.append(bytes(100000))\n    except MemoryError:\n        n = len(x)\nreturn 'fine' if n > 50 else str(n)"
    assert run(body(lines), limits={"memory_mib": 32}).text == "fine"


def test_an_input_beyond_the_memory_is_a_memory_error() -> None:
    """Room for what the host writes is memory like any other."""
    lines = "return str(len(request.bytes))"
    assert run(body(lines), b"x" * 65_536, limits={"memory_mib": 32}).text == "65536"


HOSTILE = {
    "loop": ("while True: pass", TrapCode.OUT_OF_FUEL),
    "sum": ("sum(range(10**12))", TrapCode.OUT_OF_FUEL),
    "power": ("pow(3, 10**9)", TrapCode.OUT_OF_FUEL),
    "pattern": ("re.match('(a+)+$', 'a' * 50 + 'b')", TrapCode.OUT_OF_FUEL),
    "catching all": ("while True:\n    try: [].x\n    except BaseException: pass", TrapCode.OUT_OF_FUEL),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_never_ends_runs_out_of_fuel(name: str) -> None:
    """Whatever it does."""
    lines, code = HOSTILE[name]
    outcome = run(body(lines, IMPORTS), limits={"fuel": 300_000_000, "memory_mib": 64}).outcome
    assert outcome == Trapped(code, 300_000_000)
