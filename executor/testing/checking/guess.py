"""Replies for a function whose user gave none: JSON with the names that its source reads, as numbers or as text.

A guess is taken when it gets observations to values. One that does not, teaches nothing about agreement, and the report
says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from executor.testing.checking.scene import ANYWHERE
from executor.testing.replies import Reply, World, world

_TEXT_OR_COMMENT: Final = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`(?:[^`\\]|\\.)*`|//[^\n]*|/\*.*?\*/', re.DOTALL
)
_CHAIN: Final = re.compile(r"(?:\??\.[A-Za-z_$][\w$]*+(?!\s*\()|\[\d+\])+")  # what is called is a method, no property
_STEP: Final = re.compile(r"\.([A-Za-z_$][\w$]*)|\[(\d+)\]")
_DESTRUCTURED: Final = re.compile(r"\{\s*([\w$,\s]+?)\s*\}\s*=")
_OURS: Final = frozenset({"code", "error", "headers", "length", "message", "name", "ok", "status"})
"""Properties of responses, errors and lists."""
_LEAVES: Final[tuple[Any, ...]] = ("1842.17", 1842.17, 42, "alpha")
_ID: Final = "7f0c2a9e-3b1d-4c58-9a77-0d6b1e2f3a45"
_TIME: Final = 1_700_000_000
_ON_CHAINS: Final[dict[str, Any]] = {
    "evm.call://*": "0x" + f"{10**18:064x}" * 8,  # some integers; neither an array nor text
    "evm.balance://*": 10**18,
    "evm.block://*": 1_000,
    "evm.logs://*": [],
}


def guesses(source: bytes, *, reads_chains: bool = False) -> Iterator[World]:
    """Worlds to try, the likeliest first."""
    chains = list(_chains(source.decode("utf-8", "replace")))
    more = _ON_CHAINS if reads_chains else {}
    for leaf in _LEAVES:
        yield world({ANYWHERE: _shaped(chains, leaf), **more})
    yield world({ANYWHERE: "1842.17", **more})
    yield world({ANYWHERE: [_shaped(chains, leaf) for leaf in (1842.17, 1842.25, 1842.31)], **more})
    yield {ANYWHERE: Reply()}


def guessed_inputs(source: bytes) -> list[bytes]:
    """Inputs to try where the user gave none: nothing, a number, JSON with the names that the source reads."""
    chains = list(_chains(source.decode("utf-8", "replace")))
    names = sorted({chain[0] for chain in chains if isinstance(chain[0], str)})
    shapes = [_shaped(chains, leaf) for leaf in (7, "7")]
    listed = {name: [shapes[1]] * 2 for name in names}
    plain = [json.dumps(shape, separators=(",", ":")).encode("utf-8") for shape in (*shapes, listed)]
    return [b"", b"7", *plain, (7).to_bytes(32, "big")]


def _chains(text: str) -> Iterator[list[str | int]]:
    """Property chains in the source, such as data, amount in `body.data.amount`."""
    code = _TEXT_OR_COMMENT.sub('""', text)
    for match in _CHAIN.finditer(code):
        yield from _told([int(place) if place else name for name, place in _STEP.findall(match[0])])
    for match in _DESTRUCTURED.finditer(code):
        for name in re.findall(r"[\w$]+", match[1]):
            yield from _told([name])


def _told(steps: list[str | int]) -> Iterator[list[str | int]]:
    if steps and not (len(steps) == 1 and steps[0] in _OURS):
        yield steps[:-1] if steps[-1] == "length" else steps


def _shaped(chains: list[list[str | int]], leaf: Any) -> Any:
    """One object that has every chain, each ending in a leaf; ids and times look like what they are called."""
    root: dict[str, Any] = {"id": _ID, "price": leaf, "timestamp": _TIME}
    for chain in sorted(chains, key=len):
        if isinstance(chain[0], str):
            _plant(root, chain, leaf)
    return root


def _plant(root: dict[str, Any], chain: list[str | int], leaf: Any) -> None:
    node: Any = root
    for place, step in enumerate(chain):
        last = place == len(chain) - 1
        below: Any = _leaf(str(step), leaf) if last else [] if isinstance(chain[place + 1], int) else {}
        if isinstance(step, int):
            if not isinstance(node, list):
                return
            while len(node) <= min(step, 16):
                node.append(below)
            node = node[min(step, 16)]
        elif isinstance(node, dict):
            if step not in node or (not last and not isinstance(node[step], dict | list)):
                node[step] = below
            node = node[step]
        else:
            return


def _leaf(name: str, leaf: Any) -> Any:
    lower = name.lower()
    if lower in ("id", "uuid", "request_id", "requestid", "nonce"):
        return _ID
    if "time" in lower or lower in ("ts", "date", "updated", "updated_at"):
        return _TIME
    return leaf
