"""Where an error really stands: the engine says `function.js:3:9`, people want their own file and line.

For what people read only: error bytes, logs and digests of a run keep the engine's words (D6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import join, normpath
from typing import Final

from executor.javascript.source_map import SourceMap, read_source_map

RUNNING: Final = re.compile(r"function\.(js|py)")  # what the engines call every function
_PLACE: Final = re.compile(r"(?<![\w./-])function\.(?:js|py)(?::(\d{1,9}))?(?::(\d{1,9}))?")


@dataclass(frozen=True)
class Positions:
    """The user's places behind those of the running source.

    `source` is the file the manifest names; `map_bytes` the bundle's source map, empty where the source runs as it
    stands, whose files are named from `folder` on. Without a source, texts stay as they are.
    """

    source: str = ""
    map_bytes: bytes = field(default=b"", repr=False)
    folder: str = "build"

    @cached_property
    def _map(self) -> SourceMap:
        return read_source_map(self.map_bytes)

    def told(self, text: str) -> str:
        """The text with every place of the running source replaced by the user's."""
        return _PLACE.sub(self._own, text) if self.source else text

    def _own(self, match: re.Match[str]) -> str:
        if not self.map_bytes:
            return RUNNING.sub(lambda _: self.source, match[0], count=1)
        if match[1] is None:
            return self.source
        place = self._map.place_of(int(match[1]) - 1, int(match[2] or 1) - 1)
        if place is None:
            return match[0]  # the bundler's own helpers
        return f"{normpath(join(self.folder, place.file))}:{place.line + 1}:{place.column + 1}"
