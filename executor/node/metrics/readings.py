"""Metrics that are read from objects when they are scraped: workers, queues, the chain as last looked at."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Final as Constant
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from executor.chain.client import ChainClient
from executor.chain.provider import RpcProvider
from executor.errors import ExecutorError
from executor.model.committee import Epoch
from executor.model.ids import Address
from executor.node.metrics.meters import Meters, round_at
from executor.worker import WorkerPool

LOOK_S: Constant = 15.0  # the usual scrape interval: what is asked of the chain more often nobody sees
LOOK_TIMEOUT_S: Constant = 10.0


class Queues(Protocol):
    """What a node can say about its queues (executor/node/node.py)."""

    def waiting(self) -> Mapping[str, int]:
        """Queue lengths by the queue's name."""

    def outboxes(self) -> Mapping[int, tuple[int, int]]:
        """(messages waiting, messages dropped) by the member they are for."""


def read_workers(pool: WorkerPool) -> Iterable[Metric]:
    """The worker pool."""
    usage = pool.usage
    workers = GaugeMetricFamily("executor_workers", "Worker processes.", labels=["state"])
    workers.add_metric(["busy"], usage.busy)
    workers.add_metric(["idle"], usage.idle)
    queue = GaugeMetricFamily("executor_worker_queue", "Runs that wait for a worker.", labels=["verb"])
    queue.add_metric(["execute"], usage.waiting_execute)
    queue.add_metric(["observe"], usage.waiting_observe)
    yield workers
    yield queue
    yield CounterMetricFamily("executor_worker_starts", "Worker processes started.", value=usage.started)


def read_queues(queues: Queues) -> Iterable[Metric]:
    """The node's own queues, and what waits for each member."""
    lengths = GaugeMetricFamily("executor_queue", "What waits in a queue of this node.", labels=["queue"])
    for name, length in queues.waiting().items():
        lengths.add_metric([name], length)
    outbox = GaugeMetricFamily("executor_outbox", "Messages that wait for a member.", labels=["peer"])
    dropped = CounterMetricFamily("executor_outbox_dropped", "Messages dropped for a member.", labels=["peer"])
    for peer, (waiting, lost) in queues.outboxes().items():
        outbox.add_metric([str(peer)], waiting)
        dropped.add_metric([str(peer)], lost)
    yield lengths
    yield outbox
    yield dropped


class ChainLook:
    """Looks at the chain now and then: each endpoint's head, the transmitter's balance and what it has pending."""

    def __init__(self, chain: ChainClient, urls: list[str], transmitter: Address) -> None:
        self._chain = chain
        self._transmitter = transmitter
        self._providers = [RpcProvider([url], chain.chain_id, timeout_s=LOOK_TIMEOUT_S, attempts=1) for url in urls]
        self._heads: dict[int, int] = {}
        self._failures = [0] * len(urls)
        self._calls = [0] * len(urls)
        self._seconds = [0.0] * len(urls)
        self._head_at_s = 0.0
        self._balance: int | None = None
        self._pending: int | None = None

    async def look(self) -> None:
        """Once, every endpoint at the same time; what does not answer keeps its last value and counts a failure."""
        await asyncio.gather(*(self._ask(place) for place in range(len(self._providers))))
        with contextlib.suppress(ExecutorError, TimeoutError):
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                self._balance = await self._chain.balance(self._transmitter)
                count = [
                    int(await self._chain.rpc.call("eth_getTransactionCount", str(self._transmitter), tag), 16)
                    for tag in ("pending", "latest")
                ]
                self._pending = max(0, count[0] - count[1])
                self._head_at_s = float((await self._chain.head()).timestamp)

    async def close(self) -> None:
        """Close the connections."""
        for provider in self._providers:
            await provider.close()

    def read(self) -> Iterable[Metric]:
        """What was found last."""
        heads = GaugeMetricFamily("executor_rpc_head", "Last block of an RPC endpoint.", labels=["endpoint"])
        lag = GaugeMetricFamily("executor_rpc_lag_blocks", "Blocks behind the furthest endpoint.", labels=["endpoint"])
        calls = CounterMetricFamily("executor_rpc_looks", "Looks at an endpoint's head.", labels=["endpoint"])
        errors = CounterMetricFamily("executor_rpc_look_failures", "Looks without an answer.", labels=["endpoint"])
        took = GaugeMetricFamily("executor_rpc_look_seconds", "Time the last look took.", labels=["endpoint"])
        highest = max(self._heads.values(), default=0)
        for place in range(len(self._providers)):
            label = [str(place)]
            calls.add_metric(label, self._calls[place])
            errors.add_metric(label, self._failures[place])
            took.add_metric(label, self._seconds[place])
            if place in self._heads:
                heads.add_metric(label, self._heads[place])
                lag.add_metric(label, highest - self._heads[place])
        yield from (heads, lag, calls, errors, took)
        if self._head_at_s:
            age_s = max(0.0, time.time() - self._head_at_s)
            yield GaugeMetricFamily("executor_chain_head_age_seconds", "Since the last block's time.", value=age_s)
        if self._balance is not None:
            yield GaugeMetricFamily("executor_transmitter_balance_wei", "Of the transmitter.", value=self._balance)
        if self._pending is not None:
            yield GaugeMetricFamily("executor_transmitter_pending", "Its unmined transactions.", value=self._pending)

    async def _ask(self, place: int) -> None:
        begun = time.monotonic()
        self._calls[place] += 1
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                self._heads[place] = int(await self._providers[place].call("eth_blockNumber"), 16)
        except (ExecutorError, TimeoutError, ValueError, TypeError):
            self._failures[place] += 1
        self._seconds[place] = time.monotonic() - begun


async def look_for_ever(look: ChainLook, pause_s: float = LOOK_S) -> None:
    """Until cancelled."""
    while True:
        await look.look()
        await asyncio.sleep(pause_s)


async def count_rounds(meters: Meters, epoch: Epoch, index: int) -> None:
    """Tell `meters` when each round is over, until cancelled."""
    present = round_at(epoch)
    while True:
        await asyncio.sleep(max(0.01, (present + 1) * epoch.round_length_s - time.time()))
        if (now := round_at(epoch)) > present:
            meters.end_round(epoch, index, present)
            present = now
