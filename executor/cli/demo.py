"""executor demo"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from executor.cli._devnet import INTERRUPTED, chain_kind, describe_network, example, new_folder, stoppable
from executor.cli._exits import FAILED
from executor.cli._story import Story, coins, price_of, short
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.model.receipt import Receipt
from executor.model.report import Scheme
from executor.receipts import Check, all_passed, read_receipt, verify_receipt
from executor.receipts.files import parse_receipt, write_receipt
from executor.receipts.on_chain import verify_on_chain
from executor.testing.devnet import Devnet, DevnetSettings

REQUEST_TIMEOUT_S = 60.0
LIAR = 3
VICTIM = 1
TRIES = 4  # for the liar to be heard in time: the fastest quorum settles a slot


def command(
    chain: Annotated[str, typer.Option(help="embedded (py-evm), anvil or anvil-osaka.")] = "embedded",
    directory: Annotated[
        Path | None, typer.Option(help="Where the network and the receipts live; a new temporary folder by default.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep the network's folder, with keys, logs and journals.")] = False,
) -> None:
    """The whole journey of a request, shown as it happens."""
    settings = DevnetSettings(chain=chain_kind(chain))
    place = new_folder(directory, "executor-demo-")
    network = place / f"network-{time.time_ns()}"
    started = time.monotonic()
    try:
        passed = asyncio.run(stoppable(_Demo(Console(highlight=False), network, settings, place).run()))
    except HostFault as error:
        logs = place / "logs"
        shutil.copytree(network / "logs", logs, dirs_exist_ok=True)
        raise HostFault(f"{error} (logs: {logs})") from error
    finally:
        if not keep:
            shutil.rmtree(network, ignore_errors=True)
        with contextlib.suppress(OSError):
            place.rmdir()  # nothing was written: nothing is left
    if passed is None:
        typer.echo("Interrupted; everything it started is stopped.", err=True)
        raise typer.Exit(INTERRUPTED)
    typer.echo(f"\nDone in {time.monotonic() - started:.0f} s. Receipts: {place}")
    if not passed:
        raise typer.Exit(FAILED)


class _Demo:
    def __init__(self, console: Console, network: Path, settings: DevnetSettings, receipts: Path) -> None:
        self._console = console
        self._story = Story(console)
        self._directory = network
        self._settings = settings
        self._receipts = receipts
        self._gas: dict[str, int] = {}

    async def run(self) -> bool:
        self._directory.mkdir(parents=True)
        with self._console.status("starting a chain, four signers and four nodes …") as status:
            devnet = Devnet(self._directory, self._settings, tell=lambda what: status.update(f"started: {what}"))
            await devnet.__aenter__()
        try:
            return await self._tell(devnet)
        finally:
            await devnet.close()

    async def _tell(self, devnet: Devnet) -> bool:
        story = self._story
        story.chapter("The network")
        describe_network(story, devnet)
        function = example("eth_usd")
        function_id = await devnet.register(function)
        self._describe_function(function, function_id)

        story.chapter("Request 1: four honest nodes")
        first = await self._request(devnet, function_id, Scheme.ECDSA)

        story.chapter(f"Request 2: node {LIAR} lies about its price (ten times what it saw)")
        await devnet.restart(LIAR, fault="lying-observation")
        for _ in range(TRIES):
            await self._request(devnet, function_id, Scheme.BLS)
            if LIAR in story.outvoted:
                break
            story.line("", f"node {LIAR} came too late to be heard; once more")

        story.chapter(f"Request 3: node {LIAR} is honest again, node {VICTIM} is killed (SIGKILL)")
        await devnet.restart(LIAR)
        devnet.kill(VICTIM)
        await self._request(devnet, function_id, Scheme.ECDSA)
        await devnet.restart(VICTIM)
        story.line(f"node {VICTIM}", "restarted from its journal")

        story.chapter("Gas of a whole delivery, callback included, by verifier")
        for scheme, gas in sorted(self._gas.items()):
            story.line(scheme, f"{gas:,} gas")
        return await self._check(first, devnet.chain.url)

    def _describe_function(self, function: Function, function_id: FunctionId) -> None:
        what = f"eth-usd, {len(function.source):,} bytes of JavaScript on the QuickJS engine"
        self._story.line("function", f"{what} ({len(function.module):,} bytes of WASM)")
        self._story.line("", f"id {function_id}, registered on chain, held by all nodes")

    async def _request(self, devnet: Devnet, function_id: FunctionId, scheme: Scheme) -> Path:
        story = self._story
        await _wait_for_leader(devnet, scheme)
        positions = await devnet.network.positions()
        before = (await devnet.subscription()).balance
        seen = await devnet.request(function_id)
        started = time.monotonic()
        story.line("requested", f"{seen.request_id} in block {seen.location.block_number}")
        story.line("quoted", f"{coins(seen.quote.max_cost)} at most; reserved of {coins(before)}")
        alive = {node.index for node in devnet.nodes if node.node is not None and node.node.running}
        delivered: set[int] = set()
        async for node, event in devnet.network.follow(positions, seen.request_id, REQUEST_TIMEOUT_S):
            story.event(node, event)
            if event["kind"] == "delivered":
                if not delivered:
                    took = time.monotonic() - started
                    outcome = "succeeded" if event["callback_succeeded"] else "FAILED"
                    story.line("callback", f"{outcome} in block {event['block']}, {took:.2f} s after the request")
                delivered.add(node)
            if delivered >= alive and len(alive) > 1:
                break
        return await self._conclude(devnet, seen.request_id, min(alive), before)

    async def _conclude(self, devnet: Devnet, request: RequestId, node: int, balance: int) -> Path:
        story = self._story
        data = await devnet.network.receipt(node, request)
        if data is None:
            raise HostFault(f"node {node} has no receipt of {request}")
        receipt = parse_receipt(data)
        report = receipt.attestation.reports[0]
        honest = set(story.outputs.values())
        same = "byte-identical" if len(honest) == 1 else f"{len(honest)} different outputs"
        story.line("reports", f"{same} on nodes {', '.join(map(str, story.outputs))}; output hash {report.output_hash}")
        story.line("transcript", f"{report.transcript_hash}, {len(receipt.transcript)} entry")
        story.line("proof", f"{receipt.attestation.scheme}, {len(receipt.attestation.proof)} bytes")
        if story.transmitted is not None:
            self._gas[receipt.attestation.scheme.value] = int(story.transmitted["gas_used"])
        await self._tell_cost(devnet, receipt, balance)
        price = await devnet.consumer.read()
        told = "0x" + receipt.payload.hex()
        if price.request_id != request or price.price != int(told[2:66], 16):
            raise HostFault(f"the consumer was not told of {request}")
        story.line("eth_call", f"PriceConsumer.price() = {price.price} = {price_of(told)} USD", "bold green")
        path = self._receipts / f"receipt-{short(str(request)[2:], 6)[:8]}.json"
        path.write_bytes(data)
        story.line("receipt", str(path))
        return path

    async def _tell_cost(self, devnet: Devnet, receipt: Receipt, balance: int) -> None:
        """What was charged, to whom it goes, and what the subscription has now."""
        if receipt.bill is None:
            raise HostFault("the receipt does not say what the request cost")
        charge, report = receipt.bill.charge, receipt.attestation.reports[0]
        runs = f"{report.fuel_used:,} fuel, {report.slots + 1} runs, {report.slots} observed"
        work = f"{coins(charge.work)} to the signers ({runs})"
        gas = f"{coins(charge.gas_cost)} to the transmitter for gas"
        self._story.line("charged", f"{work}, {gas}; {coins(charge.refund)} came back")
        now = await devnet.subscription()
        what = f"{coins(now.balance)} left, {coins(balance - now.balance)} less than before; {now.reserved} reserved"
        self._story.line("subscription", what)

    async def _check(self, path: Path, rpc_url: str) -> bool:
        story = self._story
        story.chapter(f"executor verify {path} --rpc {rpc_url}")
        receipt = read_receipt(path)
        genuine = self._verify([*verify_receipt(receipt), *await verify_on_chain(receipt, rpc_url)])
        tampered_path = path.with_name(path.stem + "-tampered.json")
        story.chapter(f"executor verify {tampered_path} (one byte of the output changed)")
        payload = bytes([*receipt.payload[:-1], receipt.payload[-1] ^ 1])
        write_receipt(tampered_path, replace(receipt, payload=payload))
        refused = not self._verify(verify_receipt(read_receipt(tampered_path)))
        return genuine and refused

    def _verify(self, checks: Sequence[Check]) -> bool:
        for check in checks:
            mark, style = ("✓", "green") if check.passed else ("✗", "bold red")
            self._story.line(f"{mark} {check.name}", check.detail, style)
        passed = all_passed(checks)
        self._story.line("", "accepted" if passed else "REFUSED", "bold green" if passed else "bold red")
        return passed


async def _wait_for_leader(devnet: Devnet, scheme: Scheme) -> None:
    """Wait for the start of a round whose leader attests with this scheme, so that both are seen."""
    length, schemes = devnet.settings.round_length_s, devnet.settings.schemes
    while True:
        now = time.time()
        round = devnet.epoch.round_at(now)
        if schemes[devnet.epoch.leader(round) % len(schemes)] is scheme and now % length < length / 3:
            return
        await asyncio.sleep(0.05)
