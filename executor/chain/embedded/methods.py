"""The JSON-RPC methods, as one table from name to function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from typing import Final as Constant

from eth_account import Account
from eth_hash.auto import keccak

from executor.chain.accounts import dev_accounts
from executor.chain.embedded import encoding
from executor.chain.embedded.errors import InvalidParams, MethodNotFound, Refused
from executor.chain.embedded.ledger import Ledger, Mined
from executor.chain.quantity import data, parse_data, parse_quantity, quantity
from executor.errors import InvalidValue

Json = Any

PRIORITY_FEE_WEI: Constant = 10**9
MAX_BLOCKS_AT_ONCE: Constant = 10_000  # evm_mine and eth_feeHistory
CLIENT_VERSION: Constant = "executor/embedded/py-evm"


class Methods:
    """The methods over one ledger; `finality_depth` blocks from the head a block counts as finalized."""

    def __init__(self, ledger: Ledger, finality_depth: int = 0) -> None:
        self._ledger = ledger
        self._finality_depth = finality_depth
        self._methods: dict[str, Callable[..., Json]] = {
            "web3_clientVersion": lambda: CLIENT_VERSION,
            "web3_sha3": lambda raw: data(keccak(_data(raw))),
            "net_version": lambda: str(ledger.chain_id),
            "eth_chainId": lambda: quantity(ledger.chain_id),
            "eth_syncing": lambda: False,
            "eth_accounts": lambda: [data(account.address) for account in dev_accounts()],
            "eth_blockNumber": lambda: quantity(ledger.head),
            "eth_gasPrice": lambda: quantity(ledger.next_header().base_fee_per_gas + PRIORITY_FEE_WEI),
            "eth_maxPriorityFeePerGas": lambda: quantity(PRIORITY_FEE_WEI),
            "eth_feeHistory": self._fee_history,
            "eth_getBalance": self._balance,
            "eth_getCode": self._code,
            "eth_getStorageAt": self._storage,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockReceipts": self._block_receipts,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getLogs": self._logs,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_sendRawTransaction": lambda raw: data(ledger.submit(_data(raw))),
            "eth_sendTransaction": self._send,
            "evm_mine": self._mine,
            "evm_increaseTime": lambda seconds: ledger.advance(_natural(seconds)),
            "evm_setNextBlockTimestamp": lambda timestamp: ledger.set_next_timestamp(_natural(timestamp)),
            "evm_setAutomine": self._automine,
            "evm_snapshot": lambda: quantity(ledger.snapshot()),
            "evm_revert": lambda snapshot: ledger.revert(_quantity(snapshot)),
        }

    def call(self, name: str, params: list[Json]) -> Json:
        """The method's result; raises RpcFault."""
        method = self._methods.get(name)
        if method is None:
            raise MethodNotFound(f"the method {name} does not exist")
        try:
            bound = _bind(method, params)
        except TypeError as error:
            raise InvalidParams(f"{name}: {error}") from error
        return bound()

    # Blocks by tag

    def _number(self, tag: Json) -> int | None:
        """The number of the block a tag or quantity names; None for one that is not mined."""
        head = self._ledger.head
        match tag:
            case "latest" | "pending" | None:
                return head
            case "safe" | "finalized":
                return max(0, head - self._finality_depth)
            case "earliest":
                return 0
            case {"blockHash": block_hash}:
                return self._ledger.by_hash(_data(block_hash, 32))
            case {"blockNumber": number}:
                tag = number
        number = _quantity(tag)
        return number if number <= head else None

    def _at(self, tag: Json) -> int:
        number = self._number(tag)
        if number is None:
            raise Refused("header not found")
        return number

    def _mined(self, number: int | None) -> Mined | None:
        return None if number is None else self._ledger.blocks[number]

    # Reading

    def _balance(self, address: Json, block: Json = "latest") -> Json:
        return quantity(self._ledger.state(self._at(block)).get_balance(_data(address, 20)))

    def _code(self, address: Json, block: Json = "latest") -> Json:
        return data(self._ledger.state(self._at(block)).get_code(_data(address, 20)))

    def _storage(self, address: Json, slot: Json, block: Json = "latest") -> Json:
        value = self._ledger.state(self._at(block)).get_storage(_data(address, 20), _quantity(slot))
        return data(value.to_bytes(32, "big"))

    def _transaction_count(self, address: Json, block: Json = "latest") -> Json:
        sender = _data(address, 20)
        nonce = self._ledger.state(self._at(block)).get_nonce(sender)
        return quantity(self._ledger.pool.next_nonce(sender, nonce) if block == "pending" else nonce)

    def _block_by_number(self, block: Json, full: bool = False) -> Json:
        mined = self._mined(self._number(block))
        return mined and encoding.block_json(mined, full)

    def _block_by_hash(self, block: Json, full: bool = False) -> Json:
        mined = self._mined(self._ledger.by_hash(_data(block, 32)))
        return mined and encoding.block_json(mined, full)

    def _block_receipts(self, block: Json) -> Json:
        mined = self._mined(self._number(block))
        return mined and [encoding.receipt_json(mined, index) for index in range(len(mined.receipts))]

    def _transaction(self, hash: Json) -> Json:
        at = self._ledger.transaction(_data(hash, 32))
        if at is not None:
            return encoding.transaction_json(self._ledger.blocks[at[0]], at[1])
        waiting = self._ledger.pool.find(_data(hash, 32))
        return waiting and encoding.transaction_json(None, 0, waiting)

    def _receipt(self, hash: Json) -> Json:
        at = self._ledger.transaction(_data(hash, 32))
        return None if at is None else encoding.receipt_json(self._ledger.blocks[at[0]], at[1])

    def _logs(self, raw: Json) -> Json:
        if not isinstance(raw, dict):
            raise InvalidParams("a filter is an object")
        if "blockHash" in raw:
            first = last = self._at({"blockHash": raw["blockHash"]})
        else:
            first = self._at(raw.get("fromBlock", "latest"))
            upper = self._number(raw.get("toBlock", "latest"))
            last = self._ledger.head if upper is None else upper
        wanted = encoding.LogFilter.parse(raw)
        blocks = self._ledger.blocks[first : last + 1]
        return [log for mined in blocks for log in encoding.logs_json(mined) if wanted.takes(log)]

    def _fee_history(self, count: Json, newest: Json, percentiles: Json = None) -> Json:
        if percentiles is not None and not isinstance(percentiles, list):
            raise InvalidParams("percentiles is a list")
        last = self._at(newest)
        first = max(0, last + 1 - min(_quantity(count), MAX_BLOCKS_AT_ONCE))
        headers = [mined.block.header for mined in self._ledger.blocks[first : last + 1]]
        following = (
            self._ledger.blocks[last + 1].block.header if last < self._ledger.head else self._ledger.next_header()
        )
        history: dict[str, Json] = {
            "oldestBlock": quantity(first),
            "baseFeePerGas": [quantity(header.base_fee_per_gas) for header in [*headers, following]],
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        }
        if percentiles:
            history["reward"] = [[quantity(PRIORITY_FEE_WEI)] * len(percentiles) for _ in headers]
        return history

    def _call(self, call: Json, block: Json = "latest") -> Json:
        return data(self._ledger.call(encoding.parse_call(call), self._at(block)))

    def _estimate(self, call: Json, _block: Json = "latest") -> Json:
        return quantity(self._ledger.estimate(encoding.parse_call(call)))

    # Writing

    def _send(self, raw: Json) -> Json:
        """Sign for a development account and submit."""
        call = encoding.parse_call(raw)
        account = next((each for each in dev_accounts() if each.address == call.sender), None)
        if account is None:
            raise Refused("unknown account")
        fields = {
            "type": 2,
            "chainId": self._ledger.chain_id,
            "nonce": _quantity(raw.get("nonce") or self._transaction_count(data(call.sender), "pending")),
            "to": call.to,
            "data": call.data,
            "value": call.value,
            "gas": self._ledger.estimate(call) if call.gas is None else call.gas,
            "maxPriorityFeePerGas": PRIORITY_FEE_WEI,
            "maxFeePerGas": 2 * self._ledger.next_header().base_fee_per_gas + PRIORITY_FEE_WEI,
        }
        return data(self._ledger.submit(bytes(Account.sign_transaction(fields, account.private_key).raw_transaction)))

    def _mine(self, blocks: Json = 1) -> Json:
        count = blocks.get("blocks", 1) if isinstance(blocks, dict) else blocks
        if not 1 <= _natural(count) <= MAX_BLOCKS_AT_ONCE:
            raise InvalidParams(f"1 to {MAX_BLOCKS_AT_ONCE} blocks")
        for _ in range(_natural(count)):
            self._ledger.mine()
        return "0x0"

    def _automine(self, on: Json) -> Json:
        if not isinstance(on, bool):
            raise InvalidParams("evm_setAutomine takes a boolean")
        self._ledger.automine = on
        return True


def _bind(method: Callable[..., Json], params: list[Json]) -> Callable[[], Json]:
    """The call, once its number of arguments is known to fit; raises TypeError."""
    inspect.signature(method).bind(*params)
    return lambda: method(*params)


def _quantity(value: Json) -> int:
    try:
        return parse_quantity(value)
    except InvalidValue as error:
        raise InvalidParams(str(error)) from error


def _natural(value: Json) -> int:
    """A quantity, or a plain JSON integer, as development tools send either."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return value
    return _quantity(value)


def _data(value: Json, size: int | None = None) -> bytes:
    try:
        return parse_data(value, size)
    except InvalidValue as error:
        raise InvalidParams(str(error)) from error
