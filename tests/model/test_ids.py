"""Ids have a length and a type of their own."""

import pytest

from executor.errors import InvalidValue
from executor.model.ids import Address, Digest, ModuleId


def test_the_length_is_fixed() -> None:
    """One byte more or less is refused by name."""
    assert len(Address(bytes(20))) == 20
    for length in (0, 19, 21, 32):
        with pytest.raises(InvalidValue, match=f"Address is 20 bytes, not {length}"):
            Address(bytes(length))


def test_hex_goes_both_ways() -> None:
    """0x-prefixed lower case out; with or without prefix in."""
    digest = Digest(b"\xab" * 32)
    assert str(digest) == "0x" + "ab" * 32
    assert Digest.from_hex(str(digest)) == Digest.from_hex("ab" * 32) == digest
    assert repr(ModuleId(bytes(32))).startswith("ModuleId(0x00")
    for text in ("", "0x", "0xzz", "ab" * 31, "0x" + "ab" * 33):
        with pytest.raises(InvalidValue):
            Digest.from_hex(text)
