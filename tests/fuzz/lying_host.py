"""wasmtime with a planted fault: it forgets the memory of a guest that called an import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from executor.testing.engines import host_wasmtime


class Liar(host_wasmtime.Run):
    """A run that forgets."""

    def row(self, module: Any) -> dict[str, Any]:
        """The row, with a memory hash that is wrong when the guest made host calls."""
        row = super().row(module)
        if row["host"]["count"]:
            row["memory"] = "0" * 64
        return row


if __name__ == "__main__":
    host_wasmtime.Run = Liar  # type: ignore[misc]
    host_wasmtime.main()
