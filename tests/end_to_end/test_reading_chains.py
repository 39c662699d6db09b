"""Functions that read chains, on real parts: at the request's own block, and on another chain at an agreed height."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.client import ChainClient
from executor.chain.devchain import Devchain
from executor.chain.embedded import EmbeddedChain
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.crypto.digests import keccak256
from executor.model.function import Function
from executor.model.ids import Address
from executor.model.manifest import Terms
from executor.model.request import ZERO_ADDRESS
from executor.receipts import all_passed
from executor.testing.devnet import Devnet
from tests.end_to_end.journey import OTHER_CHAIN, checks_of, follow
from tests.evm_guest import two_step_guest

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

HOLDER = bytes(12) + dev_accounts()[7].address
BALANCE_OF = Path(__file__).resolve().parents[2] / "fixtures" / "guests" / "c_balance_of.wasm"
# Called with a word it returns what is stored under it, called with two it stores the second.
TOKEN = bytes.fromhex("36604414601157600435545f5260205ff35b6024356004355500")
CONSTRUCTOR = bytes.fromhex("600b380380600b5f395ff3")  # the code is what follows


class Token:
    """A token on a chain, as far as anybody needs one here."""

    def __init__(self, chain: Devchain) -> None:
        self._client = ChainClient([chain.url], chain.chain_id, ZERO_ADDRESS)
        self._sender = TransactionSender(self._client, dev_account(dev_accounts()[6]))
        self.address = ZERO_ADDRESS

    async def __aenter__(self) -> Token:
        made = await self._sender.send(None, CONSTRUCTOR + TOKEN)
        assert made.contract is not None
        self.address = Address(made.contract)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def give(self, amount: int) -> None:
        """Set the holder's balance."""
        await self._sender.send(self.address, bytes(4) + HOLDER + amount.to_bytes(32, "big"))


async def test_a_balance_at_the_requests_block_is_delivered(devnet: Devnet) -> None:
    """What it is a block later, nobody reads; the receipt replays without any chain."""
    async with Token(devnet.chain) as token:
        await token.give(41)
        terms = Terms.model_validate({"capabilities": {"evm": {"chains": [devnet.chain.chain_id]}}})
        function_id = await devnet.register(Function(BALANCE_OF.read_bytes(), terms))
        positions = await devnet.network.positions()
        seen = await devnet.request(function_id, token.address + HOLDER[12:])
        await token.give(42)
        journey = await follow(devnet, seen.request_id, positions, [0, 1, 2, 3])
    price = await devnet.consumer.read()
    assert (price.price, price.timestamp, price.error) == (41, seen.request.block_timestamp, b"")
    assert all_passed(checks_of(journey.receipt))
    observed = {event["observed"] for _, event in journey.of("observed")}
    assert observed == {"value"}


async def test_a_second_chain_is_read_at_a_height_that_was_agreed(devnet: Devnet, other_chain: EmbeddedChain) -> None:
    """Two observations: the height, and what is there; what comes later changes nothing."""
    async with Token(other_chain) as token:
        await token.give(7)
        asked = "0x" + keccak256(b"balanceOf(address)")[:4].hex() + HOLDER.hex()
        reader = two_step_guest(OTHER_CHAIN, str(token.address), asked, devnet.chain.chain_id, OTHER_CHAIN)
        function_id = await devnet.register(reader)
        positions = await devnet.network.positions()
        seen = await devnet.request(function_id)
        journey = await follow(devnet, seen.request_id, positions, [0, 1, 2, 3])
        height = int(journey.receipt.transcript[0].value)
        await token.give(8)
    assert journey.receipt.payload == (7).to_bytes(32, "big") + bytes(32)
    assert [entry.value for entry in journey.receipt.transcript] == [str(height).encode(), (7).to_bytes(32, "big")]
    assert height > 0
    assert (await devnet.consumer.read()).error == b""
    assert all_passed(checks_of(journey.receipt))
