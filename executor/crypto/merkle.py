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


def merkle_path(leaves: Sequence[Digest], place: int) -> tuple[Digest, ...]:
    """The siblings on the way from the leaf at `place` to the root, from the bottom up."""
    path: list[Digest] = []
    row = list(leaves)
    while len(row) > 1:
        path += row[place ^ 1 : (place ^ 1) + 1]  # none for an odd node, which is promoted
        row = [_parent(row[i : i + 2]) for i in range(0, len(row), 2)]
        place //= 2
    return tuple(path)


def path_root(leaf: Digest, path: Sequence[Digest]) -> Root:
    """The root that a leaf and its path lead to."""
    for sibling in path:
        leaf = _parent((leaf, sibling))
    return Root(leaf)


def _parent(pair: Sequence[Digest]) -> Digest:
    return keccak256(min(pair) + max(pair)) if len(pair) == 2 else pair[0]
