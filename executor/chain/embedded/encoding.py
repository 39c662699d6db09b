"""Blocks, transactions, receipts and logs as JSON-RPC shows them, and its parameters as we read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from executor.chain.embedded.errors import InvalidParams
from executor.chain.embedded.ledger import Call, Mined
from executor.chain.quantity import data, parse_data, parse_quantity, quantity
from executor.errors import InvalidValue

Json = Any


def block_json(mined: Mined, full: bool) -> Json:
    """A block with its transactions or their hashes."""
    block, header = mined.block, mined.block.header
    transactions = [
        transaction_json(mined, index) if full else data(transaction.hash)
        for index, transaction in enumerate(block.transactions)
    ]
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.uncles_hash),
        "miner": data(header.coinbase),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transaction_root),
        "receiptsRoot": data(header.receipt_root),
        "logsBloom": data(header.bloom.to_bytes(256, "big")),
        "difficulty": quantity(header.difficulty),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "extraData": data(header.extra_data),
        "mixHash": data(header.mix_hash),
        "nonce": data(header.nonce),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
        "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": quantity(header.blob_gas_used),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "requestsHash": data(header.requests_hash),
        "size": quantity(sum(len(transaction.encode()) for transaction in block.transactions) + 600),
        "uncles": [],
        "withdrawals": [],
        "transactions": transactions,
    }


def transaction_json(mined: Mined | None, index: int, transaction: Any = None) -> Json:
    """A mined transaction, or a waiting one when `mined` is None."""
    if mined is not None:
        transaction = mined.block.transactions[index]
    kind = getattr(transaction, "type_id", None) or 0
    shown: dict[str, Json] = {
        "blockHash": data(mined.block.hash) if mined else None,
        "blockNumber": quantity(mined.block.number) if mined else None,
        "transactionIndex": quantity(index) if mined else None,
        "hash": data(transaction.hash),
        "type": quantity(kind),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "nonce": quantity(transaction.nonce),
        "gas": quantity(transaction.gas),
        "value": quantity(transaction.value),
        "input": data(transaction.data),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
        "v": quantity(transaction.y_parity if kind else transaction.v),
        "gasPrice": quantity(transaction.max_fee_per_gas),
    }
    if kind:
        shown["chainId"] = quantity(transaction.chain_id)
        shown["yParity"] = quantity(transaction.y_parity)
        shown["accessList"] = [
            {"address": data(account), "storageKeys": [data(key.to_bytes(32, "big")) for key in keys]}
            for account, keys in transaction.access_list
        ]
    if kind >= 2:
        shown["maxFeePerGas"] = quantity(transaction.max_fee_per_gas)
        shown["maxPriorityFeePerGas"] = quantity(transaction.max_priority_fee_per_gas)
        if mined:
            shown["gasPrice"] = quantity(_effective_gas_price(mined, transaction))
    return shown


def receipt_json(mined: Mined, index: int) -> Json:
    """What a transaction did."""
    transaction, receipt = mined.block.transactions[index], mined.receipts[index]
    before = mined.receipts[index - 1].gas_used if index else 0
    succeeded = receipt.state_root == b"\x01"
    created = mined.created[index]
    return {
        "transactionHash": data(transaction.hash),
        "transactionIndex": quantity(index),
        "blockHash": data(mined.block.hash),
        "blockNumber": quantity(mined.block.number),
        "from": data(mined.senders[index]),
        "to": data(transaction.to) if transaction.to else None,
        "contractAddress": data(created) if created and succeeded else None,
        "cumulativeGasUsed": quantity(receipt.gas_used),
        "gasUsed": quantity(receipt.gas_used - before),
        "effectiveGasPrice": quantity(_effective_gas_price(mined, transaction)),
        "logsBloom": data(receipt.bloom.to_bytes(256, "big")),
        "status": quantity(int(succeeded)),
        "type": quantity(getattr(transaction, "type_id", None) or 0),
        "logs": [log for log in logs_json(mined) if log["transactionIndex"] == quantity(index)],
    }


def logs_json(mined: Mined) -> Iterator[Json]:
    """Every log of a block, in order."""
    position = 0
    for index, receipt in enumerate(mined.receipts):
        for log in receipt.logs:
            yield {
                "address": data(log.address),
                "topics": [data(topic.to_bytes(32, "big")) for topic in log.topics],
                "data": data(log.data),
                "blockNumber": quantity(mined.block.number),
                "blockHash": data(mined.block.hash),
                "transactionHash": data(mined.block.transactions[index].hash),
                "transactionIndex": quantity(index),
                "logIndex": quantity(position),
                "removed": False,
            }
            position += 1


def _effective_gas_price(mined: Mined, transaction: Any) -> int:
    base_fee = int(mined.block.header.base_fee_per_gas)
    return min(int(transaction.max_fee_per_gas), base_fee + int(transaction.max_priority_fee_per_gas))


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which logs `eth_getLogs` wants: any of `addresses` (all if empty) and, place by place, any of the topics."""

    addresses: frozenset[str]
    topics: tuple[frozenset[str], ...]

    @classmethod
    def parse(cls, raw: Json) -> LogFilter:
        """Read the filter's address and topics; raises InvalidParams."""
        try:
            addresses = frozenset(data(parse_data(each, 20)) for each in _alternatives(raw.get("address")))
            places = raw.get("topics") or []
            if not isinstance(places, list) or len(places) > 4:
                raise InvalidParams("topics is a list of at most four")
            topics = tuple(frozenset(data(parse_data(each, 32)) for each in _alternatives(place)) for place in places)
        except InvalidValue as error:
            raise InvalidParams(str(error)) from error
        return cls(addresses, topics)

    def takes(self, log: Json) -> bool:
        """Whether the log passes."""
        if self.addresses and log["address"] not in self.addresses:
            return False
        topics: Iterable[str] = log["topics"]
        return len(self.topics) <= len(log["topics"]) and all(
            not wanted or topic in wanted for wanted, topic in zip(self.topics, topics, strict=False)
        )


def _alternatives(raw: Json) -> list[Json]:
    if raw is None:
        return []
    return raw if isinstance(raw, list) else [raw]


def parse_call(raw: Json) -> Call:
    """The transaction object of a call or an estimate; fees and nonce are ignored. Raises InvalidParams."""
    if not isinstance(raw, dict):
        raise InvalidParams("a call is an object")
    payload = raw.get("input", raw.get("data"))
    try:
        return Call(
            sender=parse_data(raw.get("from") or data(bytes(20)), 20),
            to=parse_data(raw["to"], 20) if raw.get("to") else b"",
            data=parse_data(payload) if payload else b"",
            value=parse_quantity(raw.get("value") or "0x0"),
            gas=parse_quantity(raw["gas"], 64) if raw.get("gas") else None,
        )
    except InvalidValue as error:
        raise InvalidParams(str(error)) from error
