"""What of an endpoint's answer we use, in one form: answers are compared by it, and nothing else is passed on.

Rule 1. A reading that does not answer the question (another block, another transaction) is refused.
Rule 2. Equal readings are equal JSON: hex in lower case, logs in the chain's order, no field that nodes differ in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Final as Constant

from executor.chain.quantity import parse_data, parse_quantity, quantity
from executor.errors import ChainUnavailable, InvalidValue

Json = Any

NO_BLOOM: Constant = "0x" + "00" * 256  # a chain that keeps none


def read(method: str, params: Json, raw: Json) -> Json:
    """The reading of a compared method's result; raises ChainUnavailable for what is none."""
    try:
        return READINGS[method](params, raw)
    except (InvalidValue, LookupError, TypeError, AttributeError) as error:
        raise ChainUnavailable(f"{method}: malformed result: {error}"[:300]) from error


def block(params: Json, raw: Json) -> Json:
    """The header fields of a block, or None where the endpoint has none."""
    if raw is None:
        return None
    found = {
        "number": _number(raw["number"]),
        "hash": _word(raw["hash"]),
        "parentHash": _word(raw["parentHash"]),
        "timestamp": _number(raw["timestamp"]),
        "baseFeePerGas": _number(raw.get("baseFeePerGas") or "0x0"),
        "logsBloom": _data(raw.get("logsBloom") or NO_BLOOM, 256),
    }
    asked = str(params[0]).lower()
    if asked.startswith("0x") and asked not in (found["number"], found["hash"]):
        raise InvalidValue(f"asked for block {asked}, got {found['number']} {found['hash']}")
    return found


def logs(_params: Json, raw: Json) -> Json:
    """The logs, in the chain's order."""
    if not isinstance(raw, list):
        raise InvalidValue("not a list of logs")
    found = [_log(each) for each in raw]
    places = {(each["blockHash"], each["logIndex"]) for each in found}
    if len(places) != len(found):
        raise InvalidValue("a log twice")
    return sorted(found, key=lambda each: (int(each["blockNumber"], 16), int(each["logIndex"], 16)))


def receipt(params: Json, raw: Json) -> Json:
    """A mined transaction with its logs, or None while there is none."""
    if raw is None or raw.get("blockHash") is None:
        return None
    found = {
        "transactionHash": _word(raw["transactionHash"]),
        "blockHash": _word(raw["blockHash"]),
        "blockNumber": _number(raw["blockNumber"]),
        "status": _number(raw["status"]),
        "gasUsed": _number(raw["gasUsed"]),
        "contractAddress": None if raw.get("contractAddress") is None else _data(raw["contractAddress"], 20),
        "logs": logs(params, raw["logs"]),
    }
    if found["transactionHash"] != str(params[0]).lower():
        raise InvalidValue(f"asked for the receipt of {params[0]}, got that of {found['transactionHash']}")
    return found


def _log(raw: Json) -> Json:
    topics = raw["topics"]
    if not isinstance(topics, list) or len(topics) > 4:
        raise InvalidValue("a log has four topics at most")
    if raw.get("removed"):
        raise InvalidValue("a removed log")
    return {
        "address": _data(raw["address"], 20),
        "topics": [_word(topic) for topic in topics],
        "data": _data(raw["data"]),
        "blockNumber": _number(raw["blockNumber"]),
        "blockHash": _word(raw["blockHash"]),
        "transactionHash": _word(raw["transactionHash"]),
        "transactionIndex": "0x0",  # web3 wants one; nobody reads it
        "logIndex": _number(raw["logIndex"]),
        "removed": False,
    }


def _bytes(_params: Json, raw: Json) -> Json:
    return _data(raw)


def _natural(_params: Json, raw: Json) -> Json:
    return _number(raw)


def _number(raw: Json) -> str:
    return quantity(parse_quantity(raw))


def _word(raw: Json) -> str:
    return _data(raw, 32)


def _data(raw: Json, size: int | None = None) -> str:
    parse_data(raw, size)
    text: str = raw.lower()
    return text


READINGS: Constant[dict[str, Callable[[Json, Json], Json]]] = {
    "eth_getBlockByNumber": block,
    "eth_getBlockByHash": block,
    "eth_getLogs": logs,
    "eth_getTransactionReceipt": receipt,
    "eth_call": _bytes,
    "eth_getCode": _bytes,
    "eth_blockNumber": _natural,
    "eth_getBalance": _natural,
    "eth_getTransactionCount": _natural,
    "eth_estimateGas": _natural,
}
