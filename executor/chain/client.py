"""One chain as a node sees it: its blocks, the router and committee, and epochs as the model's values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from typing import Final as Constant

from eth_abi.exceptions import DecodingError
from eth_typing import BlockNumber, ChecksumAddress
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.contract.async_contract import AsyncContract, AsyncContractFunction
from web3.exceptions import TransactionNotFound, Web3Exception
from web3.types import LogReceipt

from executor.chain.bindings import load
from executor.chain.bloom import BLOOM_BYTES
from executor.chain.contracts import connect
from executor.chain.dates import Dates
from executor.chain.provider import RpcProvider
from executor.chain.quantity import data, parse_data, parse_quantity, quantity
from executor.chain.readings import read
from executor.errors import ChainUnavailable, InvalidConfig, RpcRefused
from executor.model.codec import Hex, Natural, from_plain
from executor.model.ids import Address, Digest
from executor.model.receipt import ChainLocation
from executor.model.transaction import Quantity

Json = Any
T = TypeVar("T")

SAFE_BITS: Constant = 53  # of block numbers and timestamps: what canonical JSON holds
MAX_CONTRACTS: Constant = 64  # kept at a time: router, committee, registry, a few verifiers and consumers

# What web3, its codecs and our own checks raise for a reply of another type, shape or range.
MALFORMED: Constant = (
    Web3Exception,
    DecodingError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
)


@dataclass(frozen=True, slots=True)
class Block:
    """What we use of a block header."""

    number: Natural
    hash: Digest
    parent_hash: Digest
    timestamp: Natural
    base_fee_wei: Quantity
    logs_bloom: Hex = bytes(BLOOM_BYTES)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction; `logs` as web3 gives them."""

    location: ChainLocation
    succeeded: bool
    gas_used: Natural
    contract: Address | None
    logs: Sequence[LogReceipt]


class ChainClient:
    """Reads one chain. Use it as an async context manager: entering checks chain id and router.

    Every read raises ChainUnavailable for a malformed reply and where no endpoint answers.
    """

    def __init__(
        self, rpc_urls: Sequence[str], chain_id: int, router: Address, *, dates: Dates | None = None, **rpc_options: Any
    ) -> None:
        self.rpc = RpcProvider(rpc_urls, chain_id, **rpc_options)
        self.w3 = connect(self.rpc)
        self.chain_id = chain_id
        self.router = router
        self._dates = dates
        self._committee: Address | None = None
        self._contracts: dict[tuple[str, Address], AsyncContract] = {}

    async def connect(self) -> None:
        """Find the router's committee; raises WrongChain, ChainUnavailable, or InvalidConfig if there is no router."""
        if not await self.code(self.router):
            raise InvalidConfig(f"there is no contract at the router's address {self.router}")
        try:
            found = await self.read(self.contract("Router", self.router).functions.committee())
        except RpcRefused as error:
            raise InvalidConfig(f"the contract at the router's address {self.router} is no Router: {error}") from error
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
        block = await self._block("eth_getBlockByNumber", tag)
        if block is None:
            raise ChainUnavailable(f"the endpoint has no {tag} block")
        return block

    async def block(self, number: int) -> Block | None:
        """The canonical block of a number, if the endpoint has it."""
        block = await self._block("eth_getBlockByNumber", quantity(number))
        if block is not None and block.number != number:
            raise ChainUnavailable(f"asked for block {number}, got {block.number}")
        return block

    async def block_by_hash(self, hash: Digest) -> Block | None:
        """The block of a hash, if the endpoint has it."""
        block = await self._block("eth_getBlockByHash", data(hash))
        if block is not None and block.hash != hash:
            raise ChainUnavailable(f"asked for block {hash}, got {block.hash}")
        return block

    async def receipt(self, transaction: Digest) -> Receipt | None:
        """The receipt of a transaction, if it is mined."""
        with well_formed():
            try:
                raw = await self.w3.eth.get_transaction_receipt(HexBytes(transaction))
            except TransactionNotFound:
                return None
            location = ChainLocation(
                from_plain(Digest, raw["transactionHash"]),
                from_plain(Natural, raw["blockNumber"]),
                from_plain(Digest, raw["blockHash"]),
            )
            receipt = Receipt(
                location=location,
                succeeded=raw["status"] == 1,
                gas_used=from_plain(Natural, raw["gasUsed"]),
                contract=from_plain(Address | None, raw.get("contractAddress")),
                logs=raw["logs"],
            )
        if location.transaction != transaction:
            raise ChainUnavailable(f"asked for the receipt of {transaction}, got that of {location.transaction}")
        return receipt

    async def code(self, address: Address) -> bytes:
        """The contract's runtime code; empty if there is none."""
        with well_formed():
            return await self.w3.eth.get_code(checksum(address))

    async def balance(self, address: Address) -> int:
        """The account's balance in wei."""
        with well_formed():
            balance: int = from_plain(Quantity, await self.w3.eth.get_balance(checksum(address)))
            return balance

    def contract(self, name: str, address: Address) -> AsyncContract:
        """A committed contract at an address of this chain; kept, because web3 takes milliseconds to make one."""
        key = (name, address)
        if key not in self._contracts:
            if len(self._contracts) >= MAX_CONTRACTS:
                del self._contracts[next(iter(self._contracts))]
            self._contracts[key] = self.w3.eth.contract(checksum(address), abi=load(name).abi)
        return self._contracts[key]

    async def read(self, view: AsyncContractFunction, block: int | None = None) -> Any:
        """What a view returns, now or at the end of a block; raises RpcRefused for a revert."""
        with well_formed():
            return await view.call(block_identifier="latest" if block is None else BlockNumber(block))

    async def _block(self, method: str, which: str) -> Block | None:
        """Past web3, whose formatters cost more than everything else of a poll."""
        with well_formed():
            raw = read(method, [which], await self.rpc.call(method, which, False))
            if raw is None:
                return None
            block = Block(
                number=parse_quantity(raw["number"], SAFE_BITS),
                hash=Digest(parse_data(raw["hash"], 32)),
                parent_hash=Digest(parse_data(raw["parentHash"], 32)),
                timestamp=parse_quantity(raw["timestamp"], SAFE_BITS),
                base_fee_wei=parse_quantity(raw["baseFeePerGas"]),
                logs_bloom=parse_data(raw["logsBloom"], BLOOM_BYTES),
            )
        if self._dates is not None:
            self._dates.check(self.chain_id, block.number, block.timestamp)
        return block


def checksum(address: Address) -> ChecksumAddress:
    """The address in web3's form."""
    return to_checksum_address(address)


@contextmanager
def well_formed() -> Iterator[None]:
    """Around whatever reads a reply: what does not fit it is ChainUnavailable."""
    try:
        yield
    except MALFORMED as error:
        raise ChainUnavailable(f"malformed reply: {type(error).__name__}: {error}"[:300]) from error
