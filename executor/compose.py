"""A node's process put together from every layer; the only place where node/ and aggregator/ meet.

Start order: configuration, signer, chain, workers, node, epochs. Whatever is missing is waited for or named, never
worked around.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from executor.aggregator.transmission import Transmissions
from executor.capabilities.drand import DrandRelays
from executor.capabilities.evm import EvmSettings
from executor.capabilities.http import HttpSettings
from executor.chain.beacon import BeaconKeys
from executor.chain.client import ChainClient
from executor.chain.dates import Dates
from executor.chain.fees import GWEI, FeePolicy
from executor.chain.pushes import PushOrigin
from executor.chain.reader import ChainReader
from executor.chain.sender import Account, TransactionSender
from executor.chain.transmitter import Transmitter
from executor.errors import ExecutorError, InvalidConfig, own_errors
from executor.keys.client import OfKey, SignerClient
from executor.keys.keyset import PublicKeys
from executor.keys.memory import keep_memory_here
from executor.logs import configure_logs
from executor.model.committee import Epoch, Member
from executor.model.draw import QUICKNET
from executor.model.ids import Address, RequestId
from executor.model.report import Scheme
from executor.node.chains import open_chains
from executor.node.config import NodeConfig, read_config
from executor.node.driver_needs import Runs
from executor.node.fetches import http_settings, kept_replies
from executor.node.garbage import spare_what_lasts
from executor.node.logs import log_events
from executor.node.metrics.measuring import measured
from executor.node.metrics.meters import Meters
from executor.node.metrics.readings import read_sender
from executor.node.metrics.timed import TimedSigner
from executor.node.node import Node
from executor.node.runs import WorkerRuns
from executor.node.shutdown import Shutdown
from executor.node.triggered import push_origin
from executor.protocol.settings import Settings
from executor.store.events import EventLog
from executor.store.replies import ReplyStore
from executor.vm import self_test
from executor.worker import WorkerPool

log = logging.getLogger(__name__)

CLOSING_S = 5.0  # beyond the node's own time to stop: workers, connections and files are closed
Wrap = Callable[[Runs], Runs]


def honest(runs: Runs) -> Runs:
    """Every node but a deliberately faulty one (executor/testing/faults.py)."""
    return runs


def make_data_folder(folder: Path) -> None:
    """The folder of `data`, made where there is none; raises InvalidConfig when nothing can be kept in it."""
    advice = "name a folder in `data` that the node's user may write, or give it this one"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidConfig(f"data = {folder}: cannot be made: {error.strerror}; {advice}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidConfig(f"data = {folder}: this user may not write there; {advice}")


async def run_node(config_path: Path, *, wrap: Wrap = honest, signs: type[TimedSigner] = TimedSigner) -> None:
    """Run a node until SIGTERM or SIGINT; prints one JSON line when it takes requests."""
    keep_memory_here()  # observe runs read secrets through it
    config = read_config(config_path)
    logs = config.logs
    configure_logs(level=logs.level, format=logs.format, value_bytes=logs.value_bytes, secrets=config.urls)
    make_data_folder(config.data)
    shutdown = Shutdown()
    await shutdown.run(_run(config, wrap, signs, shutdown.asked), config.stop_timeout_s + CLOSING_S)


ONE_ENDPOINT = "it can hide and invent events, state and time, and nothing outvotes it; name three of different people"


async def _run(config: NodeConfig, wrap: Wrap, signs: type[TimedSigner], asked: asyncio.Event) -> None:
    await asyncio.to_thread(self_test)  # D11: a setting without its effect must not sign anything
    meters = Meters()
    signer = signs(config.signer.socket)
    signer.instruments = meters.instruments
    events = EventLog(config.data / "events.jsonl")
    meters.follow(events)
    log_events(events)
    router = Address.from_hex(config.chain.router)
    async with (
        ChainClient(config.chain.rpc_urls, config.chain.id, router, dates=Dates(config.chain.ahead_s)) as chain,
        open_chains(config, events, meters) as readers,
    ):
        chain.rpc.panel.report = lambda news: events.add(news.kind, "", **news.fields())
        for chain_id, urls in config.endpoints.items():
            if len(urls) == 1:
                events.add("single-endpoint", "", chain=chain_id, reason=ONE_ENDPOINT)
        sets = [listed.public for listed in (await signer.list_keys()).sets]
        pool = WorkerPool(
            size=config.workers.count,
            cache=config.workers.compiled,
            watchdog_s=config.workers.watchdog_s,
            require_confinement=config.workers.require_confinement,
            apart=config.workers.apart,
        )
        await pool.start()
        try:
            log.log(logging.INFO if pool.confinement.complete else logging.WARNING, "workers: %s", pool.confinement)
            with kept_replies(config) as replies:
                runs = WorkerRuns(pool, http_settings(config, replies), EvmSettings(readers))
                await _serve(config, chain, signer, sets, pool, runs, events, meters, wrap, asked, replies, readers)
        finally:
            await pool.close()
            await signer.close()


async def _serve(
    config: NodeConfig,
    chain: ChainClient,
    signer: SignerClient,
    sets: Sequence[PublicKeys],
    pool: WorkerPool,
    runs: WorkerRuns,
    events: EventLog,
    meters: Meters,
    wrap: Wrap,
    asked: asyncio.Event,
    replies: ReplyStore | None,
    readers: Mapping[int, ChainReader],
) -> None:
    newest = sets[-1]  # its account pays; all of them sign, each in the epochs it was registered for
    signer.use(newest.signer)
    paid = config.transmitter
    fees = FeePolicy(int(paid.priority_fee_gwei * GWEI), paid.max_fee_gwei * GWEI)
    sender = TransactionSender(chain, Account(newest.transmitter, signer), fees=fees)
    sender.report = chain.rpc.panel.report
    meters.read(partial(read_sender, sender))
    transmitter = Transmitter(chain, sender, remember_after=paid.keep_sums_after or None)

    async def signer_of(member: Member) -> OfKey | None:
        registered = (member.signer, member.bls_key, member.encryption_key)
        for keys in [listed.public for listed in (await signer.list_keys()).sets]:  # a rotation may have added one
            if (keys.signer, keys.bls_key, keys.encryption_key) == registered:
                return signer.of(keys.signer)
        return None

    def settings(epoch: Epoch) -> Settings:
        scheme = None if config.rounds.scheme is None else Scheme(config.rounds.scheme)
        return Settings(
            collect_delay_s=config.rounds.collect_delay_s,
            delivery_patience_s=3.0 * epoch.round_length_s,
            scheme=scheme if any(verifier.scheme is scheme for verifier in epoch.verifiers) else None,
        )

    def origin_of(request: RequestId) -> PushOrigin | None:
        return push_origin(node.book.find(request))

    beacon = None
    if config.random.beacon is not None:
        beacon = BeaconKeys(chain, Address.from_hex(config.random.beacon), sender)
        await beacon.check()

    node = Node(
        config,
        chain=chain,
        signer_of=signer_of,
        is_locked=signer.is_locked,
        runs=wrap(runs),
        draws=DrandRelays(
            config.random.drand_relays,
            HttpSettings(overrides=config.resolve),
            chains={QUICKNET.hash, *map(bytes.fromhex, config.random.drand_chains)},
        ),
        load=pool.load,
        transmit=lambda epoch: Transmissions(epoch, transmitter, events, origin_of=origin_of).transmit,
        events=events,
        settings=settings,
        meters=meters,
        chains=readers,
        beacon=beacon,
    )
    runs.private = node.secrets.open_for
    if replies is not None:
        node.receipts.replies = replies.of_request

    def ready() -> None:
        sessions = node.sessions.all()
        index = sessions[-1].index if sessions else None
        spare_what_lasts()
        sys.stdout.write(json.dumps({"member": index, "url": f"http://{config.http.host}:{config.http.port}"}) + "\n")
        sys.stdout.flush()

    async with measured(config, meters, chain=chain, pool=pool, transmitter=newest.transmitter):
        await node.run(ready, asked)


def main() -> None:
    """`python -m executor.compose --config FILE`."""
    parser = argparse.ArgumentParser(prog="python -m executor.compose", description="One node of a committee.")
    parser.add_argument("--config", type=Path, required=True, help="the node's TOML file")
    try:
        asyncio.run(run_node(parser.parse_args().config))
    except (ExecutorError, ExceptionGroup) as error:  # groups are the task groups'
        if not (told := own_errors(error)):
            raise  # a bug, shown whole
        for line in dict.fromkeys(map(str, told)):
            sys.stderr.write(f"node: {line}\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
