"""Request mined to callback mined: `python benchmarks/network.py [--chain anvil] [--nodes 4] [--processes P]`.

Nodes with signers and workers as real processes, or with --processes the nodes' real code sharing so many; the
exchanges of the demonstration, one request at a time. The mined times are those at which a poller with a 5 ms period
first saw the blocks; phases are the nodes' own events, all on one clock. A phase ends when the last member that a
quorum needs (the third of four) has done it, or the first where one acts for all. Messages and bytes are what the
nodes' own metrics counted, idle chatter between requests included.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from executor.cli._devnet import chain_kind
from executor.demos.examples import example
from executor.model.ids import FunctionId
from executor.testing.devnet import Devnet, DevnetSettings

POLL_S = 0.005
PHASES = (
    ("seen", "request seen by a quorum"),
    ("awaiting", "first run: the guest asks for an observation"),
    ("observed", "observed (three HTTP requests in parallel) and journaled"),
    ("agreed", "leader collects, proposes; Prepares; certificate"),
    ("executed", "second run, over the agreed transcript"),
    ("attested", "votes signed, counted, proof built"),
    ("mined", "delivery transaction built, sent, mined"),
)


async def watch_blocks(url: str, mined: dict[int, float]) -> None:
    """Note when each block is first seen."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.post(url, json=body) as response:
                number = int((await response.json())["result"], 16)
            mined.setdefault(number, time.time())
            await asyncio.sleep(POLL_S)


def ends(events: list[tuple[int, Mapping[str, Any]]], quorum: int) -> dict[str, float]:
    """When each phase ended for a quorum, or for the first member where one acts for all."""
    times: dict[str, list[float]] = {name: [] for name, _ in PHASES}
    for _, event in events:
        kind = str(event["kind"])
        if kind == "executed":
            kind = "awaiting" if event["outcome"] == "awaiting" else "executed"
        if kind in times:
            times[kind].append(float(event["time"]))
    first = {"agreed", "attested"}
    return {
        name: min(found) if name in first else sorted(found)[quorum - 1]
        for name, found in times.items()
        if len(found) >= (1 if name in first else quorum)
    }


async def one(devnet: Devnet, function_id: FunctionId, mined: dict[int, float]) -> dict[str, float]:
    """Seconds of each phase of one request, and "total"."""
    positions = await devnet.network.positions()
    seen = await devnet.request(function_id)
    events: list[tuple[int, Mapping[str, Any]]] = []
    delivered = 0
    block = 0
    async for node, event in devnet.network.follow(positions, seen.request_id, 60):
        events.append((node, event))
        if event["kind"] == "delivered":
            delivered, block = delivered + 1, int(event["block"])
        if delivered == len(devnet.nodes):
            break
    start = mined[seen.location.block_number]
    marks = {**ends(events, devnet.epoch.quorum), "mined": mined[block]}
    split, before = {}, start
    for name, _ in PHASES:
        split[name] = marks[name] - before
        before = marks[name]
    return {**split, "total": mined[block] - start}


async def traffic(devnet: Devnet) -> tuple[float, float]:
    """Envelope payloads and their bytes that the nodes put on the wire so far."""
    sums = {"executor_messages_total": 0.0, "executor_message_bytes_total": 0.0}
    async with aiohttp.ClientSession() as session:
        for node in devnet.nodes:
            async with session.get(f"http://127.0.0.1:{node.metrics_port}/metrics") as response:
                families = text_string_to_metric_families(await response.text())
            for sample in (sample for family in families for sample in family.samples):
                if sample.name in sums and sample.labels["direction"] == "out":
                    copies = devnet.epoch.n - 1 if sample.labels["peer"] == "all" else 1
                    sums[sample.name] += copies * sample.value
    messages, size = sums.values()
    return messages, size


async def measure(options: argparse.Namespace) -> None:
    """Print the table."""
    chain, requests = options.chain, options.requests
    settings = DevnetSettings(
        chain=chain_kind(chain),
        nodes=options.nodes,
        processes=options.processes,
        round_length_s=options.round_length,
        poll_interval_s=options.poll,
    )
    with tempfile.TemporaryDirectory(prefix="executor-bench-") as folder:
        started = time.perf_counter()
        async with Devnet(Path(folder) / "network", settings) as devnet:
            place = f"sharing {options.processes} processes" if options.processes else "a process each"
            n, rounds = options.nodes, f"rounds of {options.round_length} s"
            print(f"network up in {time.perf_counter() - started:.1f} s ({chain}, n = {n}, {place}, {rounds})")
            mined: dict[int, float] = {}
            watcher = asyncio.create_task(watch_blocks(devnet.chain.url, mined))
            function_id = await devnet.register(example("eth_usd"))
            await one(devnet, function_id, mined)  # first run of each worker: the compiled code is read
            messages, size = await traffic(devnet)
            rows = [await one(devnet, function_id, mined) for _ in range(requests)]
            after = await traffic(devnet)
            watcher.cancel()
    print(f"request mined to callback mined, {requests} requests, milliseconds")
    print(f"{'phase':<62}{'median':>8}{'p95':>8}")
    for name, what in (*PHASES, ("total", "request mined to callback mined")):
        values = sorted(row[name] * 1000 for row in rows)
        p95 = values[min(len(values) - 1, round(0.95 * (len(values) - 1)))]
        print(f"{what:<62}{statistics.median(values):>8.0f}{p95:>8.0f}")

    sent, sent_bytes = (after[0] - messages) / requests, (after[1] - size) / requests
    print(f"{sent:.0f} messages and {sent_bytes / 1000:.0f} kB of them between members, a request")


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chain", default="embedded", help="embedded, anvil or anvil-osaka")
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--processes", type=int, default=0, help="that the nodes share; 0: one each")
    parser.add_argument("--round-length", type=int, default=2, help="seconds")
    parser.add_argument("--poll", type=float, default=0.05, help="seconds between a node's looks at the chain")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
