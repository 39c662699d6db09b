"""Where a use case is played: a running devnet, the story that is told, and what every use case does on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from executor.chain.accounts import dev_accounts
from executor.chain.calls import transact, view
from executor.chain.client import ChainClient
from executor.chain.client import Receipt as Mined
from executor.chain.contract_events import Happened, happened
from executor.chain.deploy import create
from executor.chain.devchain import Devchain
from executor.chain.logs import SeenRequest, decode, router_logs
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.chain.subscriptions import add_consumer
from executor.chain.triggers import register_trigger
from executor.demos.story import Event, Story
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.ids import Address, FunctionId, RegistrationId, RequestId
from executor.model.receipt import Receipt
from executor.model.trigger import TriggerKind
from executor.model.trigger_config import BlockConfig, CronConfig, HttpConfig, LogConfig, TriggerConfig
from executor.node.reader import ask
from executor.receipts import Check, Loader, all_passed, verify_receipt
from executor.receipts.files import parse_receipt
from executor.receipts.on_chain import verify_on_chain
from executor.testing.devnet import Devnet

TIMEOUT_S: Final = 90.0  # of any one wait: a request's rounds take seconds, on a busy machine many
POLL_S: Final = 0.1
OTHER_CHAIN: Final = 4242  # the id of the chain beside the network's own, where a use case reads one
FINALITY_BLOCKS: Final = 3  # after which a block is final: on anvil the last but two, on the embedded chain the last
OWNER: Final = 0  # the account that owns contracts, triggers and the subscription
KINDS: Final = {
    LogConfig: TriggerKind.LOG,
    CronConfig: TriggerKind.CRON,
    BlockConfig: TriggerKind.BLOCK,
    HttpConfig: TriggerKind.HTTP,
}


class Stage:
    """One use case's stage; accounts are numbers of the development chain's, the first owns what is made."""

    def __init__(self, devnet: Devnet, story: Story, receipts: Path, other: Devchain | None = None) -> None:
        self.devnet = devnet
        self.story = story
        self.receipts = receipts
        self.client: ChainClient = devnet.client
        self._other = other
        self._loader = Loader()
        self._senders: dict[int, TransactionSender] = {}
        self._positions: Mapping[int, int] = {node.index: 0 for node in devnet.nodes}

    # The chain.

    @property
    def other(self) -> Devchain:
        """The second chain, which functions read beside the home chain."""
        if self._other is None:
            raise HostFault("this stage has one chain only")
        return self._other

    def sender(self, account: int = OWNER) -> TransactionSender:
        """Who sends an account's transactions."""
        if account not in self._senders:
            self._senders[account] = TransactionSender(self.client, dev_account(dev_accounts()[account]))
        return self._senders[account]

    async def deploy(self, contract: str, *arguments: object, account: int = OWNER) -> Address:
        """Put a committed contract on chain; raises TransactionFailed."""
        return await create(self.sender(account), contract, *arguments)

    async def transact(
        self,
        contract: str,
        address: Address,
        function: str,
        *arguments: object,
        account: int = OWNER,
        value_wei: int = 0,
    ) -> Mined:
        """Call a contract and wait until it is mined; raises TransactionFailed with the contract's error."""
        return await transact(self.sender(account), contract, address, function, *arguments, value_wei=value_wei)

    async def mine(self, blocks: int = 1) -> None:
        """Empty blocks: development chains have a block for each transaction, and none without."""
        for _ in range(blocks):
            await self.client.rpc.call("evm_mine")

    async def view(self, contract: str, address: Address, function: str, *arguments: object) -> Any:
        """What a contract's view returns now; raises ChainError with the contract's error."""
        return await view(self.client, contract, address, function, *arguments)

    def happened(self, contract: str, address: Address, mined: Mined) -> list[Happened]:
        """A contract's own events in a transaction."""
        return happened(contract, address, mined.logs)

    async def delivery(self, receipt: Receipt) -> Mined:
        """The transaction that delivered a receipt's report."""
        if receipt.delivered is None:
            raise HostFault("the receipt names no delivery")
        mined = await self.client.receipt(receipt.delivered.transaction)
        if mined is None:
            raise HostFault(f"the chain does not know transaction {receipt.delivered.transaction}")
        return mined

    # Functions, and who pays.

    async def register(self, name: str, function: Function) -> FunctionId:
        """Make a function known on chain, and its bytes to all nodes."""
        identity = await self.devnet.register(function)
        size = f"{len(function.module):,} bytes of WASM"
        what = f"{len(function.source):,} bytes of source on an engine of {size}" if function.source else size
        self.story.line("function", f"{name}, {what}")
        self.story.line("", f"id {identity}, registered on chain, held by all nodes")
        return identity

    async def pay_for(self, consumer: Address) -> int:
        """Let a contract spend from the network's subscription; its number."""
        subscription = self.devnet.deployment.subscription
        await add_consumer(self.client, self.sender(), subscription, consumer)
        return subscription

    async def trigger(
        self,
        function: FunctionId,
        config: TriggerConfig,
        receiver: Address,
        *,
        callback_gas_limit: int,
        input: bytes = b"",
        name: bytes = b"",
    ) -> RegistrationId:
        """Register a trigger of the owner's, and wait until every living node follows it."""
        key = await register_trigger(
            self.client,
            self.sender(),
            kind=KINDS[type(config)],
            function=function,
            config=config.canonical(),
            subscription=self.devnet.deployment.subscription,
            receiver=receiver,
            callback_gas_limit=callback_gas_limit,
            name=name,
            input=input,
        )
        await self.mine(FINALITY_BLOCKS)  # it counts from the block after its own, once that is final
        for node in self.alive:
            await self._told(node, "trigger-registered", key)
        return key

    # Requests.

    @property
    def alive(self) -> list[int]:
        """The nodes that run."""
        return [each.index for each in self.devnet.nodes if each.node is not None and each.node.running]

    async def mark(self) -> None:
        """Forget what nodes have told so far: `delivered` and `triggered` look at what they tell from here on."""
        self._positions = await self.devnet.network.positions()

    async def requested(self, mined: Mined) -> SeenRequest:
        """The request that a transaction made; raises HostFault where it made none."""
        block = await self.client.block_by_hash(mined.location.block_hash)
        for log in router_logs(mined.logs, self.client.router):
            if block is not None:
                seen = decode(log, block, self.client.chain_id, self.client.router)
                if isinstance(seen, SeenRequest):
                    self.story.line("requested", f"{seen.request_id} in block {seen.location.block_number}")
                    return seen
        raise HostFault(f"the router was not asked in {mined.location.transaction}")

    async def triggered(self, registration: RegistrationId, block: int | None = None) -> RequestId:
        """The request that a trigger made since the last `mark`, or of the event in this block."""
        told = await self._told(self.alive[0], "triggered", registration, block)
        self.story.line("triggered", f"{told['request_id']} of block {told['block']}, by the trigger {registration}")
        return RequestId.from_hex(str(told["request_id"]))

    async def delivered(self, request_id: RequestId) -> Event:
        """Tell a request's journey until every living node saw it delivered; the delivery as the first node tells it.

        Raises HostFault when that takes too long.
        """
        begun, alive = time.monotonic(), set(self.alive)
        first: Event | None = None
        seen: set[int] = set()
        async for node, event in self.devnet.network.follow(self._positions, request_id, TIMEOUT_S):
            self.story.event(node, event)
            if event["kind"] == "delivered":
                if first is None:
                    took, first = time.monotonic() - begun, event
                    outcome = "succeeded" if event["callback_succeeded"] else "FAILED"
                    self.story.line("callback", f"{outcome} in block {event['block']}, {took:.2f} s after the request")
                seen.add(node)
                if seen >= alive:
                    return first
        raise HostFault(f"nodes stopped telling about {request_id}")

    async def receipt(self, request_id: RequestId) -> Receipt:
        """The receipt of a delivered request, kept in the receipts' folder; raises HostFault where no node has it."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            data = await self.devnet.network.receipt(self.alive[0], request_id)
            if data is not None and (receipt := parse_receipt(data)).delivered is not None:
                break
            if time.monotonic() > deadline:
                raise HostFault(f"node {self.alive[0]} has no receipt of {request_id} within {TIMEOUT_S:g} s")
            await asyncio.sleep(POLL_S)
        path = self.path_of(request_id)
        await asyncio.to_thread(path.write_bytes, data)
        self.story.line("receipt", str(path))
        return receipt

    def path_of(self, request_id: RequestId) -> Path:
        """Where `receipt` keeps a request's receipt."""
        return self.receipts / f"receipt-{str(request_id)[2:10]}.json"

    async def verify(self, receipt: Receipt) -> bool:
        """Tell every check that anyone can make of a receipt, offline and against the chain; whether all passed."""
        offline = await self.offline(receipt)
        checks = [*offline, *await verify_on_chain(receipt, self.devnet.chain.url)]
        return self.verdict(checks)

    async def offline(self, receipt: Receipt) -> list[Check]:
        """The checks that need no chain; an engine is compiled for the first receipt only."""
        return await asyncio.to_thread(verify_receipt, receipt, load=self._loader)

    def verdict(self, checks: Sequence[Check]) -> bool:
        """Tell checks that were made; whether all passed."""
        for check in checks:
            mark, style = ("✓", "green") if check.passed else ("✗", "bold red")
            self.story.line(f"{mark} {check.name}", check.detail, style)
        passed = all_passed(checks)
        self.story.line("", "accepted" if passed else "REFUSED", "bold green" if passed else "bold red")
        return passed

    # Nodes.

    async def lie(self, node: int, fault: str = "lying-observation") -> None:
        """Start a node again with a fault of executor/testing/faults.py built in; "" makes it honest again."""
        await self.devnet.restart(node, fault)
        await self.mark()  # it counts its events from one again

    async def _told(self, node: int, kind: str, registration: RegistrationId, block: int | None = None) -> Event:
        """The last event of a kind about a registration, or of a block; raises HostFault when none comes."""
        url, after = self.devnet.nodes[node].url, self._positions.get(node, 0)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while True:
                    told = await ask(url, f"/v1/events?after={after}")
                    for event in reversed(told if isinstance(told, list) else []):
                        mine = event["kind"] == kind and event["registration"] == str(registration)
                        if mine and block in (None, event["block"]):
                            return dict(event)
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise HostFault(f"node {node} told no {kind} of {registration} within {TIMEOUT_S:g} s") from error
