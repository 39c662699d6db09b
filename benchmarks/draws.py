"""A request whose function draws from its committee: `python benchmarks/draws.py [--chain anvil --block-time 1]`.

As network.py: real processes, one request at a time, phases by the nodes' own events. examples/committee_seed draws
once and observes nothing. A release is counted as held when a member asks its signer for its part, the proof as known
when a member has run over it. On the embedded chain a block is final at once; on anvil two more are waited for,
which a block time has to bring.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from network import traffic, watch_blocks

from executor.chain.beacon import BeaconKeys
from executor.cli._devnet import chain_kind
from executor.demos.examples import example
from executor.model.ids import FunctionId
from executor.testing.devnet import Devnet, DevnetSettings

PHASES: Final = (
    ("seen", "request final, and seen by a quorum"),
    ("awaiting", "first run of a quorum: the guest asks for a draw"),
    ("released", "statements signed; the leader's release held by f + 1"),
    ("given", "f + 1 parts signed"),
    ("drawn", "the proof made, verified, and run over by a quorum"),
    ("attested", "votes signed, counted, proof built"),
    ("mined", "delivery transaction built, sent, mined"),
)
KEY_TIMEOUT_S: Final = 120.0


def ends(events: list[tuple[int, Mapping[str, Any]]], quorum: int, threshold: int) -> dict[str, float]:
    """When each phase ended for the members that it needs."""
    times: dict[str, list[float]] = {}
    for _, event in events:
        kind, at = str(event["kind"]), float(event["time"])
        if kind == "executed":
            kind = "awaiting" if event["outcome"] == "awaiting" else "drawn"
        elif kind == "part":
            kind = "given"
            times.setdefault("released", []).append(at - float(event["seconds"]))
        times.setdefault(kind, []).append(at)
    needed = {
        "seen": quorum,
        "awaiting": quorum,
        "released": threshold,
        "given": threshold,
        "drawn": quorum,
        "attested": 1,
    }
    return {name: sorted(times[name])[count - 1] for name, count in needed.items()}


async def one(devnet: Devnet, function_id: FunctionId, mined: dict[int, float]) -> dict[str, float]:
    """Seconds of each phase of one request, "total", and "draw": from the release held to a quorum's run over it."""
    positions = await devnet.network.positions()
    seen = await devnet.request(function_id)
    events: list[tuple[int, Mapping[str, Any]]] = []
    delivered = block = 0
    async for node, event in devnet.network.follow(positions, seen.request_id, 60):
        events.append((node, event))
        if event["kind"] == "delivered":
            delivered, block = delivered + 1, int(event["block"])
        if delivered == len(devnet.nodes):
            break
    start, epoch = mined[seen.location.block_number], devnet.epoch
    marks = {**ends(events, epoch.quorum, epoch.f + 1), "mined": mined[block]}
    split, before = {}, start
    for name, _ in PHASES:
        split[name] = marks[name] - before
        before = marks[name]
    return {**split, "draw": marks["drawn"] - marks["released"], "total": mined[block] - start}


async def key_made(devnet: Devnet) -> float:
    """Seconds until the Beacon has the epoch's key, from when the network is up."""
    begun, keys = time.perf_counter(), BeaconKeys(devnet.client, devnet.deployment.beacon)
    async with asyncio.timeout(KEY_TIMEOUT_S):
        while await keys.key_of(devnet.epoch.identity) is None:  # noqa: ASYNC110 # another process says
            await asyncio.sleep(0.05)
    return time.perf_counter() - begun


async def measure(options: argparse.Namespace) -> None:
    """Print the table."""
    settings = DevnetSettings(
        chain=chain_kind(options.chain),
        nodes=options.nodes,
        processes=options.processes,
        round_length_s=options.round_length,
        poll_interval_s=options.poll,
        block_time_s=options.block_time,
        committee_draws=True,
    )
    with tempfile.TemporaryDirectory(prefix="executor-bench-") as folder:
        async with Devnet(Path(folder) / "network", settings) as devnet:
            where = f"{options.chain}, n = {options.nodes}, rounds of {options.round_length} s"
            print(f"{where}; the draw key was registered {await key_made(devnet):.1f} s after all nodes were up")
            mined: dict[int, float] = {}
            watcher = asyncio.create_task(watch_blocks(devnet.chain.url, mined))
            function_id = await devnet.register(example("committee_seed"))
            await one(devnet, function_id, mined)  # first run of each worker: the compiled code is read
            before = await traffic(devnet)
            rows = [await one(devnet, function_id, mined) for _ in range(options.requests)]
            after = await traffic(devnet)
            watcher.cancel()
    print(f"request mined to callback mined, {options.requests} requests, milliseconds")
    print(f"{'phase':<62}{'median':>8}{'p95':>8}")
    sums = (
        ("draw", "of these, release held to proof run over by a quorum"),
        ("total", "request mined to callback mined"),
    )
    for name, what in (*PHASES, *sums):
        values = sorted(row[name] * 1000 for row in rows)
        p95 = values[min(len(values) - 1, round(0.95 * (len(values) - 1)))]
        print(f"{what:<62}{statistics.median(values):>8.0f}{p95:>8.0f}")
    sent, size = ((after[each] - before[each]) / options.requests for each in range(2))
    print(f"{sent:.0f} messages and {size / 1000:.0f} kB of them between members, a request")


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chain", default="embedded", help="embedded, anvil or anvil-osaka")
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--processes", type=int, default=0, help="that the nodes share; 0: one each")
    parser.add_argument("--round-length", type=int, default=2, help="seconds")
    parser.add_argument("--block-time", type=float, default=0.0, help="seconds; 0: a block for each transaction")
    parser.add_argument("--poll", type=float, default=0.05, help="seconds between a node's looks at the chain")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
