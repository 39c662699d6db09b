"""Peak memory and time of every hostile guest in a worker process.

Prints one line a guest: what the worker grew by over what it needed before, how long loading and running took, and the
end. Slowest first within a family. `python benchmarks/hostile.py [FAMILY...]`
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from executor.worker import WorkerPool
from fixtures.guests.hostile.corpus import HostileGuest, guests
from fixtures.guests.hostile.memory_of_workers import Peaks
from fixtures.guests.hostile.runs import Seen, run_in, settle


@dataclass(frozen=True, slots=True)
class Row:
    """What one guest took."""

    guest: HostileGuest
    size_bytes: int
    first_s: float
    again_s: float
    growth_mib: float
    seen: Seen

    def __str__(self) -> str:
        milliseconds = f"{1000 * self.first_s:9.1f} {1000 * self.again_s:9.1f}"
        memory = f"{self.growth_mib:8.1f} {self.guest.peak_mib:6}"
        verdict = self.seen.end[0] if self.seen.end == self.guest.expected else f"{self.seen.end} UNEXPECTED"
        return f"{self.guest.name:46} {self.size_bytes:10,} {milliseconds} {memory}  {verdict}"


async def measure(pool: WorkerPool, guest: HostileGuest) -> Row:
    """Two runs of one guest: the first checks and compiles it."""
    await settle(pool)
    size_bytes, peaks = len(guest.build()), Peaks.reset()
    times = [time.perf_counter()]
    seen = await run_in(pool, guest)
    times.append(time.perf_counter())
    growth_mib = peaks.growth_mib()
    await run_in(pool, guest)
    times.append(time.perf_counter())
    return Row(guest, size_bytes, times[1] - times[0], times[2] - times[1], growth_mib, seen)


async def main(families: list[str]) -> None:
    """Print the table."""
    chosen = [guest for guest in guests() if not families or guest.family in families]
    with tempfile.TemporaryDirectory() as directory:
        async with WorkerPool(size=1, cache=Path(directory) / "code") as pool:
            rows = [await measure(pool, guest) for guest in chosen]
    print(f"{'guest':46} {'bytes':>10} {'first ms':>9} {'again ms':>9} {'MiB':>8} {'bound':>6}  end")
    for row in sorted(rows, key=lambda row: (row.guest.family, -row.first_s)):
        print(row)
    print(f"{len(rows)} guests, {sum(row.first_s + row.again_s for row in rows):.1f} s, two runs each")
    print(f"most memory: {max(rows, key=lambda row: row.growth_mib)}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
