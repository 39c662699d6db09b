"""An open loop of requests, what becomes of them on chain, and what the processes use meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from executor.chain.accounts import DevAccount
from executor.chain.contracts import calldata
from executor.chain.logs import SeenDelivery, SeenExpiry, SeenRequest
from executor.chain.signing import LocalSigner
from executor.chain.watcher import RequestWatcher
from executor.errors import ChainError
from executor.model.ids import Address, FunctionId, RequestId
from executor.model.transaction import Transaction
from executor.testing.devnet import Devnet

REQUEST_GAS = 200_000  # 85,662 and the input
FEE_WEI = 10**11
TICK_S = 0.05


@dataclass(slots=True)
class Tally:
    """Requests by what the chain says of them; times are when the watcher saw the block."""

    requested: dict[RequestId, float] = field(default_factory=dict)
    closed: dict[RequestId, float] = field(default_factory=dict)
    deliveries: dict[RequestId, int] = field(default_factory=dict)
    failed: int = 0
    expired: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def settled(self) -> None:
        """Wait until nothing is open."""
        async with self.changed:
            await self.changed.wait_for(lambda: not self.open)

    @property
    def open(self) -> int:
        """Requests nobody closed yet."""
        return len(self.requested) - len(self.closed)

    def latencies(self, since: float) -> list[float]:
        """Seconds from request to delivery, of what was closed since a time, sorted."""
        return sorted(
            when - self.requested[key] for key, when in self.closed.items() if when >= since and key in self.requested
        )


class Load:
    """Sends requests from accounts of its own, without waiting for them."""

    def __init__(
        self, devnet: Devnet, accounts: Sequence[DevAccount], function: FunctionId, inputs: Sequence[bytes]
    ) -> None:
        self._devnet = devnet
        self._signers = [LocalSigner(account.private_key) for account in accounts]
        self._nonces: list[int] = []
        self._function = function
        self._inputs = inputs
        self.sent = 0
        self.refused = 0
        self.tally = Tally()

    async def start(self) -> None:
        """Learn the accounts' nonces."""
        for signer in self._signers:
            count = await self._devnet.client.rpc.call("eth_getTransactionCount", f"0x{signer.address.hex()}", "latest")
            self._nonces.append(int(count, 16))

    async def run(self, per_second: float, seconds: float) -> None:
        """An open loop: `per_second` requests whatever becomes of them."""
        started = time.monotonic()
        due = 0
        while (passed := time.monotonic() - started) < seconds:
            due_now = int(passed * per_second)
            await asyncio.gather(*(self._send() for _ in range(due_now - due)))
            due = due_now
            await asyncio.sleep(TICK_S)

    async def _send(self) -> None:
        place = self.sent % len(self._signers)
        nonce, self._nonces[place] = self._nonces[place], self._nonces[place] + 1
        input = self._inputs[self.sent % len(self._inputs)]
        self.sent += 1
        deployment = self._devnet.deployment
        call = calldata("PriceConsumer", "requestPrice", deployment.subscription, self._function, input)
        fields = Transaction(
            deployment.chain_id, nonce, Address(deployment.consumer), 0, call, REQUEST_GAS, FEE_WEI, 10**9
        )
        raw = await self._signers[place].sign_transaction(fields)
        try:
            await self._devnet.client.rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
        except ChainError:
            self.refused += 1
            raise

    async def watch(self) -> None:
        """Count what the chain says, until cancelled."""
        watcher = RequestWatcher(
            self._devnet.client, self._devnet.deployment.block_number, confirmations=0, poll_s=TICK_S
        )
        tally = self.tally
        async for event in watcher.follow():
            now = time.monotonic()
            match event:
                case SeenRequest(request_id=key):
                    tally.requested[key] = now
                case SeenDelivery(request_id=key):
                    tally.deliveries[key] = tally.deliveries.get(key, 0) + 1
                    tally.closed[key] = now
                    tally.failed += not event.success
                case SeenExpiry(request_id=key):
                    tally.closed[key] = now
                    tally.expired += 1
                case _:
                    continue
            async with tally.changed:
                tally.changed.notify_all()


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a group of processes: resident memory in bytes (shared pages counted once a process), CPU seconds so far."""

    resident_bytes: int
    cpu_s: float


def usage(pids: Iterable[int]) -> Usage:
    """What these processes and all their descendants use now (Linux)."""
    resident, ticks = 0, 0
    for pid in _with_children(pids):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        except (OSError, IndexError):
            continue
        ticks += int(stat[11]) + int(stat[12])
    return Usage(resident, ticks / 100)


def _with_children(pids: Iterable[int]) -> list[int]:
    found = list(pids)
    for pid in found:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found
