"""Merkle tree over reports (docs/wire.md §2): sorted pairs, an odd node is promoted unchanged."""

from __future__ import annotations

from collections.abc import Sequence

from executor.crypto.digests import keccak256
from executor.errors import InvalidValue
from executor.model.ids import Digest, Root


def merkle_root(leaves: Sequence[Digest]) -> Root:
    """The root of one or more leaves; of one leaf, the leaf. Raises InvalidValue for none."""
    if not leaves:
        raise InvalidValue("a root needs at least one leaf")
    row = list(leaves)
    while len(row) > 1:
        row = [_parent(row[i : i + 2]) for i in range(0, len(row), 2)]
    return Root(row[0])


def _parent(pair: Sequence[Digest]) -> Digest:
    return keccak256(min(pair) + max(pair)) if len(pair) == 2 else pair[0]
