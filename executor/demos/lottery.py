"""A raffle of thousands of tickets, drawn by a function that was asked when the sale was over (docs/lottery.md)."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Final

from executor.crypto import bls
from executor.crypto.digests import draw_digest, ticket_randomness
from executor.crypto.draws import draw_value, verify_round
from executor.demos.examples import example
from executor.demos.stage import Stage
from executor.errors import ChainError, HostFault
from executor.model.draw import DrandDraw, parse_draw
from executor.model.function import Function
from executor.model.ids import Address, Digest, RequestId
from executor.model.manifest import RandomCapability, parse_manifest
from executor.model.receipt import Receipt
from executor.node.reader import ask
from executor.testing.exchanges import RELAYS
from executor.testing.relays import development_chain, manifest_chain

NAME: Final = "lottery"
ABOUT: Final = "A raffle of 5,000 tickets, closed by anybody and drawn from a round that nobody knew."

DELAY_S: Final = 2  # from the closing to the round; of quicknet 30 at least
PRICE_WEI: Final = 10**15
SPONSORED_WEI: Final = 10**18
WINNERS: Final = 3
SHARE: Final = 1_000  # a tenth of the sales is the owner's
PURCHASES: Final = {4: 400, 5: 1_750, 6: 25, 7: 1_325, 8: 1_500}  # account: tickets
STRANGER: Final = 9
LIAR: Final = 3
# A development chain's block is a second after the last at least, so each transaction of a sale takes one of its seconds.
SALE_S: Final = 2 * len(PURCHASES)
PACE: Final = 8  # and on a slow machine so many times what one transaction took


@dataclass(frozen=True, slots=True)
class Lottery:
    """The contracts of one lottery, and the chain of drand that decides it."""

    stage: Stage
    beacon: Address
    raffles: Address

    async def raffle(self, raffle: int) -> dict[str, object]:
        """What the contract says of it: owner, tickets, stage, seed time, terms, sponsored, commitment."""
        names = ("owner", "tickets", "stage", "seedTime", "terms", "sponsored", "commitment")
        return dict(zip(names, await self.stage.view("FunctionRaffles", self.raffles, "raffle", raffle), strict=True))

    async def seed(self, request: RequestId) -> bytes:
        """The seed the contract holds; zeros while it has none."""
        return bytes(await self.stage.view("FunctionRaffles", self.raffles, "seedOf", bytes(request)))

    async def transact(self, function: str, *arguments: object, account: int = STRANGER, value_wei: int = 0) -> object:
        """Call the raffles' contract."""
        return await self.stage.transact(
            "FunctionRaffles", self.raffles, function, *arguments, account=account, value_wei=value_wei
        )


def seed_function() -> Function:
    """examples/raffle_seed, which draws from quicknet, on the chain whose rounds the devnet's relays sign."""
    function = example("raffle_seed")
    random = parse_manifest(
        '[function]\nname = "f"\nlanguage = "javascript"\nsource = "f.js"\n[limits]\nobservations = 0\n'
        f'[capabilities.random]\nsource = "drand"\ndelay_s = {DELAY_S}\n' + manifest_chain(development_chain())
    ).terms.capabilities.random
    assert isinstance(random, RandomCapability)
    return function
