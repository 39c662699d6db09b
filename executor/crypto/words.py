"""abi.encode of what digests are made of: words, and one array of them (docs/wire.md §1).

Our own, because every run hashes and eth_abi takes a tenth of a second to import; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from executor.errors import InvalidValue

WORD: Final = 32
SIZES: Final = {"bytes32": WORD, "address": 20}
BITS: Final = {f"uint{bits}": bits for bits in (8, 16, 32, 64, 256)}


def abi_encode(types: Sequence[str], values: Sequence[object]) -> bytes:
    """The encoding of these values; raises InvalidValue for one that its type cannot hold."""
    if len(types) != len(values):
        raise InvalidValue(f"{len(values)} values of {len(types)} types")
    head, tail = b"", b""
    for kind, value in zip(types, values, strict=True):
        if kind == "bytes32[]":
            head += (len(types) * WORD + len(tail)).to_bytes(WORD)
            tail += _array(value)
        else:
            head += _word(kind, value)
    return head + tail


def _array(value: object) -> bytes:
    if not isinstance(value, list | tuple):
        raise InvalidValue("bytes32[]: not a sequence")
    return len(value).to_bytes(WORD) + b"".join(_word("bytes32", item) for item in value)


def _word(kind: str, value: object) -> bytes:
    if (bits := BITS.get(kind)) is not None:
        if not isinstance(value, int) or not 0 <= value < 1 << bits:
            raise InvalidValue(f"{kind}: {value!r} is out of range")
        return value.to_bytes(WORD)
    if (size := SIZES.get(kind)) is None:
        raise InvalidValue(f"{kind}: no type of a digest's field")
    if not isinstance(value, bytes) or len(value) != size:
        raise InvalidValue(f"{kind}: not {size} bytes")
    return value.rjust(WORD, b"\0")
