"""JSON from servers and files, read without trusting its depth."""

from __future__ import annotations

import json
from typing import Any, Final

from executor.errors import InvalidEncoding
from executor.model.codec import check_nesting

MAX_DEPTH: Final = 500
"""Python's parser recurses in C, and libraries that raise the recursion limit let it overflow the stack."""


def parse_json(data: bytes | str, **options: Any) -> Any:
    """`json.loads`; raises ValueError also for what is nested deeper than MAX_DEPTH."""
    text = data if isinstance(data, str) else data.decode(json.detect_encoding(data), "surrogatepass")
    try:
        check_nesting(text, MAX_DEPTH)
    except InvalidEncoding as error:
        raise ValueError(str(error)) from error
    return json.loads(text, **options)
