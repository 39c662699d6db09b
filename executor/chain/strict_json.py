"""JSON from strangers, its depth checked before it is parsed.

Python's parser recurses in C and relies on the recursion limit; py_ecc and py-evm, which eth_account and the embedded
chain import, raise that limit so far that deep input overflows the native stack and kills the process (measured on
CPython 3.11: 100,000 brackets).
"""

from __future__ import annotations

import json
import re
from typing import Any
from typing import Final as Constant

MAX_DEPTH: Constant = 64  # a full block of a JSON-RPC node has 6 levels

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


def parse_json(raw: bytes) -> Any:
    """The value of JSON text; raises ValueError, also for more than MAX_DEPTH levels."""
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _check_depth(raw)
    return json.loads(raw)


def _check_depth(raw: bytes) -> None:
    depth = 0
    for token in _TOKEN.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"JSON of more than {MAX_DEPTH} levels")
        elif first in b"]}":
            depth -= 1
