"""A Rebalancer with its pools and tokens on an EVM in memory: what it makes of a move, whatever the pools hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth.vm.spoof import SpoofTransaction

from executor.chain.contracts import calldata, contract, creation
from executor.chain.embedded.ledger import COINBASE, GAS_LIMIT, Ledger
from executor.crypto.digests import keccak256

ROUTER, OWNER, TREASURY = (bytes([each]) * 20 for each in (1, 2, 3))
FUNCTION = bytes([4]) * 32
METADATA = FUNCTION + b"rebalancer" + OWNER + bytes(2)
RESERVES = (5, 6)  # the pool's storage slots, after ERC20's five
UNIT = 10**18
PRICE_SCALE = 10**36
REFUSALS = (
    *("None", "Malformed", "NothingToDo", "OtherNonce", "Expired", "DeadlineTooFar", "TooSoon", "TooMuch"),
    *("NotBestPool", "BelowMinimum", "SlippageTooWide", "PriceDeviates", "SwapFailed"),
)


@dataclass(frozen=True, slots=True)
class Books:
    """What the contracts hold: reserves of both pools, balances, and the owner's bounds and reference."""

    pools: tuple[tuple[int, int], tuple[int, int]]
    balances: tuple[int, int]
    most: tuple[int, int] = (2**127, 2**127)
    slippage: int = 100
    deviation: int = 1_000
    price: int = 2_000 * PRICE_SCALE
    interval: int = 0

    def line(self, nonce: int = 0, moved_at: int = 0, decimals: tuple[int, int] = (18, 18)) -> str:
        """As the function observes the home chain."""
        bounds = (*self.most, self.interval, self.slippage, self.deviation)
        numbers = (nonce, moved_at, self.price, *bounds, *self.pools[0], *self.pools[1], *self.balances, *decimals)
        return ",".join(map(str, numbers))


class Treasury:
    """The contracts; what `holding` sets up is gone afterwards."""

    def __init__(self) -> None:
        ledger = Ledger(31337)
        vm: Any = ledger._chain.get_vm(ledger.blocks[0].block.header)
        self._vm = vm
        free = vm.get_header().copy(base_fee_per_gas=0)
        self._state = vm.build_state(vm.chaindb.db, free, vm.chain_context, vm.previous_hashes)
        self._state.set_balance(COINBASE, 1)  # an empty account would be removed by each run, and with each snapshot
        self.now: int = free.timestamp
        made = sorted(self._create("DemoToken", name, name) for name in ("Zero", "One"))
        self.tokens = (made[0], made[1])
        self.pools = tuple(self._create("ConstantProductPool", *self.tokens) for _ in range(2))
        self.address = self._create(
            *("Rebalancer", ROUTER, OWNER, FUNCTION, OWNER, 3_600, TREASURY, self.pools, PRICE_SCALE)
        )

    @contextmanager
    def holding(self, books: Books) -> Iterator[None]:
        """Within, the books say so."""
        snapshot = self._state.snapshot()
        for pool, reserves in zip(self.pools, books.pools, strict=True):
            for slot, token, reserve in zip(RESERVES, self.tokens, reserves, strict=True):
                self._state.set_storage(pool, slot, reserve)
                self._state.set_storage(token, _balance_slot(pool), reserve)
        for token, balance in zip(self.tokens, books.balances, strict=True):
            self._state.set_storage(token, _balance_slot(self.address), balance)
        bounds = (*books.most, books.interval, books.slippage, books.deviation)
        self._send("Rebalancer", self.address, "setBounds", bounds, sender=OWNER)
        self._send("Rebalancer", self.address, "setReference", books.price, sender=OWNER)
        try:
            yield
        finally:
            self._state.revert(snapshot)

    def push(self, output: bytes) -> str:
        """What becomes of an output: Moved, or the refusal's name."""
        logs = self._logs(self.address, calldata("Rebalancer", "onReport", METADATA, output), ROUTER)
        topics = {self._topic("Moved"): "Moved", self._topic("MoveRefused"): "MoveRefused"}
        (told,) = [(topics[log[1][0]], log[2]) for log in logs if log[0] == self.address and log[1][0] in topics]
        return told[0] if told[0] == "Moved" else REFUSALS[int.from_bytes(told[1], "big")]

    def balances(self) -> tuple[int, int]:
        """What the treasury holds."""
        first, second = (self._state.get_storage(token, _balance_slot(self.address)) for token in self.tokens)
        return first, second

    def views(self) -> tuple[list[tuple[int, ...]], list[int]]:
        """The reserves and balances that the contracts themselves tell."""
        reserves = [self._send("ConstantProductPool", pool, "reserves") for pool in self.pools]
        balances = [self._send("DemoToken", token, "balanceOf", self.address) for token in self.tokens]
        words = [(int.from_bytes(each[:32], "big"), int.from_bytes(each[32:], "big")) for each in reserves]
        return words, [int.from_bytes(each, "big") for each in balances]

    def _topic(self, event: str) -> int:
        return int(contract("Rebalancer").events[event]().topic, 16)

    def _create(self, name: str, *arguments: object) -> bytes:
        return bytes(self._run(b"", creation(name, *arguments), OWNER).msg.storage_address)

    def _send(self, name: str, to: bytes, function: str, *arguments: object, sender: bytes = OWNER) -> bytes:
        return bytes(self._run(to, calldata(name, function, *arguments), sender).output)

    def _logs(self, to: bytes, data: bytes, sender: bytes) -> Any:
        return self._run(to, data, sender).get_log_entries()

    def _run(self, to: bytes, data: bytes, sender: bytes) -> Any:
        unsigned = self._vm.create_unsigned_transaction(
            nonce=self._state.get_nonce(sender), gas_price=0, gas=GAS_LIMIT, to=to, value=0, data=data
        )
        done = self._state.costless_execute_transaction(SpoofTransaction(unsigned, from_=sender))
        done.raise_if_error()
        return done


def _balance_slot(account: bytes) -> int:
    """Where ERC20 keeps a balance: in its first mapping."""
    return int.from_bytes(keccak256(bytes(12) + account + bytes(32)), "big")
