"""hex, utf8, TextEncoder, TextDecoder and keccak256 in JavaScript."""

import pytest
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .harness import Guest

QUIET = [HealthCheck.function_scoped_fixture]
SHOW = "import { hex, utf8, keccak256 } from 'executor'; export default (input) => "


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(data=st.binary(max_size=64))
def test_hex_round_trip(quickjs: Guest, data: bytes):
    """Encoding is lower case with 0x, decoding takes any case."""
    run = quickjs.run(
        SHOW + "{ const t = hex.encode(input.bytes); return t + hex.decode(t.slice(2).toUpperCase()).join() }", data
    )
    assert run.text == "0x" + data.hex() + ",".join(map(str, data))


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(data=st.one_of(st.binary(max_size=12), st.text(st.characters(codec="utf-8"), max_size=8).map(str.encode)))
def test_utf8_is_strict_as_pythons(quickjs: Guest, data: bytes):
    """Decoding accepts exactly what Python accepts, and gives the same text."""
    run = quickjs.run(SHOW + "utf8.encode(utf8.decode(input.bytes))", data)
    try:
        data.decode()
    except UnicodeDecodeError:
        assert run.text.startswith("TypeError: the bytes are not UTF-8")
    else:
        assert run.output == data


@pytest.mark.parametrize(
    ("expression", "output"),
    [
        ("new TextEncoder().encode('€').join()", "226,130,172"),
        ("new TextEncoder().encode('\\ud800').join()", "239,191,189"),
        ("new TextDecoder().decode(new Uint8Array([226, 130, 172, 255]))", "€\ufffd"),
        ("new TextDecoder('UTF-8', { fatal: true }).decode(new Uint8Array([65]).buffer)", "A"),
        ("utf8.decode(new Uint8Array([65, 255]), { lossy: true })", "A\ufffd"),
    ],
)
def test_text(quickjs: Guest, expression: str, output: str):
    """The web's names work for UTF-8."""
    assert quickjs.run(SHOW + expression).text == output


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("hex.decode('0x0')", "TypeError: not a hex string"),
        ("hex.decode('zz')", "TypeError: not a hex string"),
        ("hex.encode('00')", "TypeError: hex.encode's argument must be bytes"),
        ("utf8.encode(5)", "TypeError: utf8.encode takes a string, not number"),
        ("utf8.encode('\\udc00')", "TypeError: the string has a lone surrogate"),
        (
            "utf8.decode([1])",
            "TypeError: utf8.decode's argument must be bytes (Uint8Array or ArrayBuffer), not an array",
        ),
        ("new TextDecoder('latin1')", "RangeError: TextDecoder knows utf-8 only"),
        (
            "new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))",
            "TypeError: the bytes are not UTF-8",
        ),
        ("keccak256('text')", "TypeError: keccak256's argument must be bytes"),
    ],
)
def test_misuse(quickjs: Guest, expression: str, error: str):
    """Wrong arguments are named."""
    assert quickjs.run(SHOW + expression).text.startswith(error)


def test_keccak256(quickjs: Guest):
    """The hash comes from the host, in any run."""
    answers = {"crypto.keccak256": lambda data: (0, keccak(data))}
    assert quickjs.run(SHOW + "keccak256(input.bytes)", b"abc", calls=answers).output == keccak(b"abc")
