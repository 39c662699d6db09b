"""Constant-product pools of two tokens on a chain, and whoever trades in them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Final

from executor.chain.accounts import dev_accounts
from executor.chain.calls import transact, view
from executor.chain.client import ChainClient
from executor.chain.deploy import create
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.errors import HostFault
from executor.model.ids import Address

UNIT: Final = 10**18  # of both tokens
BASIS: Final = 10_000
FEE: Final = 30  # of a pool, in hundredths of a percent
TRADER: Final = 7  # the account that makes and moves the pools
TRIES: Final = 64  # deployments until an address is on the side that is wanted: half of them are
PURSE: Final = 10**12 * UNIT  # what whoever trades has of each token, so that no trade needs more
_POOL: Final = "ConstantProductPool"
_COIN: Final = "DemoToken"
_ANY: Final = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tokens of one chain: ether, and dollars that it is priced in."""

    client: ChainClient
    trader: TransactionSender
    ether: Address
    dollar: Address

    async def mint(self, token: Address, to: Address, amount: int) -> None:
        """Make some, as anyone may."""
        await transact(self.trader, _COIN, token, "mint", to, amount)

    async def held(self, account: Address) -> tuple[int, int]:
        """Ether and dollars of an account."""
        ether, dollar = [await view(self.client, _COIN, token, "balanceOf", account) for token in self.tokens]
        return ether, dollar

    async def pool(self, ether: int, price: int) -> Pool:
        """A new pool with so much ether at this price."""
        made = await create(self.trader, _POOL, *sorted(self.tokens))
        for token in self.tokens:
            await transact(self.trader, _COIN, token, "approve", made, _ANY)
        amounts = (ether, ether * price) if self.ether < self.dollar else (ether * price, ether)
        await transact(self.trader, _POOL, made, "addLiquidity", *amounts, 0)
        return Pool(self, made)

    @property
    def tokens(self) -> tuple[Address, Address]:
        """Both."""
        return self.ether, self.dollar


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool of a pair."""

    pair: Pair
    address: Address

    async def reserves(self) -> tuple[int, int]:
        """Of ether and dollars."""
        first, second = await view(self.pair.client, _POOL, self.address, "reserves")
        return (first, second) if self.pair.ether < self.pair.dollar else (second, first)

    async def price(self) -> float:
        """Dollars for one ether, for people."""
        ether, dollar = await self.reserves()
        return dollar / ether

    async def sell(self, token: Address, amount: int) -> None:
        """Trade so much of a token for the other."""
        to, forever = self.pair.trader.address, _ANY
        await transact(self.pair.trader, _POOL, self.address, "swap", token, amount, 0, to, forever)

    async def bring_to(self, price: int) -> None:
        """Trade until one ether is worth so many dollars."""
        ether, dollar = await self.reserves()
        wanted_ether = isqrt(ether * dollar // price)
        token, missing = self.pair.ether, wanted_ether - ether
        if missing < 0:
            token, missing = self.pair.dollar, wanted_ether * price - dollar
        if missing > 0:
            await self.sell(token, missing * BASIS // (BASIS - FEE))


async def make_pair(client: ChainClient, *, ether_first: bool) -> Pair:
    """Two tokens, and plenty of both for whoever trades; their addresses, and so pools' reserves, in this order."""
    trader = TransactionSender(client, dev_account(dev_accounts()[TRADER]))
    ether = await create(trader, _COIN, "Demonstration ether", "dETH")
    for _ in range(TRIES):
        dollar = await create(trader, _COIN, "Demonstration dollar", "dUSD")
        if (ether < dollar) is ether_first:
            pair = Pair(client, trader, ether, dollar)
            for token in pair.tokens:
                await pair.mint(token, trader.address, PURSE)
            return pair
    raise HostFault(f"none of {TRIES} addresses is on the other side of {ether}")
