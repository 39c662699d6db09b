"""Calls of our contracts whose refusals carry the contract's own error by name."""

from __future__ import annotations

from typing import Any

from executor.chain.client import ChainClient, Receipt
from executor.chain.contracts import calldata
from executor.chain.reverts import explain
from executor.chain.sender import TransactionSender
from executor.errors import ChainError, RpcRefused, TransactionFailed
from executor.model.ids import Address


async def transact(
    sender: TransactionSender, contract: str, address: Address, function: str, *arguments: object, value_wei: int = 0
) -> Receipt:
    """Call and wait until it is mined; raises TransactionFailed with the contract's error."""
    try:
        receipt = await sender.send(address, calldata(contract, function, *arguments), value_wei=value_wei)
    except RpcRefused as error:
        raise TransactionFailed(f"{function}: {explain(error)}") from error
    if not receipt.succeeded:
        raise TransactionFailed(f"{function} reverted in {receipt.location.transaction}")
    return receipt


async def view(
    client: ChainClient, contract: str, address: Address, function: str, *arguments: object, block: int | None = None
) -> Any:
    """What a view returns, now or at the end of a block; raises ChainError with the contract's error."""
    call = getattr(client.contract(contract, address).functions, function)(*arguments)
    try:
        return await client.read(call, block)
    except RpcRefused as error:
        raise ChainError(f"{function}: {explain(error)}") from error
