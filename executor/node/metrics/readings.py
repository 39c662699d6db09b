"""Metrics that are read from objects when they are scraped: workers, queues, the chain as last looked at."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final as Constant
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from executor.chain.client import ChainClient
from executor.chain.endpoint import Endpoint
from executor.chain.sender import TransactionSender
from executor.errors import ExecutorError
from executor.model.committee import Epoch
from executor.model.ids import Address
from executor.node.conditions import PARTS, Conditions
from executor.node.metrics.meters import Meters, round_at
from executor.node.receipt_keeping import Kept
from executor.worker import WorkerPool

LOOK_S: Constant = 15.0  # the usual scrape interval: what is asked of the chain more often nobody sees
LOOK_TIMEOUT_S: Constant = 10.0


class Counts(Protocol):
    """What a node can say about the secrets it keeps (executor/node/secrets/desk.py)."""

    def counts(self) -> Mapping[str, int]:
        """How many are in which state."""


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


def read_conditions(conditions: Conditions) -> Iterable[Metric]:
    """What keeps the node from being ready (`/v1/ready` says why)."""
    family = GaugeMetricFamily("executor_failing", "1 for each part that keeps the node unready.", labels=["part"])
    for part in PARTS:
        family.add_metric([part], part in conditions.reasons)
    yield family


def read_secrets(secrets: Counts) -> Iterable[Metric]:
    """The secrets kept. `missing`: in an older epoch and not in the newest; `expiring`: held, for a week at most."""
    family = GaugeMetricFamily("executor_secrets", "Secrets of functions' owners.", labels=["state"])
    for state, count in secrets.counts().items():
        family.add_metric([state], count)
    yield family


def read_receipts(kept: Kept) -> Iterable[Metric]:
    """Receipts on disk, as of the last look."""
    yield GaugeMetricFamily("executor_receipts", "Receipts on disk, looked at each hour.", value=kept.count)
    yield GaugeMetricFamily("executor_receipts_bytes", "Bytes of them.", value=kept.size_bytes)


def read_endpoints(endpoints: Sequence[Endpoint]) -> Iterable[Metric]:
    """What each RPC endpoint did, by its place in the configuration."""

    def counter(name: str, help: str) -> CounterMetricFamily:
        return CounterMetricFamily(name, help, labels=["endpoint"])

    def gauge(name: str, help: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, help, labels=["endpoint"])

    highest = max((each.height for each in endpoints), default=0)
    families: list[tuple[CounterMetricFamily | GaugeMetricFamily, Callable[[Endpoint], float]]] = [
        (counter("executor_rpc_calls", "Calls of an RPC endpoint."), lambda each: each.calls),
        (counter("executor_rpc_failures", "Calls without an answer that makes sense."), lambda each: each.failures),
        (counter("executor_rpc_refusals", "Errors of the endpoint itself."), lambda each: each.refusals),
        (counter("executor_rpc_outvoted", "Answers against what the others agree on."), lambda each: each.outvoted),
        (counter("executor_rpc_behind", "Answers that lack what the others know."), lambda each: each.behind),
        (gauge("executor_rpc_pending", "Calls under way."), lambda each: each.pending),
        (gauge("executor_rpc_last_call_seconds", "How long the last answer took."), lambda each: each.last_call_s),
        (gauge("executor_rpc_working", "1 while its last call was answered."), lambda each: each.working),
        (gauge("executor_rpc_head", "The last block it named."), lambda each: each.height),
        (gauge("executor_rpc_lag_blocks", "Blocks behind the furthest."), lambda each: highest - each.height),
    ]
    for family, value in families:
        for place, endpoint in enumerate(endpoints):
            if endpoint.height or family.name not in ("executor_rpc_head", "executor_rpc_lag_blocks"):
                family.add_metric([str(place)], value(endpoint))  # a single endpoint's head is not compared
        yield family


def read_sender(sender: TransactionSender) -> Iterable[Metric]:
    """What became of the transmitter's transactions."""
    counters = (
        ("submitted", "Transactions sent.", sender.submitted),
        ("replaced", "Transactions sent again for more.", sender.replaced),
        ("mined", "Transactions mined.", sender.mined),
        ("abandoned", "Transactions not mined in time.", sender.abandoned),
        ("outrun", "Transactions whose nonce another one took.", sender.outrun),
        ("fee_capped", "Raises that the highest fee forbade.", sender.capped),
    )
    for name, help, value in counters:
        yield CounterMetricFamily(f"executor_transactions_{name}", help, value=value)
    yield GaugeMetricFamily(
        "executor_transactions_waiting", "Transactions that wait to be mined.", value=sender.waiting
    )


class ChainLook:
    """Looks at the chain now and then: its head's age, the transmitter's balance and what it has pending."""

    def __init__(self, chain: ChainClient, transmitter: Address) -> None:
        self._chain = chain
        self._transmitter = transmitter
        self._head = 0
        self._head_at_s = 0.0
        self._balance: int | None = None
        self._pending: int | None = None

    async def look(self) -> None:
        """Once; what gets no answer keeps its last value."""
        with contextlib.suppress(ExecutorError, TimeoutError, ValueError, TypeError):
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                head = await self._chain.head()
                self._head, self._head_at_s = head.number, float(head.timestamp)
                self._balance = await self._chain.balance(self._transmitter)
                count = [
                    int(await self._chain.rpc.call("eth_getTransactionCount", str(self._transmitter), tag), 16)
                    for tag in ("pending", "latest")
                ]
                self._pending = max(0, count[0] - count[1])

    def read(self) -> Iterable[Metric]:
        """What was found last."""
        if self._head_at_s:
            age_s = max(0.0, time.time() - self._head_at_s)
            yield GaugeMetricFamily("executor_chain_head", "The last block.", value=self._head)
            yield GaugeMetricFamily("executor_chain_head_age_seconds", "Since the last block's time.", value=age_s)
        if self._balance is not None:
            yield GaugeMetricFamily("executor_transmitter_balance_wei", "Of the transmitter.", value=self._balance)
        if self._pending is not None:
            yield GaugeMetricFamily("executor_transmitter_pending", "Its unmined transactions.", value=self._pending)


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
