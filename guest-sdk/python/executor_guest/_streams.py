"""sys.stdout and sys.stderr as log lines."""

from __future__ import annotations

import io

from executor_guest import log

_MAX_CHARACTERS = 4096  # of a line; the engine cuts lines there, in bytes


class LogStream(io.TextIOBase):
    """Text that becomes a log line at each line break."""

    def __init__(self, level: int) -> None:
        self._level, self._line = level, ""

    encoding = "utf-8"
    errors = "replace"

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Log every whole line, keep the rest."""
        first, *others = text.split("\n")
        self._line = self._line[:_MAX_CHARACTERS] + first[:_MAX_CHARACTERS]
        for other in others:
            log.write(self._level, self._line)
            self._line = other[:_MAX_CHARACTERS]
        return len(text)

    def finish(self) -> None:
        """Log what is left of a line."""
        if self._line:
            self.write("\n")


OUT, ERR = LogStream(log.INFO), LogStream(log.ERROR)


def finish() -> None:
    """Log what was written without a line break at the end."""
    OUT.finish()
    ERR.finish()
