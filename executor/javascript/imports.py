"""Which sources are functions as they stand; all others are bundled first.

Rule 1. TypeScript and JSX never are: the engine reads JavaScript.
Rule 2. JavaScript is, unless it imports something else than `executor`, which is built into the engine.

Theory of operation. Comments and strings are skipped by their form alone, without a parser: a regular expression
literal with a quote in it may hide an import, which the engine then names, or look like one. So this only says what
has to be bundled; a bundle of one JavaScript file is that file, byte for byte.
"""

from __future__ import annotations

import re
from typing import Final

BUNDLED_SUFFIXES: Final = frozenset({".ts", ".mts", ".tsx", ".jsx"})
BUILT_IN: Final = "executor"

_STRING: Final = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"""
_COMMENTS: Final = re.compile(rf"(?P<kept>{_STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
# What stands between the keyword and `from` is bounded, so that a hostile text takes no quadratic time for long.
_NAMES: Final = r"[\w$\s{},*]{0,10000}?"
_IMPORTS: Final = re.compile(
    rf"""(?<![\w$.#])(?:import\b\s*(?:\(\s*|(?:{_NAMES}[\s}}*]from\s*)?)|export\s*[*{{]{_NAMES}\bfrom\s*)"""
    rf"""(?:"(?P<double>[^"\\\n]*)"|'(?P<single>[^'\\\n]*)')|{_STRING}""",
    re.DOTALL,
)


def imported(source: str) -> tuple[str, ...]:
    """The names of the modules that a source imports, in order."""
    bare = _COMMENTS.sub(lambda match: match["kept"] or " ", source)
    found = (match["double"] or match["single"] for match in _IMPORTS.finditer(bare))
    return tuple(dict.fromkeys(name for name in found if name))


def stands_alone(source: bytes, suffix: str) -> bool:
    """Whether the engine can load this file as it is."""
    if suffix in BUNDLED_SUFFIXES:
        return False
    return all(name == BUILT_IN for name in imported(source.decode("utf-8", "replace")))
