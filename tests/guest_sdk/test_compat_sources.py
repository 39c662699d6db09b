"""Sources of Chainlink Functions run as they are: what they return, what they throw, and what is agreed on."""

import json

import pytest

from executor.cli._chainlink import OwnerTerms

from .functions_requests import Committee, encoded
from .harness import Guest

MEDIAN = OwnerTerms("test", median=True)


@pytest.fixture
def committee(quickjs: Guest) -> Committee:
    return Committee(quickjs)


@pytest.fixture
def median(quickjs: Guest) -> Committee:
    return Committee(quickjs, MEDIAN)


def word(value: int) -> bytes:
    return (value % 2**256).to_bytes(32, "big")


@pytest.mark.parametrize(
    ("source", "response"),
    [
        ("return Functions.encodeUint256(0)", word(0)),
        ("return Functions.encodeUint256(2n ** 256n - 1n)", b"\xff" * 32),
        ("return Functions.encodeUint256(Math.round(12.34 * 100))", word(1234)),
        ("return Functions.encodeInt256(-1)", b"\xff" * 32),
        ("return Functions.encodeInt256(-(2n ** 255n))", word(-(2**255))),
        ("return Functions.encodeInt256(2n ** 255n - 1n)", word(2**255 - 1)),
        ("return Functions.encodeString('é')", "é".encode()),
        ("return new Uint8Array([1, 2]).buffer", b"\x01\x02"),
        ("return new Uint8Array(256)", bytes(256)),
        ("return new Uint8Array(0)", b""),
        ("const x = await Promise.resolve(7); return Functions.encodeUint256(x) // no newline after", word(7)),
        ("const args = 1; const fetch = 2; return Functions.encodeUint256(args + fetch)", word(3)),
        ("return Functions.encodeString(atob(btoa('x')))", b"x"),
        ("async function f() { return new TextEncoder().encode(typeof this) }\nreturn await f()", b"undefined"),
        ("console.log({ a: 1n }); return Functions.encodeString(new TextDecoder().decode(new Uint8Array([65])))", b"A"),
    ],
)  # fmt: skip
def test_a_source_returns_bytes(committee: Committee, source: str, response: bytes) -> None:
    """Top-level return and await, names of its own, Chainlink's encoders."""
    assert committee.ask(source) == ("returned", response)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("throw Error('More than 1 API failed')", "More than 1 API failed"),
        ("throw new TypeError('a: b')", "a: b"),
        ("throw 'plain'", "plain"),
        ("throw 123", "invalid value thrown of type number"),
        ("throw undefined", "invalid value thrown of type undefined"),
        ("throw new RangeError()", "RangeError"),
        ("throw ''", "Error"),
        ("setTimeout(() => 1, 1)", "setTimeout is not defined"),
        ("new URL('https://a.test')", "URL is not defined"),
        ("Deno.env", "Deno is not defined"),
        (
            "await import('npm:ethers')",
            "cannot import 'npm:ethers': a function is one file and may import only 'executor'",
        ),
        ("throw { get message() { throw 1 } }", "invalid value thrown of type object"),
        ("throw Object.defineProperty(Error(), 'message', { get() { throw 1 } })",
         "invalid value thrown of type object"),
        ("throw Error('\\u0001')", 'Error "\\u0001"'),
        ("throw Error('\\u0005')", "\x05"),
        ("throw Error('lone \\ud800')", "lone \ufffd"),
        ("throw Error('é'.repeat(1000))", "é" * 512),
        ("undefined_name = 1", "undefined_name is not defined"),
        ("null.x", "cannot read property 'x' of null"),
        ("return 'text'", "returned value not an ArrayBuffer or Uint8Array"),
        ("return", "returned value not an ArrayBuffer or Uint8Array"),
        ("return new Uint8Array(257)", "response >256 bytes"),
        ("return Functions.encodeUint256(1.5)", "input into Functions.encodeUint256 is not an integer"),
        ("return Functions.encodeUint256(-1)", "input into Functions.encodeUint256 is negative"),
        ("return Functions.encodeUint256(2n ** 256n)", "input into Functions.encodeUint256 is too large"),
        ("return Functions.encodeUint256('1')", "input into Functions.encodeUint256 is not a number or bigint"),
        ("return Functions.encodeInt256(2n ** 255n)", "input into Functions.encodeInt256 is too large"),
        ("return Functions.encodeInt256(-(2n ** 255n) - 1n)", "input into Functions.encodeInt256 is too small"),
        ("const f = () => f(); f()", "Maximum call stack size exceeded"),
        ("await new Promise(() => {})", "the source awaits a promise that never settles"),
    ],
)  # fmt: skip
def test_what_a_source_throws_arrives_as_its_message_alone(committee: Committee, source: str, error: str) -> None:
    """And never as one of the bytes that stand for traps, never empty, never over 1,024 bytes."""
    assert committee.ask(source) == ("failed", error.encode())


@pytest.mark.parametrize(
    ("source", "line"),
    [("return Functions.encodeString(", 2), ("let a = 1;\nlet a = 2;", 2), ("\n\nconst x: string = 1", 3)],
)  # fmt: skip
def test_a_syntax_error_ends_the_run_before_anybody_looks_and_names_the_sources_line(
    committee: Committee, source: str, line: int
) -> None:
    """The source is compiled in the agreed part of the run."""
    ended = committee.look(encoded(source))
    assert (ended.ending, ended.specs) == ("failed", [])
    assert ended.text.startswith("syntax error: ")
    assert ended.text.endswith(f" (line {line})")


def test_agreement_is_on_bytes_with_what_they_are(committee: Committee) -> None:
    """A response cannot pass for an error with the same bytes."""
    seen = committee.look(encoded("return Functions.encodeString('x')"))
    assert (seen.kind, seen.output) == (0, b"\x00x")
    thrown = committee.look(encoded("throw 'x'"))
    assert (thrown.kind, thrown.output) == (0, b"\x01x")
    assert [json.loads(spec) for spec in seen.specs] == [{"aggregate": "identical", "label": "source"}]


@pytest.mark.parametrize(
    ("agreed", "error"),
    [
        (
            "no-agreement: identical needs 2 equal of 3, had 1",
            "no agreement: identical needs 2 equal of 3, had 1: "
            "what the source returned or threw differs from node to node",
        ),
        ("out-of-fuel", "script runtime exceeded: out of fuel"),
        ("timeout", "script runtime exceeded"),
        ("trap", "the source could not be run: trap"),
        ("observation-failed: 2 of 4 observed errors", "the source could not be run: 2 of 4 observed errors"),
    ],
)  # fmt: skip
def test_what_ends_a_look_without_a_value_is_said_in_words(committee: Committee, agreed: str, error: str) -> None:
    """The committee's codes, as a client reads them."""
    ended = committee.agree(encoded("return 1"), (1, agreed.encode()))
    assert (ended.ending, ended.text) == ("failed", error)


def test_an_endless_source_is_out_of_fuel_at_the_node(committee: Committee) -> None:
    """Which the machine observes as that error."""
    seen = committee.look(encoded("while (true);"), fuel=50_000_000)
    assert (seen.ending, seen.fuel_used) == ("trapped", 50_000_000)


def test_a_response_longer_than_chainlinks_is_the_owners_choice(quickjs: Guest) -> None:
    """Up to what the manifest lets out."""
    committee = Committee(quickjs, OwnerTerms("test", return_bytes=4_096))
    assert committee.ask("return new Uint8Array(4096)") == ("returned", bytes(4_096))
    assert committee.ask("return new Uint8Array(4097)") == ("failed", b"response >4096 bytes")


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("Functions.encodeUint256(2n ** 256n - 1n)", 2**256 - 1),
        ("Functions.encodeInt256(-5)", -5),
        ("Functions.encodeUint256(0)", 0),
        ("Functions.encodeInt256(-(2n ** 255n))", -(2**255)),
    ],
)
def test_under_median_nodes_observe_the_number(median: Committee, source: str, number: int) -> None:
    """And what they agree on becomes the same 32 bytes."""
    request = encoded(f"return {source}")
    seen = median.look(request)
    assert (seen.kind, seen.text) == (0, str(number))
    assert [json.loads(spec) for spec in seen.specs] == [{"aggregate": "median", "label": "source"}]
    assert median.ask(request) == ("returned", word(number))
    assert median.agree(request, (0, b"41")).output == word(41)


@pytest.mark.parametrize(
    ("source", "code", "error"),
    [
        ("throw Error('More than 1 API failed!')", "threw-more-than-1-api-failed", "more than 1 api failed"),
        ("throw Error('é')", "threw-error", "error"),
        ("throw Error('x'.repeat(100))", "threw-" + "x" * 58, "x" * 58),
        ("return Functions.encodeString('1')", None, "median return what encodeuint256 or encodeint256 gives"),
        ("return 1", None, "returned value not an arraybuffer or uint8array"),
    ],
)  # fmt: skip
def test_under_median_errors_are_words_that_nodes_share(
    median: Committee, source: str, code: str | None, error: str
) -> None:
    """An agreed error is a code, which holds small letters, digits and hyphens."""
    seen = median.look(encoded(source))
    assert seen.kind == 1
    assert code in (None, seen.text)
    assert median.ask(source) == ("failed", error.encode())


@pytest.mark.parametrize(
    "source",
    [
        "for (;;);",
        "}; for (;;); async () => {",
        "}; }); for (;;); (function () { return async () => {",
        "}; }); function parseInt() {} var Object = 1; for (;;); (function () { return async () => {",
        "}}); for (;;); (() => {{",
        "\n}); for (;;); (async () => {",
    ],
)
def test_nothing_of_a_source_runs_in_agreed_runs(committee: Committee, source: str) -> None:
    """Not even of one that ends the function it is put into, and goes on behind it."""
    ended = committee.agree(encoded(source), (0, b"\0ok"))
    assert ended.output == b"ok" or ended.text.startswith("syntax error: ")
    assert ended.ending in ("returned", "failed")


def test_this_is_undefined_at_the_top_level_as_in_a_module(committee: Committee) -> None:
    """Where a source looks for a global object it says globalThis."""
    assert committee.ask("return Functions.encodeString(typeof this)") == ("returned", b"undefined")
