"""What functions read of chains, by chain id and by each endpoint's place in the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from executor.chain.endpoint import Endpoint
from executor.chain.reader import ChainReader


def read_chains(readers: Sequence[ChainReader]) -> Iterable[Metric]:
    """The readers' endpoints, and how their questions ended."""
    labels = ["chain", "endpoint"]

    def counter(name: str, help: str) -> CounterMetricFamily:
        return CounterMetricFamily(f"executor_evm_rpc_{name}", help, labels=labels)

    families: list[tuple[CounterMetricFamily | GaugeMetricFamily, Callable[[Endpoint], float]]] = [
        (counter("calls", "Calls of an RPC endpoint for functions."), lambda each: each.calls),
        (counter("failures", "Calls without an answer that makes sense."), lambda each: each.failures),
        (counter("refusals", "Errors of the endpoint itself."), lambda each: each.refusals),
        (counter("outvoted", "Answers against what the others agree on."), lambda each: each.outvoted),
        (counter("behind", "Answers that lack what the others know."), lambda each: each.behind),
        (
            GaugeMetricFamily("executor_evm_rpc_working", "1 while its last call was answered.", labels=labels),
            lambda each: each.working,
        ),
    ]
    for family, value in families:
        for reader in readers:
            for place, endpoint in enumerate(reader.panel.endpoints):
                family.add_metric([str(reader.chain_id), str(place)], value(endpoint))
        yield family
    reads = CounterMetricFamily(
        "executor_evm_reads", "Questions of functions to the endpoints of a chain.", labels=["chain", "result"]
    )
    for reader in readers:
        reads.add_metric([str(reader.chain_id), "answered"], reader.answered)
        reads.add_metric([str(reader.chain_id), "failed"], reader.failed)
    yield reads
