"""The chain itself: blocks, their receipts and logs, and execution on top of any of them. One thread may use it.

Blocks are kept in memory. The list `blocks` is the canonical chain: reverting to a snapshot cuts it, and what is mined
next has other parents, which is how a reorganisation looks to clients.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from typing import Final as Constant

from eth.chains.base import MiningChain
from eth.constants import GAS_TX, POST_MERGE_DIFFICULTY, POST_MERGE_MIX_HASH, POST_MERGE_NONCE
from eth.db import get_db_backend
from eth.exceptions import Revert, VMError
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.constants import STANDARD_TOKEN_COST, TOTAL_COST_FLOOR_PER_TOKEN
from eth.vm.spoof import SpoofTransaction
from eth_hash.auto import keccak
from eth_utils.exceptions import ValidationError

from executor.chain.accounts import DEV_BALANCE_WEI, dev_accounts
from executor.chain.embedded.errors import InvalidParams, Refused, Reverted, RpcFault
from executor.chain.embedded.pool import Pool
from executor.chain.embedded.precompiles import ArkworksVM

GAS_LIMIT: Constant = 30_000_000  # a mainnet block's of 2024; anvil's default
COINBASE: Constant = bytes(20)
CALL_STIPEND: Constant = 2_300
ANSWERS_KEPT: Constant = 512  # of calls: several nodes read a block's state for one request
ANSWER_BYTES: Constant = 65_536  # of call data and answer; longer ones are not kept, so that all are 32 MiB at most
ESTIMATE_TOLERANCE: Constant = 0.05  # an estimate may be this much above the least that succeeds; geth: 0.015


@dataclass(frozen=True, slots=True)
class Mined:
    """A block with what its transactions did."""

    block: Any
    receipts: tuple[Any, ...]
    senders: tuple[bytes, ...]
    created: tuple[bytes | None, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What `eth_call` and `eth_estimateGas` run."""

    sender: bytes
    to: bytes
    data: bytes
    value: int
    gas: int | None


class Ledger:
    """A chain of mined blocks and the pool of waiting transactions."""

    def __init__(self, chain_id: int, *, pure_precompiles: bool = False, automine: bool = True) -> None:
        vm = PragueVM if pure_precompiles else ArkworksVM
        chain_class = MiningChain.configure("DevChain", chain_id=chain_id, vm_configuration=((0, vm),))
        genesis: Any = {
            "coinbase": COINBASE,
            "difficulty": POST_MERGE_DIFFICULTY,
            "gas_limit": GAS_LIMIT,
            "mix_hash": POST_MERGE_MIX_HASH,
            "nonce": POST_MERGE_NONCE,
            "timestamp": int(time.time()),
        }
        account = {"balance": DEV_BALANCE_WEI, "nonce": 0, "code": b"", "storage": {}}
        state: Any = {bytes(dev.address): account for dev in dev_accounts()}
        chain: Any = chain_class.from_genesis(get_db_backend(), genesis, state)
        self._chain = chain
        self.chain_id = chain_id
        self.automine = automine
        self.pool = Pool()
        self.blocks: list[Mined] = [Mined(chain.get_canonical_block_by_number(0), (), (), ())]
        self._by_hash: dict[bytes, int] = {self.blocks[0].block.hash: 0}
        self._transactions: dict[bytes, tuple[int, int]] = {}
        self._snapshots: list[int] = []
        self._answers: OrderedDict[tuple[bytes, Call], bytes] = OrderedDict()
        self._clock_offset_s = 0
        self._next_timestamp: int | None = None

    @property
    def head(self) -> int:
        """Number of the latest block."""
        return len(self.blocks) - 1

    def by_hash(self, hash: bytes) -> int | None:
        """Number of the canonical block with this hash."""
        return self._by_hash.get(hash)

    def transaction(self, hash: bytes) -> tuple[int, int] | None:
        """(block number, index) of a mined transaction."""
        return self._transactions.get(hash)

    def state(self, number: int) -> Any:
        """The state after block `number`, with that block's context."""
        return self._chain.get_vm(self.blocks[number].block.header).state

    # Mining

    def submit(self, raw: bytes) -> bytes:
        """Take a signed transaction, mine it when automining, and return its hash; raises Refused."""
        try:
            transaction: Any = self._vm().get_transaction_builder().decode(raw)
            transaction.validate()
            sender = transaction.sender
        except Exception as error:
            raise Refused(f"not a signed transaction: {error}") from error
        chain_id = getattr(transaction, "chain_id", None)
        if chain_id is not None and chain_id != self.chain_id:
            raise Refused(f"invalid chain id: {chain_id}, this chain is {self.chain_id}")
        if transaction.hash in self._transactions:
            raise Refused("already known")
        state = self.state(self.head)
        if transaction.nonce < state.get_nonce(sender):
            raise Refused(f"nonce too low: next nonce {state.get_nonce(sender)}, tx nonce {transaction.nonce}")
        if transaction.gas > GAS_LIMIT:
            raise Refused("exceeds block gas limit")
        if transaction.gas < max(transaction.intrinsic_gas, _floor_gas(transaction.data)):
            raise Refused("intrinsic gas too low")
        if transaction.max_fee_per_gas < self.next_header().base_fee_per_gas and self.automine:
            raise Refused("max fee per gas less than block base fee")
        if state.get_balance(sender) < transaction.value + transaction.gas * transaction.max_fee_per_gas:
            raise Refused("insufficient funds for gas * price + value")
        self.pool.add(transaction)
        if self.automine:
            self.mine()
        return bytes(transaction.hash)

    def next_header(self) -> Any:
        """The header of the block to be mined next, before its transactions."""
        parent = self.blocks[-1].block.header
        timestamp = self._next_timestamp or int(time.time()) + self._clock_offset_s
        return self._chain.create_header_from_parent(
            parent,
            coinbase=COINBASE,
            gas_limit=parent.gas_limit,
            mix_hash=keccak(parent.hash),  # prevrandao: anything that differs from block to block
            timestamp=max(timestamp, parent.timestamp + 1),
        )

    def mine(self) -> Mined:
        """Mine one block of everything executable in the pool; what turns out invalid is dropped."""
        header = self.next_header()
        vm: Any = self._chain.get_vm(header)
        transactions: list[Any] = []
        receipts: list[Any] = []
        created: list[bytes | None] = []
        while (transaction := self.pool.next(vm.state.get_nonce, header.base_fee_per_gas)) is not None:
            if transaction.gas > header.gas_limit - header.gas_used:
                break  # it is first in the next block
            self.pool.drop(transaction)
            try:
                receipt, computation = vm.apply_transaction(header, transaction)
            except ValidationError:
                continue
            header = vm.add_receipt_to_header(header, receipt)
            transactions.append(transaction)
            receipts.append(receipt)
            created.append(bytes(computation.msg.storage_address) if computation.msg.is_create else None)
        filled = vm.set_block_transactions_and_withdrawals(vm.get_block(), header, transactions, receipts)
        block = vm.mine_block(filled, coinbase=COINBASE, mix_hash=header.mix_hash).block
        self._chain.chaindb.persist_block(block)
        mined = Mined(block, tuple(receipts), tuple(bytes(each.sender) for each in transactions), tuple(created))
        self.blocks.append(mined)
        self._by_hash[block.hash] = self.head
        self._transactions.update({each.hash: (self.head, index) for index, each in enumerate(transactions)})
        self._next_timestamp = None
        return mined

    def advance(self, seconds: int) -> int:
        """Move the clock of later blocks forward; returns the whole offset."""
        self._clock_offset_s += seconds
        return self._clock_offset_s

    def set_next_timestamp(self, timestamp: int) -> None:
        """Fix the timestamp of the next block; later blocks go on from there. Raises InvalidParams for the past."""
        if timestamp <= self.blocks[-1].block.header.timestamp:
            raise InvalidParams("the next block's timestamp must be above the latest block's")
        self._next_timestamp = timestamp
        self._clock_offset_s = timestamp - int(time.time())

    def snapshot(self) -> int:
        """Remember the present; ids count from 1."""
        self._snapshots.append(self.head)
        return len(self._snapshots)

    def revert(self, snapshot: int) -> bool:
        """Forget the blocks and snapshots made since, and every transaction that waits; false for no such id."""
        if not 0 < snapshot <= len(self._snapshots):
            return False
        keep = self._snapshots[snapshot - 1] + 1
        del self._snapshots[snapshot - 1 :]
        for mined in self.blocks[keep:]:
            del self._by_hash[mined.block.hash]
            for transaction in mined.block.transactions:
                del self._transactions[transaction.hash]
        del self.blocks[keep:]
        self.pool.clear()
        return True

    # Calls

    def call(self, call: Call, number: int) -> bytes:
        """What the call returns in block `number`, after its transactions; raises Reverted."""
        block = self.blocks[number].block
        key = (bytes(block.hash), call)
        if (kept := self._answers.get(key)) is not None:
            return kept
        computation = self._run(call, block.header, GAS_LIMIT if call.gas is None else min(call.gas, GAS_LIMIT))
        _raise_for(computation)
        output = bytes(computation.output)
        if len(call.data) + len(output) <= ANSWER_BYTES:
            self._answers[key] = output
            if len(self._answers) > ANSWERS_KEPT:
                self._answers.popitem(last=False)
        return output

    def estimate(self, call: Call) -> int:
        """Gas with which the call succeeds in the next block; raises Reverted if none suffices."""
        high = GAS_LIMIT if call.gas is None else min(call.gas, GAS_LIMIT)
        header = self.next_header()
        computation = self._run(call, header, high)
        _raise_for(computation)
        used = self._intrinsic_gas(call) + computation.get_gas_used()
        low = max(used, _floor_gas(call.data)) - 1
        # The last is right for plain transfers, the first usually for others: EIP-150 keeps 1/64 of a frame.
        guesses = [(used + computation.get_gas_refund() + CALL_STIPEND) * 64 // 63, low + 1]
        while low + 1 < high:
            if (high - low) / high < ESTIMATE_TOLERANCE:
                break
            middle = min(max(guesses.pop(), low + 1), high - 1) if guesses else min((low + high) // 2, 2 * low)
            if self._run(call, header, middle).is_error:
                low = middle
            else:
                high = middle
        return high

    def _vm(self) -> Any:
        return self._chain.get_vm(self.blocks[-1].block.header)

    def _intrinsic_gas(self, call: Call) -> int:
        return int(self._unsigned(call, 0, 0).intrinsic_gas)

    def _unsigned(self, call: Call, nonce: int, gas: int) -> Any:
        return self._vm().create_unsigned_transaction(
            nonce=nonce, gas_price=0, gas=gas, to=call.to, value=call.value, data=call.data
        )

    def _run(self, call: Call, header: Any, gas: int) -> Any:
        """Run it on the state that the header names, in its context but for the fee; nothing is kept."""
        vm: Any = self._chain.get_vm(header)
        free = header.copy(base_fee_per_gas=0)
        state = vm.build_state(vm.chaindb.db, free, vm.chain_context, vm.previous_hashes)
        unsigned = self._unsigned(call, state.get_nonce(call.sender), gas)
        if gas < unsigned.intrinsic_gas:
            raise Refused("intrinsic gas too low")
        try:
            return state.costless_execute_transaction(SpoofTransaction(unsigned, from_=call.sender))
        except ValidationError as error:
            raise Refused(str(error)) from error


def _floor_gas(data: bytes) -> int:
    """EIP-7623: the least gas a transaction with this calldata needs."""
    zeros = data.count(0)
    return GAS_TX + TOTAL_COST_FLOOR_PER_TOKEN * (zeros + STANDARD_TOKEN_COST * (len(data) - zeros))


def _raise_for(computation: Any) -> None:
    error = computation.error if computation.is_error else None
    if error is None:
        return
    if isinstance(error, Revert):
        raise Reverted("execution reverted", "0x" + bytes(computation.output).hex())
    if isinstance(error, VMError):
        raise Refused(f"{type(error).__name__}: {error}")
    raise RpcFault(f"the EVM failed: {error!r}")
