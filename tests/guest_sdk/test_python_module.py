"""What a Python function is: its file, its input, its output, and how it fails."""

from __future__ import annotations

import re

import pytest

from executor.testing.checking.judge import RANDOM_WORDS

from .harness import ROOT
from .python_engine import TIMESTAMP, body, run


@pytest.mark.parametrize(
    ("lines", "output"),
    [
        ("return b'\\x01\\x02'", b"\x01\x02"),
        ("return bytearray(b'ab')", b"ab"),
        ("return memoryview(b'abc')[1:2]", b"b"),
        ("return 'naïve €'", "naïve €".encode()),
        ("return ''", b""),
        ("return None", b""),
        ("return request.bytes", b'{"a": 1}'),
        ("return request.text()", b'{"a": 1}'),
        ("return str(request.json()['a'])", b"1"),
        ("return str(request.context.block_timestamp)", str(TIMESTAMP).encode()),
    ],
)
def test_output(lines: str, output: bytes) -> None:
    """Bytes, text or nothing come out as they are."""
    assert run(body(lines), b'{"a": 1}').output == output


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (body("return 5"), "TypeError: a function returns bytes or text, not int"),
        (body("return {}"), "TypeError: a function returns bytes or text, not dict"),
        (body("return '\\ud800'"), "TypeError: the text has a lone surrogate"),
        ("x = 1", "TypeError: function.py must mark one function with @function"),
        (body("return 1") + body("return 2"), "TypeError: function.py marks 2 functions with @function"),
        ("def f(:\n  pass", "SyntaxError: invalid syntax (function.py:1:7)"),
        ("\n\nx = = 1", "SyntaxError: invalid syntax (function.py:3:5)"),
        ("y = 1\n\n  x = 1", "IndentationError: unexpected indent (function.py:3:"),
        ("\n\nx.y = 1", "NameError: name 'x' is not defined (function.py:3:1)"),
        (b"x = '\xff'", "SyntaxError: function.py is not UTF-8 (at byte 5)"),
        (
            body("return request.nothing.more"),
            "AttributeError: 'Request' object has no attribute 'nothing' (function.py:5:12)",
        ),
        (body("raise ValueError"), "ValueError (function.py:5:5)"),
        (body("raise SystemExit(3)"), "SystemExit: 3 (function.py:5:5)"),
        (body("return request.text()"), "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 1"),
        (
            "class E(Exception):\n    def __str__(self): raise OSError\n" + body("raise E"),
            "E: (its message cannot be shown) (function.py:",
        ),
        (
            "from executor_guest import function\nimport types\n@types.coroutine\ndef never(): yield\n@function\n"
            "async def main(request):\n    await never()\n",
            "NeverEnds: the function awaits something that never ends",
        ),
    ],
)
def test_failure(source: str | bytes, error: str) -> None:
    """Every error of the user's is told in one line, with the user's own line and column where there is one."""
    assert run(source, b"a\xff").error.startswith(error)


def test_the_traceback_goes_to_the_log() -> None:
    """The error bytes hold one line; the log holds files, lines, source and carets."""
    ran = run(
        """\
        from executor_guest import function

        def price(data):
            return data["price"] + 1

        @function
        def main(request):
            return price({"x": 1})
        """
    )
    assert ran.error == "KeyError: 'price' (function.py:4:12)"
    assert ran.logs == [
        (
            3,
            "KeyError: 'price' (function.py:4:12)\n"
            "Traceback (most recent call last):\n"
            '  File "function.py", line 8, in main\n'
            '    return price({"x": 1})\n'
            "           ^^^^^^^^^^^^^^^\n"
            '  File "function.py", line 4, in price\n'
            '    return data["price"] + 1\n'
            "           ^^^^^^^^^^^^^",
        )
    ]


def test_a_long_traceback_is_cut() -> None:
    """A thousand calls are three, six, and a count."""
    text = run(body("f = lambda n: 1 + f(n + 1)\nreturn f(0)")).logs[-1][1]
    assert text.startswith("RecursionError: maximum recursion depth exceeded")
    assert text.count('File "function.py"') == 9
    assert "more calls]" in text


def test_a_chain_of_errors_is_told() -> None:
    """What was being handled, and what caused an error."""
    ran = run(body("try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('no') from error"))
    assert ran.error == "ValueError: no (function.py:8:9)"
    assert "caused by ZeroDivisionError: division by zero (function.py:6:9)" in ran.logs[0][1]


@pytest.mark.parametrize("filler", ["x", "é", "€", "😀"])
def test_error_bytes_are_capped_between_characters(filler: str) -> None:
    """A long message is cut at 1024 bytes, never inside a character."""
    error = run(body(f"raise ValueError('a' + '{filler}' * 5000)")).error
    assert 1020 < len(error.encode()) <= 1024
    assert error.startswith("ValueError: a" + filler)


def test_print_and_stderr_are_logged() -> None:
    """A line each, with the level of where it went; what has no line break at the end, too."""
    ran = run(
        body(
            "import sys\nprint('a', 1)\nprint('b\\nc', file=sys.stderr)\nlog.warn('w', ValueError('v'))\nprint('d', end='')"
        )
    )
    assert ran.logs == [(1, "a 1"), (3, "b"), (3, "c"), (2, "w ValueError: v"), (1, "d")]


def test_a_flood_of_lines_is_cut() -> None:
    """Printing too much drops lines, says so once, and keeps room for the last error."""
    ran = run(body("for _ in range(3000): print('€' * 2000)\nraise ValueError('end')"))
    assert ran.error.startswith("ValueError: end")
    assert ran.logs[-2] == (2, "(further lines are dropped)")
    assert ran.logs[-1][0] == 3


@pytest.mark.parametrize(
    "now",
    ["time.time()", "datetime.datetime.now().timestamp()", "time.time_ns() // 10**9", "time.mktime(time.localtime())"],
)
def test_time_is_the_requests(now: str) -> None:
    """Every clock shows the block timestamp, in UTC, and no time passes."""
    assert run(body(f"import time, datetime\nreturn str([int({now}), int({now})])")).text == str([TIMESTAMP, TIMESTAMP])


@pytest.mark.parametrize("use", ["time.time()", "datetime.datetime.now()", "time.monotonic()"])
def test_there_is_no_time_while_the_file_is_loaded(use: str) -> None:
    """The request belongs to the run: reading the clock at the top level is an error, not a wrong answer."""
    error = run(f"import time, datetime\nx = {use}\n").error
    assert (
        error
        == "RuntimeError: the time is known inside the function only, not while function.py is loaded (function.py:2:5)"
    )


@pytest.mark.parametrize("use", ["context.chain_id", "keccak256(b'')", "observe(median, lambda: 1)"])
def test_the_request_is_not_there_while_the_file_is_loaded(use: str) -> None:
    """Nor is the rest of it."""
    error = run(f"from executor_guest import *\nx = {use}\n").error
    assert "is known inside the function only, not while function.py is loaded" in error


@pytest.mark.parametrize(
    "use",
    [
        "random.random()",
        "random.randint(1, 6)",
        "random.shuffle([1, 2])",
        "random.Random()",
        "random.seed()",
        "os.urandom(4)",
        "random.SystemRandom().random()",
        "secrets.token_hex()",
        "secrets.choice([1, 2])",
        "uuid.uuid4()",
        "uuid.uuid1()",
    ],
)
def test_nothing_is_random_without_a_seed(use: str) -> None:
    """What would draw from the operating system raises and says what to use."""
    error = run(body(f"return str({use})", "import os, random, secrets, uuid")).error
    assert (
        "would differ from node to node: agreed randomness is draw() and its stream, of executor_guest.random" in error
    )
    assert RANDOM_WORDS in error  # `executor check` knows it by them
    assert "(function.py:5:" in error


def test_a_seed_is_enough() -> None:
    """The choices of a seed are CPython's."""
    import random

    lines = "random.seed(7)\nreturn repr([random.random(), random.Random(5).sample(range(100), 3), random.gauss(0, 1)])"
    chosen = random.Random(7)
    first = chosen.random()
    assert run(body(lines, "import random")).text == repr(
        [first, random.Random(5).sample(range(100), 3), chosen.gauss(0, 1)]
    )


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("socket", "needs an operating system"),
        ("subprocess", "event loop"),
        ("asyncio", "event loop"),
        ("ctypes", "operating system"),
        ("sqlite3", "operating system"),
        ("numpy", "a function is one file"),
        ("executor_guest.https", "the SDK has no such module"),
        ("zlib", "docs/python.md"),
    ],
)
def test_an_absent_module_says_why(module: str, why: str) -> None:
    """ModuleNotFoundError, with the reason and the line."""
    error = run(f"import json\nimport {module}\n").error
    assert error.startswith(f"ModuleNotFoundError: No module named '{module}': ")
    assert why in error
    assert error.endswith("(function.py:2:1)")


def test_the_page_lists_what_there_is() -> None:
    """Every module that docs/python.md names as there can be imported; those it names as absent are."""
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8").split("## What there is")[1]
    there, absent = (
        re.findall("[a-z_][a-z_0-9.]*", text)
        for text in (page.split(", and what")[0], page.split("(")[1].split(")")[0])
    )
    tried = f"""found = []
for name in {[*there, *absent]!r}:
    try:
        __import__(name)
    except ModuleNotFoundError:
        found.append(name)
return ' '.join(found)"""
    assert len(there) > 60
    assert run(body(tried)).text.split() == absent


def test_an_absent_module_can_be_done_without() -> None:
    """It is an ImportError like any other."""
    assert run(body("try:\n    import numpy\nexcept ImportError:\n    return 'none'")).text == "none"


@pytest.mark.parametrize(
    ("use", "error"),
    [
        ("open('/etc/passwd')", "FileNotFoundError: "),
        ("open('x', 'w')", "FileNotFoundError: "),
        ("os.listdir('/')", "FileNotFoundError: "),
        ("os.mkdir('x')", "FileNotFoundError: "),
        ("time.sleep(1)", "RuntimeError: time.sleep: no time passes while a function runs"),
        ("threading.Thread(target=print).start()", "RuntimeError: can't start new thread"),
        ("input()", "RuntimeError: lost sys.stdin"),
        ("os.read(0, 1)", "OSError: "),
        ("sys.setrecursionlimit(10**6)", "AttributeError: module 'sys' has no attribute 'setrecursionlimit'"),
        ("os.getenv('PATH') + ''", "TypeError: "),
        ("os._exit(1)", "AttributeError: "),
    ],
)
def test_there_is_no_operating_system(use: str, error: str) -> None:
    """No files, threads, processes, environment or sleep: ordinary errors."""
    assert run(body(f"return str({use})", "import os, sys, time, threading")).error.startswith(error)


def test_the_standard_library_works() -> None:
    """What functions compute with, against this Python where the words are the same."""
    import base64
    import hashlib
    import statistics
    import struct
    from fractions import Fraction

    lines = """
    found = [
        str(2**200), repr(0.1 + 0.2), repr(math.sin(1e5)), hashlib.sha256(b'abc').hexdigest(), hashlib.blake2b(b'abc').hexdigest(),
        repr(statistics.stdev([1, 2, 4])), struct.pack('<Ihd', 1, 2, 3.5).hex(), re.sub(r'(\\d+)', r'<\\1>', 'a12b3'),
        str(Fraction(1, 3) + 1), base64.b64encode(b'abc').decode(), str(datetime.date(2024, 2, 29) + datetime.timedelta(366)),
        str(sorted(collections.Counter('hello').items())), textwrap.fill("a b c d", 4), str(dataclasses.make_dataclass('P', ['x'])(3)),
        tomllib.loads('a = 1.5').__repr__(), urllib.parse.quote('a b/ü'), str(ipaddress.ip_address('10.0.0.1') + 1),
        csv.list_dialects().__repr__(), str(int('1' * 5000 if False else '11')), 'straße'.casefold(), unicodedata.normalize('NFC', 'e\\u0301'),
    ]
    return '\\n'.join(found)
    """
    imports = (
        "import math, hashlib, statistics, struct, re, base64, datetime, collections, textwrap, dataclasses, tomllib, csv, ipaddress\n"
        "import unicodedata, urllib.parse\nfrom fractions import Fraction"
    )
    text = run(body(lines, imports)).text.split("\n")
    assert text[3] == hashlib.sha256(b"abc").hexdigest()
    assert text[4] == hashlib.blake2b(b"abc").hexdigest()
    assert text[5:10] == [
        repr(statistics.stdev([1, 2, 4])),
        struct.pack("<Ihd", 1, 2, 3.5).hex(),
        "a<12>b<3>",
        str(Fraction(4, 3)),
        base64.b64encode(b"abc").decode(),
    ]
    assert text[:2] == [str(2**200), "0.30000000000000004"]
    assert text[10:] == [
        "2025-03-01",
        "[('e', 1), ('h', 1), ('l', 2), ('o', 1)]",
        "a b",
        "c d",
        "P(x=3)",
        "{'a': 1.5}",
        "a%20b/%C3%BC",
        "10.0.0.2",
        "['excel', 'excel-tab', 'unix']",
        "11",
        "strasse",
        "é",
    ]
