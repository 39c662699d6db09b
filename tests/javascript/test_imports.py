"""Which sources are bundled: TypeScript, and what imports more than the engine has."""

import time

import pytest

from executor.javascript.imports import imported, stands_alone


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('import { abi } from "executor";', ("executor",)),
        ("import x from 'a'; import * as y from \"b\"\nimport z, { w } from 'c'", ("a", "b", "c")),
        ("import 'side'", ("side",)),
        ("import{a}from'tight';export{b}from'also'", ("tight", "also")),
        ("export * from 'all'; export * as name from 'named'; export { a as b } from './some.js'",
         ("all", "named", "./some.js")),
        ("const late = await import('late')", ("late",)),
        ("import {\n  a, // one\n  b, /* two */\n} from\n  'lines'", ("lines",)),
        ("import a from 'one'; import b from 'one'", ("one",)),
        ("// import a from 'commented'\n/* import b from 'blocked' */", ()),
        ("const text = \"import a from 'quoted'\"; const more = `\nimport b from 'template'`", ()),
        ("export default function (input) { return 'from' }", ()),
        ("export { a }; const from = 'x'", ()),
        ("export const from = 'x'; const important = 'y'; import.meta.url; a.import('z')", ()),
        ("const $import = 'a'; $import ('b'); #import('c')", ()),
        ("const url = 'https://a.example//x'; import a from 'after'", ("after",)),
        ("const it = 'it\\'s'; import a from 'after'", ("after",)),
        ("import a from", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_what_a_source_imports(source: str, names: tuple[str, ...]) -> None:
    """Statements in every form, and nothing of comments, strings and other names."""
    assert imported(source) == names


@pytest.mark.parametrize(
    ("source", "suffix", "alone"),
    [
        (b"export default () => 1", ".js", True),
        (b"import { abi } from 'executor'", ".mjs", True),
        (b"import { abi } from 'executor'", ".ts", False),
        (b"export default () => 1", ".tsx", False),
        (b"import './other.js'", ".js", False),
        (b"import x from 'executor/private'", ".js", False),
        (b"\xff\xfe", ".js", True),
    ],
)
def test_what_stands_alone(source: bytes, suffix: str, alone: bool) -> None:
    """JavaScript that imports `executor` or nothing; the engine says what else is wrong with it."""
    assert stands_alone(source, suffix) is alone


@pytest.mark.parametrize("piece", ["import ", "import {", "export * ", "/* ", '"', "`", "import a, "])
def test_hostile_text_takes_no_time(piece: str) -> None:
    """A megabyte of beginnings, none of which ends: processor time, since others may use the machine."""
    text = piece * (8_000 // len(piece))
    began = time.process_time()
    assert imported(text) == ()
    assert time.process_time() - began < 5
