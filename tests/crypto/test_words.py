"""Our abi.encode against eth_abi's, and what it refuses."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from executor.crypto.words import BITS, abi_encode
from executor.errors import InvalidValue

WORDS = st.binary(min_size=32, max_size=32)
FIELDS = st.one_of(
    *(st.tuples(st.just(kind), st.integers(0, 2**bits - 1)) for kind, bits in BITS.items()),
    st.tuples(st.just("bytes32"), WORDS),
    st.tuples(st.just("address"), st.binary(min_size=20, max_size=20)),
    st.tuples(st.just("bytes32[]"), st.lists(WORDS, max_size=4)),
)


@given(st.lists(FIELDS, max_size=14))
def test_it_encodes_as_eth_abi_does(fields: list[tuple[str, object]]) -> None:
    """Any row of words and arrays."""
    types, values = [kind for kind, _ in fields], [value for _, value in fields]
    assert abi_encode(types, values) == encode(types, values)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((kind, 1 << bits) for kind, bits in BITS.items()),
        *(("uint8", value) for value in (-1, "1", b"\1", 1.0, None)),
        *(("bytes32", value) for value in (bytes(31), bytes(33), b"", "0x00", 0)),
        *(("address", value) for value in (bytes(19), bytes(32), "0x" + "00" * 20)),
        *(("bytes32[]", value) for value in (bytes(32), [bytes(31)], None)),
        *(("uint7", 1), ("string", "a"), ("bytes", b"")),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_refused(kind: str, value: object) -> None:
    """Nothing is padded, cut or converted."""
    with pytest.raises(InvalidValue):
        abi_encode([kind], [value])


def test_types_and_values_are_as_many() -> None:
    """One short is refused."""
    with pytest.raises(InvalidValue, match="1 values of 2 types"):
        abi_encode(["uint8", "uint8"], [1])
