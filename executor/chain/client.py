"""One chain as a node sees it: its blocks, the router and committee, and epochs as the model's values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from executor.chain.contract import Interface, interface
from executor.chain.quantity import data, parse_data, parse_quantity, quantity
from executor.chain.rpc import RpcClient
from executor.errors import ChainUnavailable, InvalidConfig, InvalidValue
from executor.model.ids import Address, Digest

Json = Any
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """What we use of a block header."""

    number: int
    hash: Digest
    parent_hash: Digest
    timestamp: int
    base_fee_wei: int


class ChainClient:
    """Reads one chain. Use it as an async context manager: entering checks chain id and router."""

    def __init__(self, rpc_urls: Sequence[str], chain_id: int, router: Address, **rpc_options: Any) -> None:
        self.rpc = RpcClient(rpc_urls, chain_id, **rpc_options)
        self.chain_id = chain_id
        self.router = router
        self._committee: Address | None = None

    async def connect(self) -> None:
        """Find the router's committee; raises WrongChain, ChainUnavailable, or InvalidConfig if there is no router."""
        if not await self.code(self.router):
            raise InvalidConfig(f"there is no contract at the router's address {self.router}")
        found = await self.read(self.router, interface("Router"), "committee")
        self._committee = Address.from_hex(found)

    @property
    def committee(self) -> Address:
        """The committee whose epochs the router obeys; known once connected."""
        if self._committee is None:
            raise ChainUnavailable("the chain client is not connected")
        return self._committee

    async def close(self) -> None:
        """Close the connections."""
        await self.rpc.close()

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def head(self, tag: str = "latest") -> Block:
        """The block a tag names."""
        block = await self._block("eth_getBlockByNumber", tag, False)
        if block is None:
            raise ChainUnavailable(f"the endpoint has no {tag} block")
        return block

    async def block(self, number: int) -> Block | None:
        """The canonical block of a number, if the endpoint has it; raises ChainUnavailable."""
        block = await self._block("eth_getBlockByNumber", quantity(number), False)
        if block is not None and block.number != number:
            raise ChainUnavailable(f"asked for block {number}, got {block.number}")
        return block

    async def block_by_hash(self, hash: Digest) -> Block | None:
        """The block of a hash, if the endpoint has it; raises ChainUnavailable."""
        block = await self._block("eth_getBlockByHash", data(hash), False)
        if block is not None and block.hash != hash:
            raise ChainUnavailable(f"asked for block {hash}, got {block.hash}")
        return block

    async def code(self, address: Address) -> bytes:
        """The contract's runtime code; empty if there is none."""
        raw = await self.rpc.call("eth_getCode", data(address), "latest")
        return expect(lambda: parse_data(raw), raw)

    async def balance(self, address: Address) -> int:
        """The account's balance in wei."""
        raw = await self.rpc.call("eth_getBalance", data(address), "latest")
        return expect(lambda: parse_quantity(raw), raw)

    async def read(self, address: Address, contract: Interface, name: str, *arguments: object) -> Any:
        """A view's result; raises RpcRefused for a revert and ChainUnavailable for a malformed reply."""
        call = {"to": data(address), "data": data(contract.calldata(name, *arguments))}
        raw = await self.rpc.call("eth_call", call, "latest")
        return expect(lambda: contract.result(name, parse_data(raw)), raw)

    async def _block(self, method: str, *params: Json) -> Block | None:
        raw = await self.rpc.call(method, *params)
        return None if raw is None else expect(lambda: _parse_block(raw), raw)


def expect(parse: Callable[[], T], raw: Json) -> T:
    """What `parse` makes of a reply; raises ChainUnavailable where it finds another type or range."""
    try:
        return parse()
    except (InvalidValue, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ChainUnavailable(f"malformed reply {repr(raw)[:120]}: {error}") from error


def _parse_block(raw: Json) -> Block:
    return Block(
        number=parse_quantity(raw["number"], 64),
        hash=Digest(parse_data(raw["hash"])),
        parent_hash=Digest(parse_data(raw["parentHash"])),
        timestamp=parse_quantity(raw["timestamp"], 64),
        base_fee_wei=parse_quantity(raw.get("baseFeePerGas", "0x0")),
    )
