"""Kills nodes, signers and workers at random points under load: `python -m tests.network.kill_sweep --points 200`.

Four nodes with their signers and workers, a chain, a pure and an observing function, requests without a pause. At most
f members are down at a time, but now and then all of them at once. Afterwards everything is started again, every
request must come to its end, and findings.py looks at all that was signed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from executor.demos.examples import example
from executor.errors import ChainError, HostFault
from executor.model.ids import FunctionId
from executor.testing.devnet import Devnet, DevnetSettings
from tests.network.findings import OnChain, problems_of

KINDS = {"node": 2, "signer": 5, "worker": 7, "everything": 0.3}  # weights; a node takes seconds to start again
EACH = ("node", "signer", "worker")  # first one of each, in any order: a short sweep leaves none out
MAX_OPEN = 24  # requests under way: load, not overload
LONGEST_PAUSE_S = 0.6  # between two kills
LONGEST_DOWN_S = 1.5  # before a restart; a node waits half a minute for its signer
SETTLE_S = 180.0  # for what is open at the end
PRICES = b'{"items":[{"price":"1800.17"},{"price":"1801.01"},{"price":"1799.99"}]}'


@dataclass(slots=True)
class Sweep:
    """One run over a started network."""

    devnet: Devnet
    seed: int
    period_s: float = 0.4
    kills: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    sent: int = 0
    down: set[int] = field(default_factory=set)
    reviving: set[asyncio.Task[None]] = field(default_factory=set)
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    async def run(self, points: int, seconds: float) -> OnChain:
        """Kill at so many points, or for so long, heal, and wait for every request's end."""
        functions = [await self.devnet.register(example(name)) for name in ("median_json", "eth_usd")]
        chain = OnChain(self.devnet.client, self.devnet.deployment.block_number)
        load = asyncio.create_task(self._send(functions, chain))
        try:
            while not chain.delivered:  # noqa: ASYNC110 # from here on there is always something to disturb
                await asyncio.sleep(0.1)
            until = time.monotonic() + seconds
            while self.kills.total() < points and time.monotonic() < until:
                await asyncio.sleep(self.random.uniform(0, LONGEST_PAUSE_S))
                await self._strike()
        finally:
            load.cancel()
            await asyncio.gather(load, *self.reviving, return_exceptions=True)
        return await self._settle()

    # Load.

    async def _send(self, functions: list[FunctionId], chain: OnChain) -> None:
        while True:
            await asyncio.sleep(self.period_s)
            with contextlib.suppress(ChainError):
                await chain.update()
                if len(chain.open) < MAX_OPEN:
                    await self.devnet.request(functions[self.sent % len(functions)], PRICES)
                    self.sent += 1

    async def _settle(self) -> OnChain:
        chain = OnChain(self.devnet.client, self.devnet.deployment.block_number)  # from the beginning, once more
        deadline = time.monotonic() + SETTLE_S
        await chain.update()
        while chain.open and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            await chain.update()
        for node in self.devnet.nodes:
            ended = node.node is None or not node.node.running
            if ended and node.node is not None and "the signer at" in node.node.tail(400):
                continue  # a busy machine: its signer started in more than the half minute that a node waits
            if ended:
                self.problems.append(f"node {node.index} ended by itself:\n{node.node.tail() if node.node else ''}")
        return chain

    # Kills.

    async def _strike(self) -> None:
        kinds = [kind for kind in EACH if not self.kills[kind]] or list(KINDS)
        (kind,) = self.random.choices(kinds, [KINDS[kind] for kind in kinds])
        most = {"node": self.devnet.epoch.f - 1, "signer": self.devnet.epoch.f - 1, "everything": 0}
        while len(self.down) > most.get(kind, len(self.devnet.nodes)):  # noqa: ASYNC110 # processes start again
            await asyncio.sleep(0.05)
        up = [index for index in range(len(self.devnet.nodes)) if index not in self.down]
        if kind == "everything":
            for index in up:
                self._kill(index, self.random.choice(["node", "signer", "both"]))
        elif kind == "worker":
            if up:
                self._kill_worker(self.random.choice(up))
        else:
            self._kill(self.random.choice(up), kind)

    def _kill(self, index: int, what: str) -> None:
        self.down.add(index)
        node = self.devnet.nodes[index]
        if what in ("node", "both"):
            self.devnet.kill(index)
            self.kills["node"] += 1
        if what in ("signer", "both") and node.signer is not None:
            node.signer.kill()
            self.kills["signer"] += 1
        pauses = self.random.uniform(0, LONGEST_DOWN_S), self.random.uniform(0, LONGEST_DOWN_S)
        again = what != "signer" and self.random.random() < 0.2  # once more, while it starts
        task = asyncio.create_task(self._revive(index, what, pauses, again))
        self.reviving.add(task)
        task.add_done_callback(self.reviving.discard)

    def _kill_worker(self, index: int) -> None:
        node = self.devnet.nodes[index].node
        workers = children(node.pid) if node is not None and node.running else []
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.random.choice(workers), signal.SIGKILL)
                self.kills["worker"] += 1

    async def _revive(self, index: int, what: str, pauses: tuple[float, float], again: bool) -> None:
        try:
            if what in ("signer", "both"):
                await asyncio.sleep(pauses[0])
                await asyncio.to_thread(self.devnet.restart_signer, index)
            if what in ("node", "both"):
                await asyncio.sleep(pauses[1])
                if again:
                    await self._kill_while_starting(index, pauses[0])
                await self.devnet.restart(index)
        except HostFault as error:
            self.problems.append(f"member {index} did not start again: {error}")
        finally:
            self.down.discard(index)

    async def _kill_while_starting(self, index: int, after_s: float) -> None:
        starting = asyncio.create_task(self.devnet.restart(index))
        await asyncio.wait({starting}, timeout=after_s)
        self.devnet.kill(index)
        self.kills["node"] += 1
        with contextlib.suppress(HostFault):  # "did not start": so it was meant
            await starting


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    with contextlib.suppress(OSError):
        return [int(word) for thread in threads for word in thread.read_text().split()]
    return []


async def sweep(directory: Path, points: int, seed: int, seconds: float = 3_600.0) -> tuple[Sweep, OnChain, list[str]]:
    """A network, its sweep, and everything wrong that was found."""
    settings = DevnetSettings(poll_interval_s=0.2, seed=seed)
    async with Devnet(directory, settings) as devnet:
        run = Sweep(devnet, seed)
        chain = await run.run(points, seconds)
    problems = [*run.problems, *chain.problems(), *problems_of([node.directory for node in devnet.nodes])]
    return run, chain, problems


def main() -> int:
    """0 when nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="kill no longer than this, whatever the points")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kill-sweep-") as directory:
        run, chain, problems = asyncio.run(sweep(Path(directory), options.points, options.seed, 60 * options.minutes))
    kills = ", ".join(f"{count} of {kind}s" for kind, count in sorted(run.kills.items()))
    print(f"{run.kills.total()} kills ({kills}) in {time.monotonic() - started:.0f} s, seed {options.seed}")
    print(f"{len(chain.made)} requests: {len(chain.delivered)} delivered, {len(chain.expired)} expired")
    print("\n".join(problems) or "nothing lost, nothing delivered twice, no two signatures contradict each other")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
