"""What a node tells Prometheus: counted right, with bounded labels, served on an address of its own."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from node_bench import make_epoch
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from executor.chain.endpoint import endpoints
from executor.errors import ChainUnavailable, InvalidConfig
from executor.node.chains import open_chains
from executor.node.conditions import Conditions
from executor.node.config import MetricsConfig, check_config
from executor.node.draw_key.desk import Standing
from executor.node.metrics.draw_keys import read_draw_keys
from executor.node.metrics.instruments import Capped
from executor.node.metrics.meters import EVERYONE, Meters, round_at
from executor.node.metrics.phases import MAX_FOLLOWED, Phases
from executor.node.metrics.readings import read_conditions, read_endpoints, read_queues, read_workers
from executor.node.metrics.server import MAX_CONNECTIONS, MetricsServer
from executor.store.events import Event, EventLog
from executor.testing.processes import free_ports
from executor.worker.pool import Usage

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def value(meters: Meters, name: str, **labels: str) -> float | None:
    return meters.instruments.registry.get_sample_value(f"executor_{name}", labels)


@pytest.fixture
def meters() -> Meters:
    return Meters()


@pytest.fixture
def events(meters: Meters, tmp_path: Path) -> EventLog:
    log = EventLog(tmp_path / "events.jsonl")
    meters.follow(log)
    return log


def test_a_request_is_followed_through_its_phases(meters: Meters, events: EventLog) -> None:
    events.add("seen", "0x1")
    events.add("executed", "0x1", outcome="awaiting", seconds=0.01)
    events.add("observed", "0x1", seconds=0.02)
    meters.count_states()
    assert value(meters, "requests", state="observed") == 1
    events.add("agreed", "0x1")
    events.add("executed", "0x1", outcome="returned", seconds=0.01, fuel_used=1_000)
    events.add("attested", "0x1", votes=[0, 2, 3])
    events.add("delivered", "0x1", status=0)
    meters.count_states()
    assert value(meters, "requests", state="observed") == 0
    assert value(meters, "requests_closed_total", how="delivered") == 1
    for phase in ("observed", "agreed", "executed", "attested", "delivered"):
        assert value(meters, "request_phase_seconds_count", phase=phase) == 1
    assert value(meters, "request_seconds_count") == 1
    assert value(meters, "fuel_total") == 1_000
    assert value(meters, "run_seconds_count", verb="execute") == 2
    assert [value(meters, "votes_total", peer=str(peer)) for peer in range(4)] == [1, None, 1, 1]


def test_a_phase_is_measured_from_the_phase_before() -> None:
    phases = Phases()
    told = [
        phases.tell(Event(number, time_s, kind, "0x1", {}))
        for number, (time_s, kind) in enumerate(
            [(10.0, "seen"), (10.5, "observed"), (12.0, "executed"), (13.0, "observed")]
        )
    ]
    assert told == [None, ("observed", 0.5, 0.5), ("executed", 1.5, 2.0), None]


def test_a_reorganised_delivery_is_counted_again_and_a_vanished_request_is_closed(
    events: EventLog, meters: Meters
) -> None:
    events.add("seen", "0x1")
    events.add("delivered", "0x1")
    events.add("vanished", "0x1", what="delivery")
    events.add("restored", "0x1")
    assert meters.phases.states()["seen"] == 1
    events.add("vanished", "0x1", what="request")
    assert sum(meters.phases.states().values()) == 0


def test_followed_requests_are_bounded() -> None:
    phases = Phases()
    for number in range(MAX_FOLLOWED + 10):
        phases.tell(Event(number, float(number), "seen", hex(number), {}))
    assert phases.states()["seen"] == MAX_FOLLOWED


def test_labels_stay_few_whatever_comes(meters: Meters, events: EventLog) -> None:
    for number in range(500):
        events.add(f"kind-{number}", "")
        events.add("outvoted", hex(number), member=number)
        events.add("silent", hex(number), members=[number, "x", -1])
        meters.traffic("in", number, f"type-{number % 200}", 10)
        meters.refused(f"reason-{number}")
    families = {family.name: len(family.samples) for family in meters.instruments.registry.collect()}
    assert families["executor_events"] <= 2 * 66
    assert families["executor_refusals"] <= 2 * 65
    assert families["executor_outvoted"] <= 2 * 101
    assert families["executor_silent"] <= 2 * 101
    assert "0x1f" not in generate_latest(meters.instruments.registry).decode()
    capped = Capped(2)
    assert [capped(word) for word in "abca"] == ["a", "b", "other", "a"]


def test_messages_are_counted_by_member_and_type(meters: Meters) -> None:
    meters.traffic("out", EVERYONE, "proposal", 100)
    meters.traffic("in", 2, "vote", 40)
    assert value(meters, "message_bytes_total", direction="out", peer="all", type="proposal") == 100
    assert value(meters, "messages_total", direction="in", peer="2", type="vote") == 1


def test_an_own_round_without_a_leaders_work_is_wasted_only_when_there_was_work(
    meters: Meters, events: EventLog
) -> None:
    epoch = make_epoch(4, 1)
    led = 4 * (round_at(epoch) // 4 + 1)
    meters.end_round(epoch, 0, led)
    assert value(meters, "rounds_led_total") == 0
    events.add("seen", "0x1")
    meters.end_round(epoch, 0, led)
    meters.traffic("out", EVERYONE, "proposal", 1)
    meters.end_round(epoch, 0, led + 4)
    meters.end_round(epoch, 0, led + 1)
    assert (value(meters, "rounds_led_total"), value(meters, "rounds_wasted_total")) == (2, 1)


def test_objects_are_read_at_each_scrape(meters: Meters) -> None:
    class Pool:
        usage = Usage(busy=1, idle=2, started=5, waiting_execute=7, waiting_observe=0)

    class Node:
        length = 3

        def waiting(self) -> dict[str, int]:
            return {"inbox": self.length}

        def outboxes(self) -> dict[int, tuple[int, int]]:
            return {1: (4, 2)}

    node = Node()
    meters.read(lambda: read_workers(Pool()))
    meters.read(lambda: read_queues(node))
    assert value(meters, "workers", state="idle") == 2
    assert value(meters, "worker_queue", verb="execute") == 7
    assert value(meters, "queue", queue="inbox") == 3
    node.length = 9
    assert value(meters, "queue", queue="inbox") == 9
    assert value(meters, "outbox_dropped_total", peer="1") == 2


def test_each_rpc_endpoint_is_told_by_its_place_and_not_by_its_url(meters: Meters) -> None:
    near, far = endpoints(("http://a.test/key", "http://b.test/key"))
    near.height, far.height, far.outvoted, far.working = 100, 93, 2, False
    meters.read(lambda: read_endpoints([near, far]))
    assert value(meters, "rpc_lag_blocks", endpoint="1") == 7
    assert value(meters, "rpc_outvoted_total", endpoint="1") == 2
    assert (value(meters, "rpc_working", endpoint="0"), value(meters, "rpc_working", endpoint="1")) == (1, 0)
    assert "key" not in generate_latest(meters.instruments.registry).decode()


async def test_chains_that_functions_read_are_told_by_id_and_place(meters: Meters, events: EventLog) -> None:
    plain = {
        "operator": "0x" + "aa" * 20,
        "chain": {"id": 31337, "router": "0x" + "bb" * 20, "rpc_urls": ["http://127.0.0.1:9/key"]},
        "chains": [{"id": 10, "rpc_urls": ["http://127.0.0.1:9/key", "http://127.0.0.1:9/other-key"]}],
        "http": {"port": 1},
    }
    async with open_chains(check_config(plain, "test"), events, meters) as readers:
        with pytest.raises(ChainUnavailable):
            await readers[10].header(5)
        assert value(meters, "evm_reads_total", chain="10", result="failed") == 1
        assert value(meters, "evm_reads_total", chain="31337", result="failed") == 0
        assert value(meters, "evm_rpc_failures_total", chain="10", endpoint="1") == 2
        assert value(meters, "evm_rpc_working", chain="10", endpoint="0") == 0
        assert value(meters, "evm_rpc_working", chain="31337", endpoint="0") == 1
        assert "key" not in generate_latest(meters.instruments.registry).decode()
    told = events.after(0)
    assert {(event.kind, event.fields["chain"]) for event in told} == {("endpoint-stopped", 10)}
    assert {event.fields["endpoint"] for event in told} == {"127.0.0.1:9 (number 1)", "127.0.0.1:9 (number 2)"}
    assert "key" not in str([event.fields for event in told])


async def test_metrics_are_served_on_an_address_of_their_own(meters: Meters, events: EventLog) -> None:
    events.add("seen", "0x1")
    config = at_port(free_ports(1)[0])
    async with MetricsServer(config, meters), aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{config.port}"
        async with session.get(f"{base}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            families = list(text_string_to_metric_families(await answer.text()))
        async with session.get(f"{base}/v1/health") as answer:
            assert answer.status == 404
        with pytest.raises(InvalidConfig, match=r"choose another \[metrics\] port"):
            await MetricsServer(config, meters).__aenter__()
    states = next(family for family in families if family.name == "executor_requests")
    assert {sample.labels["state"]: sample.value for sample in states.samples}["seen"] == 1


async def test_connections_to_the_metrics_are_bounded(meters: Meters) -> None:
    """Who opens them without end takes none of the node's files, and no scraper's place."""
    config = at_port(free_ports(1)[0])
    async with MetricsServer(config, meters) as server, aiohttp.ClientSession() as session:
        flood = []
        for number in range(3 * MAX_CONNECTIONS):
            source = (f"127.0.0.{2 + number % 3}", 0)
            flood.append((await asyncio.open_connection(config.host, config.port, local_addr=source))[1])
        async with session.get(f"http://{config.host}:{config.port}/metrics") as answer:
            assert answer.status == 200
        assert len(server._held) <= MAX_CONNECTIONS
        assert server._held.refused >= 2 * MAX_CONNECTIONS
        for writer in flood:
            writer.close()


async def test_refusals_over_http_are_counted_by_their_code(meters: Meters) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.json_response({"error": "rate-limited", "message": "x"}, status=429)

    async def invent(_request: web.Request) -> web.Response:
        return web.json_response({"error": 'a"b{c'}, status=400)

    app = web.Application()
    app.router.add_post("/v1/messages", refuse)
    app.router.add_get("/v1/messages", invent)
    meters.watch_http(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(session.post(f"{base}/v1/messages"), session.get(f"{base}/v1/messages"))
    await runner.cleanup()
    assert value(meters, "refusals_total", reason="rate-limited") == 1
    assert value(meters, "refusals_total", reason="http-400") == 1


@pytest.mark.parametrize("place", ["prometheus/alerts.yml", "grafana/executor.json"])
def test_every_metric_that_alerts_and_dashboard_name_exists(meters: Meters, place: str) -> None:
    """With the labels that they ask for; those read at a scrape included."""
    source = Path(__file__).resolve().parents[2] / "executor" / "node" / "metrics"
    text = "".join((source / name).read_text() for name in ("readings.py", "draw_keys.py"))
    read = set(re.findall(r'"(executor_[a-z_]+)"', text))
    known = {family.name for family in meters.instruments.registry.collect()} | read
    named = set(re.findall(r"\bexecutor_[a-z_]+", (DEPLOY / place).read_text()))
    assert len(named) > 10
    assert {name for name in named if re.sub(r"_(total|bucket)$", "", name) not in known} == set()


def test_the_newest_epochs_draw_key_is_told_by_state(meters: Meters) -> None:
    """And nothing where the node makes none."""
    standings: list[Standing] = []
    meters.read(lambda: read_draw_keys(standings))
    assert not any(family.name.startswith("executor_draw") for family in meters.instruments.registry.collect())
    standings += [
        Standing(1, "registered", 0, "0x", "0x", share=True),
        Standing(2, "making", 1, None, None, share=False),
    ]
    assert [value(meters, "draw_key", state=state) for state in ("making", "made", "registered")] == [1, 0, 0]
    assert value(meters, "draw_share") == 0
    standings[1] = Standing(2, "made", 1, "0x", "0x", share=True)
    assert [value(meters, "draw_key", state="made"), value(meters, "draw_share")] == [1, 1]


def test_what_keeps_a_node_unready_is_told_by_part(meters: Meters) -> None:
    conditions = Conditions()
    meters.read(lambda: read_conditions(conditions))
    conditions.fails("signer", "gone")
    assert [value(meters, "failing", part=part) for part in ("signer", "chain")] == [1, 0]
    conditions.works("signer")
    assert value(meters, "failing", part="signer") == 0


def at_port(port: int) -> MetricsConfig:
    return MetricsConfig().model_copy(update={"port": port})
