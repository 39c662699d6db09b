"""What four nodes hold on this machine: `python benchmarks/load.py [--rate R] [--minutes 10] [--nodes 4]`.

A pure-compute JavaScript function (examples/median_json), batches on, blocks every second on anvil, an open loop of
requests. Without --rate the highest rate that is held is searched for first, in steps of 20 s. Then: that rate for the
minutes given, then three times as much for a minute, then nothing until all is closed. Lost is what the chain says was
never delivered and never expired; memory is the resident set of node, worker and signer processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from _load import Load, usage

from executor.chain.accounts import dev_accounts
from executor.cli._devnet import chain_kind
from executor.demos.examples import example
from executor.model.function import Function
from executor.testing.devnet import Devnet, DevnetSettings

STEP_S = 20.0
RECOVERY_S = 240.0
BACKLOG_S = 6.0  # of requests: a rate is held while less than this waits, blocks and a round among it


def two_words(function: Function) -> Function:
    """The same with an output that the consumer takes: a price and a time."""
    source = function.source.replace(b'["uint256"], [', b'["uint256", "uint64"], [')
    return replace(function, source=source.replace(b".scaled(2)]", b".scaled(2), 0]"))


def feed(seed: int) -> bytes:
    """An input of about 1 kB: 31 prices."""
    return json.dumps(
        {"items": [{"price": f"{1800 + 7 * seed * place % 97}.{place:02}"} for place in range(31)]}
    ).encode()


async def find_rate(load: Load, first: float) -> float:
    """The highest rate held, within an eighth."""
    held, rate = 0.0, first
    failed: float | None = None
    while failed is None or failed / max(held, 1) > 1.13:
        await load.run(rate, STEP_S)
        waiting = load.tally.open
        fine = waiting <= rate * BACKLOG_S
        print(f"  {rate:6.1f} requests/s: {waiting} open after {STEP_S:.0f} s, {'held' if fine else 'too much'}")
        await settle(load, 60)
        if fine:
            held = rate
        else:
            failed = rate
        rate = rate * 1.6 if failed is None else (held + failed) / 2 if held else failed / 2
    return held


async def settle(load: Load, seconds: float) -> float:
    """Wait until nothing is open; how long that took."""
    started = time.monotonic()
    while load.tally.open and time.monotonic() - started < seconds:  # noqa: ASYNC110 # other processes close them
        await asyncio.sleep(0.2)
    return time.monotonic() - started


async def hold(devnet: Devnet, load: Load, rate: float, seconds: float, every_s: float) -> None:
    """One phase, a row of figures every now and then."""
    print(
        f"{'time':>7}{'sent':>8}{'closed':>8}{'open':>7}{'p50 s':>8}{'p95 s':>8}"
        f"{'nodes MB':>10}{'signers MB':>12}{'cores':>7}"
    )
    running = asyncio.create_task(load.run(rate, seconds))
    started = time.monotonic()
    before, before_cpu, sent_before = time.monotonic(), cpu(devnet), load.sent
    closed_before = len(load.tally.closed)
    while not running.done():
        await asyncio.wait({running}, timeout=every_s)
        now, now_cpu = time.monotonic(), cpu(devnet)
        taken = load.tally.latencies(before) or [0.0]
        nodes = usage(node.node.pid for node in devnet.nodes if node.node)
        signers = usage(node.signer.pid for node in devnet.nodes if node.signer)
        print(
            f"{now - started:>6.0f}s{load.sent - sent_before:>8}{len(load.tally.closed) - closed_before:>8}"
            f"{load.tally.open:>7}{statistics.median(taken):>8.2f}{taken[int(0.95 * (len(taken) - 1))]:>8.2f}"
            f"{nodes.resident_bytes / 1e6:>10.0f}{signers.resident_bytes / 1e6:>12.0f}"
            f"{(now_cpu - before_cpu) / (now - before):>7.2f}",
            flush=True,
        )
        before, before_cpu = now, now_cpu
    await running


def cpu(devnet: Devnet) -> float:
    """CPU seconds of all nodes, workers and signers so far."""
    pids = [child.pid for node in devnet.nodes for child in (node.node, node.signer) if child]
    return usage(pids).cpu_s


async def measure(options: argparse.Namespace) -> None:
    """Print everything."""
    settings = DevnetSettings(
        chain=chain_kind(options.chain), nodes=options.nodes, block_time_s=1.0, poll_interval_s=0.25, workers=1
    )
    with tempfile.TemporaryDirectory(prefix="executor-bench-") as folder:
        async with Devnet(Path(folder) / "network", settings) as devnet:
            function = await devnet.register(two_words(example("median_json")))
            inputs = [feed(k) for k in range(1, 9)]
            load = Load(devnet, dev_accounts()[2:], function, inputs)
            await load.start()
            watching = asyncio.create_task(load.watch())
            await load.run(1, 3)
            await settle(load, 30)
            rate = options.rate or await find_rate(load, 4.0)
            print(f"{rate:.1f} requests/s for {options.minutes:g} minutes, n = {options.nodes}, {options.chain}")
            await hold(devnet, load, rate, options.minutes * 60, max(10.0, options.minutes * 6))
            print(f"  all closed {await settle(load, RECOVERY_S):.1f} s after the last request")
            tell(load)
            print(f"{3 * rate:.1f} requests/s for a minute")
            await hold(devnet, load, 3 * rate, 60, 10)
            print(f"  all closed {await settle(load, RECOVERY_S):.1f} s after the last request")
            tell(load)
            print(f"{rate:.1f} requests/s again, for half a minute")
            await hold(devnet, load, rate, 30, 10)
            print(f"  all closed {await settle(load, RECOVERY_S):.1f} s after the last request")
            tell(load)
            watching.cancel()


def tell(load: Load) -> None:
    """What the chain says of everything so far."""
    tally = load.tally
    twice = sum(count > 1 for count in tally.deliveries.values())
    print(
        f"  so far: {load.sent} sent, {load.refused} refused by the chain, {len(tally.requested)} mined, "
        f"{len(tally.deliveries)} delivered ({tally.failed} callbacks failed, {twice} twice), {tally.expired} expired, "
        f"{tally.open} open"
    )


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chain", default="anvil", help="embedded, anvil or anvil-osaka")
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second; searched for where not given")
    parser.add_argument("--minutes", type=float, default=10.0)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
