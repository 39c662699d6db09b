"""Consumers of contracts/src, compiled on demand and put on a chain."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from web3 import Web3

from executor.chain.client import ChainClient, Receipt, checksum
from executor.chain.logs import SeenRequest, decode, router_logs
from executor.chain.sender import TransactionSender
from executor.model.ids import Address

TOOLS = Path(__file__).resolve().parents[2] / "contracts" / "tools"
sys.path.insert(0, str(TOOLS))

import compiler  # noqa: E402 (found through the line above)
import inputs  # noqa: E402


@cache
def consumer(name: str) -> Any:
    """web3's contract class of contracts/src/consumers/NAME.sol; on the settings that compile in seconds."""
    path = f"src/consumers/{name}.sol"
    given = json.loads(inputs.standard_input("src", only=path))
    given["settings"] |= {"viaIR": False}
    output = compiler.run(json.dumps(given))
    unit = output["contracts"][path][name]
    return Web3().eth.contract(abi=unit["abi"], bytecode="0x" + unit["evm"]["bytecode"]["object"])


class Deployed:
    """One contract on chain: calls by its owner or anybody, and views."""

    def __init__(self, name: str, address: Address) -> None:
        self._contract = consumer(name)
        self.address = address

    @classmethod
    async def create(cls, sender: TransactionSender, name: str, *arguments: object) -> Deployed:
        """Deploy it."""
        data = consumer(name).constructor(*arguments).data_in_transaction
        made = await sender.send(None, bytes.fromhex(data[2:]), value_wei=0)
        assert made.succeeded
        assert made.contract is not None
        return cls(name, made.contract)

    async def send(self, sender: TransactionSender, function: str, *arguments: object) -> Receipt:
        """A transaction that succeeds."""
        data = self._contract.encode_abi(function, args=list(arguments))
        done = await sender.send(self.address, bytes.fromhex(data[2:]))
        assert done.succeeded, function
        return done

    async def view(self, client: ChainClient, function: str, *arguments: object) -> Any:
        """What a view answers."""
        contract = client.w3.eth.contract(address=checksum(self.address), abi=self._contract.abi)
        return await client.read(contract.functions[function](*arguments))

    async def request(self, client: ChainClient, sender: TransactionSender, *arguments: object) -> SeenRequest:
        """Call `request` and find what the router made of it."""
        receipt = await self.send(sender, "request", *arguments)
        block = await client.block_by_hash(receipt.location.block_hash)
        assert block is not None
        for log in router_logs(receipt.logs, client.router):
            seen = decode(log, block, client.chain_id, client.router)
            if isinstance(seen, SeenRequest):
                return seen
        raise AssertionError("the router was not asked")
