"""Sends transactions of one account: fees, nonces, replacement of what is not mined, and the wait for the receipt.

Rule 1. Keys stay with the signer: it is handed EIP-1559 fields and returns the signed bytes.
Rule 2. Nonces are given out under a lock. While nothing of ours waits, the endpoint's count decides, so that a
        transaction that was lost leaves no gap.
Rule 3. What is not mined in time is sent again with the same nonce and higher fees; any of the versions may be mined.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace
from typing import Final as Constant
from typing import Protocol

from eth_hash.auto import keccak
from hexbytes import HexBytes
from web3.types import TxParams, Wei

from executor.chain.client import ChainClient, Receipt, checksum, well_formed
from executor.errors import ChainUnavailable, RpcRefused, TransactionFailed
from executor.model.codec import Natural, from_plain
from executor.model.ids import Address, Digest
from executor.model.transaction import Transaction

PRIORITY_FEE_WEI: Constant = 10**9
RECEIPT_POLL_S: Constant = 0.2
BUMP_AFTER_S: Constant = 24.0  # two slots of Ethereum
TIMEOUT_S: Constant = 180.0
GAS_MARGIN_PERCENT: Constant = 10  # state may change between estimate and inclusion


class TransactionSigner(Protocol):
    """Whoever holds the account's key (executor/keys; `LocalSigner` for development)."""

    async def sign_transaction(self, transaction: Transaction, /) -> bytes:
        """The signed transaction, as `eth_sendRawTransaction` takes it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An address and its signer."""

    address: Address
    signer: TransactionSigner


class TransactionSender:
    """Sends for one account on one chain; several transactions may wait at a time."""

    def __init__(
        self, client: ChainClient, account: Account, *, bump_after_s: float = BUMP_AFTER_S, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._client = client
        self._account = account
        self._bump_after_s = bump_after_s
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._next_nonce = 0
        self._waiting = 0

    @property
    def address(self) -> Address:
        """The account's address."""
        return self._account.address

    async def estimate(self, to: Address | None, calldata: bytes, value_wei: int = 0) -> int:
        """Gas the transaction needs now; raises RpcRefused with the revert's data."""
        with well_formed():
            gas: int = from_plain(Natural, await self._client.w3.eth.estimate_gas(self.fields(to, calldata, value_wei)))
            return gas

    def fields(self, to: Address | None, calldata: bytes, value_wei: int = 0) -> TxParams:
        """An unsigned transaction or call of this account in web3's form."""
        fields = TxParams({"from": checksum(self.address), "data": HexBytes(calldata), "value": Wei(value_wei)})
        if to is not None:
            fields["to"] = checksum(to)
        return fields

    async def send(
        self, to: Address | None, calldata: bytes = b"", *, value_wei: int = 0, gas: int | None = None
    ) -> Receipt:
        """Send and wait until it is mined, reverted or not; `to` None creates a contract.

        Raises TransactionFailed when the node refuses it or it is not mined in time, RpcRefused when it cannot be
        estimated.
        """
        if gas is None:
            gas = await self.estimate(to, calldata, value_wei)
            gas += gas * GAS_MARGIN_PERCENT // 100
        blank = Transaction(self._client.chain_id, 0, to, value_wei, calldata, gas, 0, 0)
        async with self._lock:
            fields, hash = await self._submit_next(blank)
            self._waiting += 1
        try:
            return await self._wait(fields, hash)
        finally:
            self._waiting -= 1

    async def _submit_next(self, blank: Transaction) -> tuple[Transaction, Digest]:
        for stale in (False, True):
            count = await self._count()
            nonce = max(count, self._next_nonce) if self._waiting and not stale else count
            tip, fee = await self._fees()
            fields = replace(blank, nonce=nonce, max_priority_fee_per_gas=tip, max_fee_per_gas=fee)
            try:
                hash = await self._submit(fields)
            except RpcRefused as error:
                if "nonce too low" in error.message.lower() and not stale:
                    continue
                raise TransactionFailed(f"refused by the node: {error.message}") from error
            self._next_nonce = nonce + 1
            return fields, hash
        raise AssertionError("the second attempt returns or raises")

    async def _submit(self, fields: Transaction) -> Digest:
        raw = await self._account.signer.sign_transaction(fields)
        hash = Digest(keccak(raw))
        try:
            # Not through web3: whatever an endpoint answers but a refusal, the transaction may be on its way.
            await self._client.rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
        except RpcRefused as error:
            # Sent before: by an attempt whose answer was lost, or through another endpoint.
            if "already known" not in error.message.lower() and "already imported" not in error.message.lower():
                raise
        return hash

    async def _wait(self, fields: Transaction, first: Digest) -> Receipt:
        hashes = [first]
        deadline = time.monotonic() + self._timeout_s
        bump = time.monotonic() + self._bump_after_s
        trouble = ""
        while time.monotonic() < deadline:
            try:
                for hash in hashes:
                    if (receipt := await self._client.receipt(hash)) is not None:
                        return receipt
                if time.monotonic() >= bump:
                    bump = time.monotonic() + self._bump_after_s
                    fields = await self._bumped(fields)
                    # Refused: mined meanwhile, or still underpriced. The wait goes on.
                    with contextlib.suppress(RpcRefused):
                        hashes.append(await self._submit(fields))
                trouble = ""
            except ChainUnavailable as error:
                trouble = f" ({error})"  # it is sent: an endpoint that fails now loses nothing
            await asyncio.sleep(RECEIPT_POLL_S)
        raise TransactionFailed(f"not mined within {self._timeout_s:g} s: {', '.join(map(str, hashes))}{trouble}")

    async def _bumped(self, fields: Transaction) -> Transaction:
        """The same with fees an eighth higher, and not below today's."""
        tip, fee = await self._fees()
        return replace(
            fields,
            max_priority_fee_per_gas=max(fields.max_priority_fee_per_gas * 9 // 8 + 1, tip),
            max_fee_per_gas=max(fields.max_fee_per_gas * 9 // 8 + 1, fee),
        )

    async def _fees(self) -> tuple[int, int]:
        """(priority fee, maximum fee)."""
        base_fee = (await self._client.head()).base_fee_wei
        # Twice the base fee outlasts six full blocks (EIP-1559: an eighth a block).
        return PRIORITY_FEE_WEI, 2 * base_fee + PRIORITY_FEE_WEI

    async def _count(self) -> int:
        with well_formed():
            raw = await self._client.w3.eth.get_transaction_count(checksum(self.address), "pending")
            count: int = from_plain(Natural, raw)
            return count
