"""The few parts of the binary format that a generator writes."""

from __future__ import annotations

from collections.abc import Iterable

from executor.vm.binary import MAGIC
from executor.vm.metering.encoding import signed, unsigned

__all__ = ["MAGIC", "name", "section", "signed", "sized", "unsigned", "vector"]


def sized(data: bytes) -> bytes:
    """Bytes behind their length."""
    return unsigned(len(data)) + data


def vector(items: Iterable[bytes]) -> bytes:
    """Items behind their count."""
    parts = tuple(items)
    return unsigned(len(parts)) + b"".join(parts)


def section(number: int, content: bytes) -> bytes:
    """A section."""
    return bytes([number]) + sized(content)


def name(text: str) -> bytes:
    """A name."""
    return sized(text.encode())
