"""The market itself on an EVM in this process: its contracts, its price, and whom it would liquidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import decode, encode
from eth_account import Account

from executor.chain.accounts import dev_accounts
from executor.chain.contracts import calldata, creation
from executor.chain.embedded.errors import Reverted
from executor.chain.embedded.ledger import Call, Ledger
from executor.crypto.digests import keccak256
from executor.model.ids import Address

CHAIN = 31_337
OWNER = dev_accounts()[0]
HEALTHY = "0x" + keccak256(b"Healthy(address)")[:4].hex()
FUNCTION = b"\x01" * 32
GAS = 29_000_000
FEE_WEI = 10**10
UNLIMITED = 2**256 - 1
HOLDINGS = ["(address,uint256,uint256)[]"]


class GuardChain:
    """A CollateralGuard that takes reports from its owner, as if that were the router."""

    def __init__(self, terms: tuple[int, ...], seed_price: int) -> None:
        self._ledger, self._nonce = Ledger(CHAIN), 0
        owner = OWNER.address
        self.collateral, self.debt = self._create("DemoToken", "Gold", "G"), self._create("DemoToken", "Dollar", "D")
        self.crowd, self.on_chain = self._create("DemoCrowd"), self._create("OnChainGuard")
        rules = (seed_price, 86_400, 1, 9_999)
        self.market = self._create(
            "CollateralGuard", owner, owner, FUNCTION, owner, 3_600, (self.collateral, self.debt), terms, rules
        )
        self.send("DemoToken", self.debt, "mint", owner, 10**30)
        self.send("DemoToken", self.debt, "approve", self.market, UNLIMITED)
        self.send("CollateralGuard", self.market, "supply", 10**29)
        self.send("CollateralGuard", self.market, "fundReserve", 10**29)

    def borrow(self, positions: Sequence[tuple[int, int]]) -> None:
        """(collateral, debt) of each, at the present price."""
        words = [collateral << 128 | debt for collateral, debt in positions]
        self.send("DemoCrowd", self.crowd, "open", self.market, self.collateral, words)

    def report(self, price: int) -> None:
        """The market's price is this from now on."""
        self._ledger.advance(5)
        self._ledger.mine()
        now = self._ledger.blocks[-1].block.header.timestamp
        metadata = FUNCTION + bytes(10) + OWNER.address + bytes(2)
        self.send(
            "CollateralGuard",
            self.market,
            "onReport",
            metadata,
            encode(["uint256", "uint64", "address[]"], [price, now, []]),
        )
        assert decode(["uint192", "uint40", "bool"], self.read("CollateralGuard", self.market, "price"))[::2] == (
            price,
            True,
        )

    def holdings(self) -> list[tuple[str, int, int]]:
        """Every position, as the market's view has it."""
        (found,) = decode(HOLDINGS, self.read("CollateralGuard", self.market, "positions", 0, 10_000))
        return list(found)

    def named(self, price: int) -> list[str]:
        """Whom OnChainGuard names."""
        (found,) = decode(["address[]"], self.read("OnChainGuard", self.on_chain, "accounts", self.market, price))
        return list(found)

    def liquidates(self, account: str) -> bool:
        """Whether the market lets its owner liquidate an account now, at its own price."""
        data = calldata("CollateralGuard", "liquidate", Address.from_hex(account), UNLIMITED)
        try:
            self._ledger.call(Call(OWNER.address, self.market, data, 0, GAS), self._ledger.head)
        except Reverted as reverted:
            if not str(reverted.data).startswith(HEALTHY):
                raise
            return False
        return True

    def views(self, to: bytes, data: bytes) -> bytes | None:
        """What a function's call returns."""
        try:
            return self._ledger.call(Call(bytes(20), to, data, 0, None), self._ledger.head)
        except Reverted:
            return None

    def read(self, contract: str, address: Address, function: str, *arguments: object) -> bytes:
        """A view's return data."""
        return self._ledger.call(
            Call(bytes(20), address, calldata(contract, function, *arguments), 0, None), self._ledger.head
        )

    def send(self, contract: str, address: Address, function: str, *arguments: object) -> None:
        """The owner's transaction; it succeeds."""
        self._mine(address, calldata(contract, function, *arguments))

    def _create(self, name: str, *arguments: object) -> Address:
        mined = self._mine(None, creation(name, *arguments))
        made = mined.created[0]
        assert made is not None
        return Address(made)

    def _mine(self, to: Address | None, data: bytes) -> Any:
        fields = {"type": 2, "chainId": CHAIN, "nonce": self._nonce, "to": bytes(to or b""), "value": 0, "data": data}
        fees = {"gas": GAS, "maxFeePerGas": FEE_WEI, "maxPriorityFeePerGas": 0}
        self._ledger.submit(bytes(Account.sign_transaction(fields | fees, OWNER.private_key).raw_transaction))
        self._nonce += 1
        mined = self._ledger.blocks[-1]
        assert mined.receipts[0].state_root == b"\x01", "the transaction reverted"
        return mined
