"""The price of one ether: honest nodes, a liar, a dead node, the gas of both verifiers, and a receipt tampered with."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from executor.demos.examples import example
from executor.demos.network import describe_network
from executor.demos.stage import Stage
from executor.demos.story import coins, price_of
from executor.errors import HostFault
from executor.model.ids import FunctionId
from executor.model.receipt import Receipt
from executor.model.report import Scheme
from executor.receipts import read_receipt
from executor.receipts.files import write_receipt
from executor.testing.devnet import Devnet

NAME: Final = "price"
ABOUT: Final = "The whole journey of a request: a price, with a liar in the committee and with a dead node."

LIAR: Final = 3
VICTIM: Final = 1
TRIES: Final = 4  # for the liar to be heard in time: the fastest quorum settles a slot


async def play(stage: Stage) -> bool:
    """Three requests, their gas, and two receipts to check."""
    return await _Price(stage).play()


class _Price:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._story = stage.story
        self._devnet = stage.devnet
        self._gas: dict[Scheme, int] = {}

    async def play(self) -> bool:
        story, devnet = self._story, self._devnet
        story.chapter("The network")
        describe_network(story, devnet)
        function = example("eth_usd")
        function_id = await self._stage.register("eth-usd", function)

        story.chapter("Request 1: four honest nodes")
        first = await self._request(function_id, Scheme.ECDSA)

        story.chapter(f"Request 2: node {LIAR} lies about its price (ten times what it saw)")
        await self._stage.lie(LIAR)
        for _ in range(TRIES):
            await self._request(function_id, Scheme.BLS)
            if LIAR in story.outvoted:
                break
            story.line("", f"node {LIAR} came too late to be heard; once more")

        story.chapter(f"Request 3: node {LIAR} is honest again, node {VICTIM} is killed (SIGKILL)")
        await devnet.restart(LIAR)
        devnet.kill(VICTIM)
        await self._request(function_id, Scheme.ECDSA)
        await devnet.restart(VICTIM)
        story.line(f"node {VICTIM}", "restarted from its journal")

        for scheme in devnet.settings.schemes:
            for _ in range(TRIES):
                if scheme in self._gas:
                    break
                story.line("", f"no {scheme} attestation was delivered in its leader's round; once more")
                await self._request(function_id, scheme)

        story.chapter("Gas of a whole delivery, callback included, by verifier")
        for scheme, gas in sorted(self._gas.items()):
            story.line(scheme, f"{gas:,} gas")
        return await self._check(first)

    async def _request(self, function_id: FunctionId, scheme: Scheme) -> Path:
        story, devnet, stage = self._story, self._devnet, self._stage
        await _wait_for_leader(devnet, scheme)
        await stage.mark()
        before = (await devnet.subscription()).balance
        seen = await devnet.request(function_id)
        story.line("requested", f"{seen.request_id} in block {seen.location.block_number}")
        story.line("quoted", f"{coins(seen.quote.max_cost)} at most; reserved of {coins(before)}")
        await stage.delivered(seen.request_id)
        receipt = await stage.receipt(seen.request_id)
        self._conclude(receipt)
        await self._tell_cost(receipt, before)
        price = await devnet.consumer.read()
        told = "0x" + receipt.payload.hex()
        if price.request_id != seen.request_id or price.price != int(told[2:66], 16):
            raise HostFault(f"the consumer was not told of {seen.request_id}")
        story.line("eth_call", f"PriceConsumer.price() = {price.price} = {price_of(told)} USD", "bold green")
        return stage.path_of(seen.request_id)

    def _conclude(self, receipt: Receipt) -> None:
        """What all nodes computed, and what proves it."""
        story, report = self._story, receipt.attestation.reports[0]
        honest = set(story.outputs.values())
        same = "byte-identical" if len(honest) == 1 else f"{len(honest)} different outputs"
        story.line("reports", f"{same} on nodes {', '.join(map(str, story.outputs))}; output hash {report.output_hash}")
        story.line("transcript", f"{report.transcript_hash}, {len(receipt.transcript)} entry")
        story.line("proof", f"{receipt.attestation.scheme}, {len(receipt.attestation.proof)} bytes")
        if story.transmitted is not None:  # a node may have another attestation than the one that was delivered
            self._gas[Scheme(story.transmitted["scheme"])] = int(story.transmitted["gas_used"])

    async def _tell_cost(self, receipt: Receipt, balance: int) -> None:
        """What was charged, to whom it goes, and what the subscription has now."""
        if receipt.bill is None:
            raise HostFault("the receipt does not say what the request cost")
        charge, report = receipt.bill.charge, receipt.attestation.reports[0]
        runs = f"{report.fuel_used:,} fuel, {report.slots + 1} runs, {report.slots} observed"
        work = f"{coins(charge.work)} to the signers ({runs})"
        gas = f"{coins(charge.gas_cost)} to the transmitter for gas"
        self._story.line("charged", f"{work}, {gas}; {coins(charge.refund)} came back")
        now = await self._devnet.subscription()
        what = f"{coins(now.balance)} left, {coins(balance - now.balance)} less than before; {now.reserved} reserved"
        self._story.line("subscription", what)

    async def _check(self, path: Path) -> bool:
        story = self._story
        story.chapter(f"executor verify {path} --rpc {self._devnet.chain.url}")
        receipt = read_receipt(path)
        genuine = await self._stage.verify(receipt)
        tampered_path = path.with_name(path.stem + "-tampered.json")
        story.chapter(f"executor verify {tampered_path} (one byte of the output changed)")
        payload = bytes([*receipt.payload[:-1], receipt.payload[-1] ^ 1])
        write_receipt(tampered_path, replace(receipt, payload=payload))
        refused = not self._stage.verdict(await self._stage.offline(read_receipt(tampered_path)))
        return genuine and refused


async def _wait_for_leader(devnet: Devnet, scheme: Scheme) -> None:
    """Wait for the start of a round whose leader attests with this scheme, so that both are seen."""
    length, schemes = devnet.settings.round_length_s, devnet.settings.schemes
    while True:
        now = time.time()
        round = devnet.epoch.round_at(now)
        if schemes[devnet.epoch.leader(round) % len(schemes)] is scheme and now % length < length / 3:
            return
        await asyncio.sleep(0.05)
