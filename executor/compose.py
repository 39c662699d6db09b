"""A node's process put together from every layer; the only place where node/ and aggregator/ meet.

Start order: configuration, signer, chain, epoch, workers, node. Whatever is missing is waited for or named, never
worked around.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from executor.aggregator.transmission import Transmissions
from executor.capabilities.http import HttpSettings
from executor.chain.client import ChainClient
from executor.chain.epochs import current_epoch, load_epoch
from executor.chain.sender import Account, TransactionSender
from executor.chain.transmitter import Transmitter
from executor.errors import ExecutorError, InvalidConfig
from executor.keys.client import SignerClient
from executor.keys.keyset import PublicKeys
from executor.logs import configure_logs
from executor.model.committee import Epoch
from executor.model.ids import Address
from executor.model.report import Scheme
from executor.node.config import NodeConfig, read_config
from executor.node.driver import Runs
from executor.node.logs import log_events
from executor.node.metrics.measuring import measured
from executor.node.metrics.meters import Meters
from executor.node.metrics.timed import TimedSigner
from executor.node.node import Node, run_until_stopped
from executor.node.runs import WorkerRuns
from executor.node.signing import ProtocolSigner
from executor.protocol.settings import Settings
from executor.store.events import EventLog
from executor.vm import self_test
from executor.worker import WorkerPool

log = logging.getLogger(__name__)

Wrap = Callable[[Runs], Runs]


def honest(runs: Runs) -> Runs:
    """Every node but a deliberately faulty one (executor/testing/faults.py)."""
    return runs


async def run_node(config_path: Path, *, wrap: Wrap = honest) -> None:
    """Run a node until SIGTERM or SIGINT; prints one JSON line when it takes requests."""
    config = read_config(config_path)
    logs = config.logs
    configure_logs(level=logs.level, format=logs.format, value_bytes=logs.value_bytes, secrets=config.chain.rpc_urls)
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await asyncio.to_thread(self_test)  # D11: a setting without its effect must not sign anything
    meters = Meters()
    signer = TimedSigner(config.signer.socket)
    signer.instruments = meters.instruments
    events = EventLog(config.data / "events.jsonl")
    meters.follow(events)
    router = Address.from_hex(config.chain.router)
    async with ChainClient(config.chain.rpc_urls, config.chain.id, router) as chain:
        chain.rpc.panel.report = lambda news: events.add(news.kind, "", **news.fields())
        epoch = await load_epoch(chain, await current_epoch(chain))
        index = member_index(epoch, config, await signer.public_keys())
        log_events(events, member=index, epoch=epoch.number)
        pool = WorkerPool(
            size=config.workers.count,
            cache=config.workers.compiled,
            watchdog_s=config.workers.watchdog_s,
            require_confinement=config.workers.require_confinement,
        )
        await pool.start()
        try:
            log.log(logging.INFO if pool.confinement.complete else logging.WARNING, "workers: %s", pool.confinement)
            await _serve(config, epoch, index, chain, signer, pool, events, meters, wrap, stopped)
        finally:
            await pool.close()
            await signer.close()


async def _serve(
    config: NodeConfig,
    epoch: Epoch,
    index: int,
    chain: ChainClient,
    signer: SignerClient,
    pool: WorkerPool,
    events: EventLog,
    meters: Meters,
    wrap: Wrap,
    stopped: asyncio.Event,
) -> None:
    statements = ProtocolSigner(signer, epoch)
    account = Account((await signer.public_keys()).transmitter, signer)
    transmissions = Transmissions(epoch, Transmitter(chain, TransactionSender(chain, account)), events)
    node = Node(
        config,
        epoch=epoch,
        index=index,
        chain=chain,
        signer=statements,
        message_signer=signer,
        runs=wrap(WorkerRuns(pool, HttpSettings(overrides=config.resolve))),
        load=pool.load,
        transmit=transmissions.transmit,
        events=events,
        record_counter=await signer.record_counter(),
        settings=Settings(
            collect_delay_s=config.rounds.collect_delay_s,
            delivery_patience_s=3.0 * epoch.round_length_s,
            scheme=None if config.rounds.scheme is None else Scheme(config.rounds.scheme),
        ),
        meters=meters,
    )

    def ready() -> None:
        sys.stdout.write(json.dumps({"member": index, "url": f"http://{config.http.host}:{config.http.port}"}) + "\n")
        sys.stdout.flush()

    async with measured(config, meters, chain=chain, pool=pool, transmitter=account.address, epoch=epoch, index=index):
        await run_until_stopped(node, stopped, ready)


def member_index(epoch: Epoch, config: NodeConfig, keys: PublicKeys) -> int:
    """This node's place in the epoch; raises InvalidConfig when it has none, or is registered with other keys."""
    operator = Address.from_hex(config.operator)
    for member in epoch.members:
        if member.operator == operator:
            registered = (member.signer, member.bls_key, member.encryption_key)
            if registered != (keys.signer, keys.bls_key, keys.encryption_key):
                raise InvalidConfig(
                    f"operator {operator} is registered with other keys than the signer at {config.signer.socket} holds"
                )
            return member.index
    raise InvalidConfig(f"operator {operator} is no member of epoch {epoch.number}")


def main() -> None:
    """`python -m executor.compose --config FILE`."""
    parser = argparse.ArgumentParser(prog="python -m executor.compose", description="One node of a committee.")
    parser.add_argument("--config", type=Path, required=True, help="the node's TOML file")
    try:
        asyncio.run(run_node(parser.parse_args().config))
    except ExecutorError as error:
        sys.stderr.write(f"node: {error}\n")
        raise SystemExit(1) from error
    except ExceptionGroup as group:  # of the task groups; anything but our own errors is a bug and shown whole
        if group.split(ExecutorError)[1] is not None:
            raise
        for leaf in _leaves(group):
            sys.stderr.write(f"node: {leaf}\n")
        raise SystemExit(1) from group


def _leaves(group: ExceptionGroup[Exception]) -> list[Exception]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, ExceptionGroup) else [error])
    ]


if __name__ == "__main__":
    main()
