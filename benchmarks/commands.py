"""From a shell's prompt to a command's result: processes of their own, medians, a warm cache of compiled code.

`python benchmarks/commands.py [ROUNDS]`. The function is `executor new`'s, with recorded replies.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 9
START = "import sys; sys.argv[0] = 'executor'; from executor.cli import main; main()"
COMMANDS = (  # and the target in seconds of wall clock
    ("--help", 0.2),
    ("version", 0.2),
    ("run price --replies price/replies.json", 0.5),
    ("simulate price -n 7", 1.0),
)


def run(folder: Path, arguments: str) -> tuple[float, float]:
    """Wall clock and processor time of one command."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-c", START, *arguments.split()], cwd=folder, check=True, capture_output=True)
    wall, after = time.perf_counter() - begun, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def main(rounds: int) -> None:
    """Rounds are interleaved, so that whatever else the machine does falls on all alike."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run(folder, "new price")
        run(folder, "run price --replies price/replies.json")  # compiles the engine where that is not kept yet
        measured = [[run(folder, arguments) for arguments, _ in COMMANDS] for _ in range(rounds)]
    print(f"{'command':<42} {'wall s':>7} {'cpu s':>7} {'target s':>9}")
    for place, (arguments, target) in enumerate(COMMANDS):
        wall, cpu = (statistics.median(times) for times in zip(*(each[place] for each in measured), strict=True))
        print(f"executor {arguments:<42.42}"[:42], f"{wall:7.3f} {cpu:7.3f} {target:9.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
