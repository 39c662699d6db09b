"""Secrets and private inputs in JavaScript: only inside observe, as text or bytes."""

from __future__ import annotations

import pytest

from .harness import Guest, Run

IMPORT = "import { observe, identical, secrets, privateInput, utf8 } from 'executor';\n"
ANSWERS = {"secrets.get": lambda _: (0, b"value"), "input.private": lambda _: (0, b'{"born": "1990-01-31"}')}


def look(quickjs: Guest, expression: str, answers=ANSWERS) -> Run:
    source = f"{IMPORT}export default (input) => {{ observe(identical, () => {expression}) }}"
    return quickjs.run(source, b"envelope", calls=answers, observing=True)


@pytest.mark.parametrize(
    ("expression", "asked", "seen"),
    [
        ("secrets.get('API_KEY')", ("secrets.get", b"API_KEY"), b"value"),
        ("secrets.bytes('API_KEY')", ("secrets.get", b"API_KEY"), b"value"),
        ("privateInput(input.bytes).text()", ("input.private", b"envelope"), b'{"born": "1990-01-31"}'),
        ("privateInput(input.bytes).json().born", ("input.private", b"envelope"), b"1990-01-31"),
        ("privateInput(input.bytes.subarray(1, 3)).bytes", ("input.private", b"nv"), b'{"born": "1990-01-31"}'),
    ],
)
def test_what_is_asked_and_what_is_seen(quickjs: Guest, expression: str, asked: tuple[str, bytes], seen: bytes):
    """One call each; the answer is text, JSON or bytes."""
    run = look(quickjs, expression)
    assert (run.ending, run.kind, run.output) == ("proposed", 0, seen)
    assert run.calls[-1] == asked


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("secrets.get('API_KEY')", b"secret-missing"),
        ("privateInput(input.bytes)", b"secret-missing"),
        ("secrets.get(5)", b"threw"),
        ("privateInput('text')", b"threw"),
    ],
)
def test_a_refusal_is_an_error_with_its_code(quickjs: Guest, expression: str, code: bytes):
    """And a wrong argument is a mistake of the function, told before anything is asked."""
    refusing = dict.fromkeys(ANSWERS, lambda _: (1, b"secret-missing"))
    run = look(quickjs, expression, refusing)
    assert (run.ending, run.kind, run.output) == ("proposed", 1, code)


@pytest.mark.parametrize("expression", ["secrets.get('API_KEY')", "privateInput(input.bytes)"])
def test_outside_observe_both_throw(quickjs: Guest, expression: str):
    """With words that say where they belong, instead of the end of the run."""
    run = quickjs.run(f"{IMPORT}export default (input) => {{ {expression} }}", b"envelope", calls=ANSWERS)
    assert run.ending == "failed"
    assert "works only inside observe(...)" in run.text
