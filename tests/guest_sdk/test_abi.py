"""abi.encode and abi.decode in JavaScript against eth_abi, on values of any type."""

import contextlib
import json

import eth_abi
import pytest
from eth_abi.exceptions import InvalidPointer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .harness import Guest, Run
from .values import REVIVE, pack, unpack

ENCODE = f"""import {{ abi, hex }} from "executor";{REVIVE}
export default (input) => {{ const {{ types, values }} = input.json(); return abi.encode(types, revive(values)); }}"""
DECODE = f"""import {{ abi, hex }} from "executor";{REVIVE}
export default (input) => {{
  const {{ types, data }} = input.json();
  return JSON.stringify(tell(abi.decode(types, hex.decode(data))));
}}"""


def encode(quickjs: Guest, types: list[str], values: object) -> Run:
    return quickjs.run(ENCODE, json.dumps({"types": types, "values": pack(values)}).encode())


def decode(quickjs: Guest, types: list[str], data: bytes) -> Run:
    return quickjs.run(DECODE, json.dumps({"types": types, "data": data.hex()}).encode())


def elementary() -> st.SearchStrategy[tuple[str, st.SearchStrategy[object]]]:
    """(type, values of it)"""
    bits = st.integers(1, 32).map(lambda n: 8 * n)
    return st.one_of(
        bits.map(lambda n: (f"uint{n}", st.integers(0, 2**n - 1))),
        bits.map(lambda n: (f"int{n}", st.integers(-(2 ** (n - 1)), 2 ** (n - 1) - 1))),
        st.integers(1, 32).map(lambda n: (f"bytes{n}", st.binary(min_size=n, max_size=n))),
        st.just(("address", st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex()))),
        st.just(("bool", st.booleans())),
        st.just(("bytes", st.binary(max_size=70))),
        st.just(("string", st.text(st.characters(codec="utf-8"), max_size=40))),
    )


def composed(inner: st.SearchStrategy) -> st.SearchStrategy:
    """Arrays and tuples of them."""
    return st.one_of(
        inner.map(lambda p: (f"{p[0]}[]", st.lists(p[1], max_size=3).map(tuple))),
        st.tuples(inner, st.integers(1, 3)).map(
            lambda p: (f"{p[0][0]}[{p[1]}]", st.lists(p[0][1], min_size=p[1], max_size=p[1]).map(tuple))
        ),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda ps: ("(" + ",".join(p[0] for p in ps) + ")", st.tuples(*(p[1] for p in ps)))
        ),
    )


TYPED = st.lists(st.recursive(elementary(), composed, max_leaves=5), min_size=0, max_size=4).flatmap(
    lambda pairs: st.tuples(st.just([p[0] for p in pairs]), st.tuples(*(p[1] for p in pairs)))
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(typed=TYPED)
def test_agrees_with_eth_abi(quickjs: Guest, typed: tuple[list[str], tuple[object, ...]]):
    """Encoding gives eth_abi's bytes; decoding gives the values back."""
    types, values = typed
    expected = eth_abi.encode(types, values)
    encoded = encode(quickjs, types, values)
    assert (encoded.ending, encoded.output) == ("returned", expected)
    decoded = decode(quickjs, types, expected)
    assert decoded.ending == "returned", decoded.text
    assert unpack(json.loads(decoded.text)) == values


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@example(typed=(["uint8", "uint8[]"], (0, ())), flips=[(255, 0)])
@given(typed=TYPED, flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=3))
def test_hostile_data_is_decoded_as_eth_abi_does_or_refused(quickjs: Guest, typed, flips):
    """Whatever the bytes, decoding ends in values that eth_abi sees too, or in an error of the user's.

    eth_abi also refuses offsets that point back into the head; Solidity's decoder and ours follow them, within bounds.
    """
    types, values = typed
    data = bytearray(eth_abi.encode(types, values))
    for at, byte in flips:
        if data:
            data[at % len(data)] = byte
    run = decode(quickjs, types, bytes(data))
    assert run.ending in ("returned", "failed")
    if run.ending == "returned":
        with contextlib.suppress(InvalidPointer):
            assert unpack(json.loads(run.text)) == eth_abi.decode(types, bytes(data))


@pytest.mark.parametrize(
    ("types", "values", "error"),
    [
        (["uint8"], [256], "values[0] = 256 does not fit its type"),
        (["uint256"], [-1], "values[0] = -1 does not fit its type"),
        (["int8"], [128], "values[0] = 128 does not fit its type"),
        (["uint8[]"], [[1, 300]], "values[0][1] = 300 does not fit its type"),
        (["uint256"], ["1"], "values[0] must be a BigInt or a safe integer, not string"),
        (["address"], ["0x00"], "values[0] has 1 bytes, its type 20"),
        (["address"], ["vitalik.eth"], "values[0] must be bytes or a 0x hex string"),
        (["bytes4"], [b"abc"], "values[0] has 3 bytes, its type 4"),
        (["bytes"], ["text"], "values[0] must be bytes or a 0x hex string, not string"),
        (["string"], [b"x"], "values[0] must be a string"),
        (["bool"], [1], "values[0] must be true or false"),
        (["uint256"], [], "values has 0 elements, the types say 1"),
        (["uint256[2]"], [[1]], "values[0] has 1 elements, the types say 2"),
        (["(bool,string)"], [[True]], "values[0] has 1 elements, the types say 2"),
        (["uint7"], [1], 'unknown type "uint7"'),
        (["uint264"], [1], 'unknown type "uint264"'),
        (["bytes33"], [b""], 'unknown type "bytes33"'),
        (["uint08"], [1], 'unknown type "uint08"'),
        (["float"], [1], 'unknown type "float"'),
        (["()"], [[]], "an empty tuple has no encoding"),
        (["uint256[0]"], [[]], "a fixed array has 1 to 65535 elements"),
        (["uint" + "[]" * 40], [1], "the type is nested too deeply"),
        (["(uint256"], [1], 'unknown type "(uint256"'),
    ],
)
def test_a_wrong_value_or_type_is_named(quickjs: Guest, types: list[str], values: list[object], error: str):
    """Errors say which value, and what it should have been."""
    run = encode(quickjs, types, values)
    assert run.ending == "failed"
    assert error in run.text


def test_numbers_are_taken_when_they_are_exact(quickjs: Guest):
    """A safe integer number encodes like the BigInt; 1.5 and 2^53 do not."""
    source = "import { abi } from 'executor'; export default (input) => abi.encode(['int64'], [Number(input.text())])"
    assert quickjs.run(source, b"-7").output == eth_abi.encode(["int64"], [-7])
    assert "not 1.5" in quickjs.run(source, b"1.5").text
    assert quickjs.run(source, b"9007199254740992").ending == "failed"


@pytest.mark.parametrize(
    ("types", "data", "error"),
    [
        (["uint256"], b"", "leaves the data"),
        (["uint8"], (256).to_bytes(32, "big"), "uint8 out of range"),
        (["int8"], (200).to_bytes(32, "big"), "int8 out of range"),
        (["bool"], (2).to_bytes(32, "big"), "not a bool"),
        (["address"], b"\1" * 32, "padding at byte 0 is not zero"),
        (["bytes1"], b"\1" * 32, "padding at byte 0 is not zero"),
        (["bytes"], b"\xff" * 32, "leaves the data"),
        (["uint256[]"], (32).to_bytes(32, "big") + (2**255).to_bytes(32, "big"), "leaves the data"),
        (["uint256[]"], (32).to_bytes(32, "big") + (3).to_bytes(32, "big") + bytes(64), "array of 3 elements"),
        (["string"], (32).to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\xff" + bytes(31), "not UTF-8"),
    ],
)
def test_malformed_data_is_refused(quickjs: Guest, types: list[str], data: bytes, error: str):
    """Nothing outside the data is read, nothing out of range is accepted."""
    run = decode(quickjs, types, data)
    assert run.ending == "failed"
    assert error in run.text
