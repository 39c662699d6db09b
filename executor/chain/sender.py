"""Sends transactions of one account: fees, nonces, replacement of what is not mined, and the wait for the receipt.

Rule 1. Keys stay with the signer: it is handed EIP-1559 fields and returns the signed bytes.
Rule 2. Nonces are given out under a lock: the lowest that is not mined and that nothing here waits with. So nothing is
        ever sent behind a gap, and what an earlier process left in the pool is replaced, not queued behind.
Rule 3. What is not mined is sent again with the same nonce and higher fees, up to the operator's cap; any of the
        versions may be mined. When another transaction took the nonce, it is sent with the next.
Rule 4. What a node calls underpriced is offered again for more, up to the cap: what it replaces may be of any price.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final as Constant
from typing import Literal, Protocol

from eth_hash.auto import keccak
from hexbytes import HexBytes
from web3.types import TxParams, Wei

from executor.chain.client import ChainClient, Receipt, checksum, well_formed
from executor.chain.fees import STEEP_BUMP, FeePolicy
from executor.chain.news import FeeCapped, LeftBehind, News
from executor.chain.refusals import Refused, refused
from executor.errors import ChainUnavailable, FeeTooHigh, InsufficientFunds, RpcRefused, TransactionFailed
from executor.model.codec import Natural, from_plain
from executor.model.ids import Address, Digest
from executor.model.transaction import Transaction

RECEIPT_POLL_S: Constant = 0.2
MAX_RECEIPT_POLL_S: Constant = 1.0  # what takes long is asked for less often
LOOK_S: Constant = 1.0  # between looks at whether the nonce is used
MAX_OUTRUN: Constant = 3
SUBMIT_ATTEMPTS: Constant = 12  # offers rise some eighty times the first, unless the cap ends it
SUBMIT_PAUSE_S: Constant = 0.05
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
    """Sends for one account on one chain; several transactions may wait at a time. Counters are for metrics."""

    def __init__(
        self,
        client: ChainClient,
        account: Account,
        *,
        fees: FeePolicy | None = None,
        bump_after_s: float = BUMP_AFTER_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.report: Callable[[News], None] = lambda _: None
        self.submitted = 0
        self.replaced = 0  # sent again for more
        self.mined = 0
        self.abandoned = 0  # not mined in time
        self.outrun = 0  # another transaction of ours or of another process took the nonce
        self.capped = 0  # waits for which the cap allowed no higher fee
        self._client = client
        self._account = account
        self._fees = fees or FeePolicy()
        self._bump_after_s = bump_after_s
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._waiting: dict[int, Transaction] = {}  # by nonce: what `send` waits for
        self._left: dict[int, Transaction] = {}  # by nonce: what nobody waits for any more, with what it pays
        self._looked_back = False

    @property
    def address(self) -> Address:
        """The account's address."""
        return self._account.address

    @property
    def waiting(self) -> int:
        """How many transactions wait to be mined."""
        return len(self._waiting)

    async def balance(self) -> int:
        """What the account can pay with, in wei."""
        return await self._client.balance(self.address)

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

        Raises TransactionFailed when the node refuses it or it is not mined in time, FeeTooHigh and InsufficientFunds
        among them, and RpcRefused when it cannot be estimated.
        """
        if gas is None:
            gas = await self.estimate(to, calldata, value_wei)
            gas += gas * GAS_MARGIN_PERCENT // 100
        blank = Transaction(self._client.chain_id, 0, to, value_wei, calldata, gas, 0, 0)
        for _ in range(MAX_OUTRUN):
            async with self._lock:
                fields, hash = await self._submit_next(blank)
            try:
                receipt = await self._wait(fields, hash)
            finally:
                self._waiting.pop(fields.nonce, None)
            if receipt is not None:
                return receipt
            self.outrun += 1
        raise TransactionFailed(f"its nonce was taken {MAX_OUTRUN} times: another process sends from {self.address}")

    async def _submit_next(self, blank: Transaction) -> tuple[Transaction, Digest]:
        """Rule 2, Rule 4."""
        said, too_little = "", None
        for attempt in range(SUBMIT_ATTEMPTS):
            if attempt:
                await asyncio.sleep(SUBMIT_PAUSE_S)
            wanted = replace(blank, nonce=await self._free_nonce())
            base_fee = (await self._client.head()).base_fee_wei
            left = self._left.get(wanted.nonce)
            if too_little is not None:
                fields = self._fees.outbid(too_little, wanted, base_fee, STEEP_BUMP)
            elif left is not None:
                fields = self._fees.outbid(left, wanted, base_fee)
            else:
                fields = self._fees.price(wanted, base_fee)
            try:
                hash = await self._submit(fields)
            except RpcRefused as error:
                said = error.message
                match refused(error):
                    case Refused.NONCE_TOO_LOW:
                        continue  # a count from before the last block
                    case Refused.UNDERPRICED | Refused.REPLACEMENT:
                        too_little = fields
                        continue
                    case Refused.FUNDS:
                        cost = fields.gas * fields.max_fee_per_gas + fields.value
                        raise InsufficientFunds(
                            f"{self.address} cannot pay up to {cost} wei: {error.message}"
                        ) from error
                    case _:
                        raise TransactionFailed(f"refused by the node: {error.message}") from error
            self._left.pop(fields.nonce, None)
            self._waiting[fields.nonce] = fields
            self.submitted += 1
            return fields, hash
        raise TransactionFailed(f"refused by the node {SUBMIT_ATTEMPTS} times, the last time because: {said}")

    async def _free_nonce(self) -> int:
        """The lowest nonce that is not mined and that nothing of this process waits with."""
        mined = await self._count("latest")
        if not self._looked_back:
            if (pending := await self._count("pending")) > mined:
                self.report(LeftBehind(mined, pending - mined))
            self._looked_back = True
        self._left = {nonce: left for nonce, left in self._left.items() if nonce >= mined}
        nonce = mined
        while nonce in self._waiting:
            nonce += 1
        return nonce

    async def _submit(self, fields: Transaction) -> Digest:
        raw = await self._account.signer.sign_transaction(fields)
        hash = Digest(keccak(raw))
        try:
            # Not through web3: whatever an endpoint answers but a refusal, the transaction may be on its way.
            await self._client.rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
        except RpcRefused as error:
            # Sent before: by an attempt whose answer was lost, or through another endpoint.
            if refused(error) is not Refused.KNOWN:
                raise
        return hash

    async def _wait(self, fields: Transaction, first: Digest) -> Receipt | None:
        """Rule 3; None when another transaction took the nonce."""
        hashes = [first]
        begun = time.monotonic()
        bump, look = begun + self._bump_after_s, begun + LOOK_S
        gone = 0
        trouble = ""
        while (now := time.monotonic()) < begun + self._timeout_s:
            try:
                for hash in hashes:
                    if (receipt := await self._client.receipt(hash)) is not None:
                        self.mined += 1
                        return receipt
                if now >= look:
                    look = now + LOOK_S
                    # Twice, since a receipt may be agreed on a moment after the count.
                    gone = gone + 1 if await self._count("latest") > fields.nonce else 0
                    if gone == 2:
                        return None
                if now >= bump:
                    bump = now + self._bump_after_s
                    fields, hashes = await self._raise(fields, hashes)
                trouble = ""
            except ChainUnavailable as error:
                trouble = f" ({error})"  # it is sent: an endpoint that fails now loses nothing
            await asyncio.sleep(min(MAX_RECEIPT_POLL_S, RECEIPT_POLL_S + (now - begun) / 20))
        self.abandoned += 1
        self._left[fields.nonce] = fields
        raise TransactionFailed(f"not mined within {self._timeout_s:g} s: {', '.join(map(str, hashes))}{trouble}")

    async def _raise(self, fields: Transaction, hashes: list[Digest]) -> tuple[Transaction, list[Digest]]:
        """Send it again for more, or, where the cap forbids that, as it is: a pool may have dropped it."""
        base_fee = (await self._client.head()).base_fee_wei
        higher = fields
        try:
            higher = self._fees.outbid(fields, fields, base_fee)
        except FeeTooHigh:
            self.capped += 1
            self.report(FeeCapped(fields.nonce, str(fields.max_fee_per_gas), str(base_fee)))
        try:
            hash = await self._submit(higher)
        except RpcRefused:
            return fields, hashes  # mined meanwhile, or still underpriced: the wait goes on
        self._waiting[fields.nonce] = higher
        if hash in hashes:
            return fields, hashes
        self.replaced += 1
        return higher, [*hashes, hash]

    async def _count(self, tag: Literal["latest", "pending"]) -> int:
        with well_formed():
            raw = await self._client.w3.eth.get_transaction_count(checksum(self.address), tag)
            count: int = from_plain(Natural, raw)
            return count
