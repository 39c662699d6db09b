"""The config of registrations: what is read, and what is refused by its key."""

from __future__ import annotations

import pytest

from executor.errors import InvalidTrigger
from executor.model.codec import encode_json
from executor.model.ids import Address, Digest
from executor.model.trigger import TriggerKind
from executor.model.trigger_config import (
    BlockConfig,
    CronConfig,
    HttpConfig,
    LogConfig,
    parse_trigger_config,
)

A, B = "0x" + "aa" * 20, "0x" + "bb" * 20
T, U = "0x" + "01" * 32, "0x" + "02" * 32


@pytest.mark.parametrize(
    ("kind", "plain", "expected"),
    [
        (TriggerKind.LOG, {"addresses": [A]}, LogConfig(addresses=[A])),
        (
            TriggerKind.LOG,
            {"addresses": [A, B], "topics": [[T, U], []], "chain_id": 10, "confirmations": 3, "lifetime_s": 60},
            LogConfig(addresses=[A, B], topics=[[T, U], []], chain_id=10, confirmations=3, lifetime_s=60),
        ),
        (TriggerKind.CRON, {"schedule": "*/5 * * * *"}, CronConfig(schedule="*/5 * * * *")),
        (
            TriggerKind.CRON,
            {"schedule": "0 0 * * *", "catch_up": 3, "per_hour": 1},
            CronConfig(schedule="0 0 * * *", catch_up=3, per_hour=1),
        ),
        (TriggerKind.BLOCK, {"every": 100}, BlockConfig(every=100)),
        (TriggerKind.HTTP, {"signers": [A], "body_bytes": 0}, HttpConfig(signers=[A], body_bytes=0)),
    ],
)
def test_configs_are_read(kind: TriggerKind, plain: dict[str, object], expected: object) -> None:
    """Canonical JSON; what is not said has its default, and is written by leaving it out."""
    data = encode_json(plain)
    found = parse_trigger_config(kind, data)
    assert expected == found
    assert data == found.canonical()


@pytest.mark.parametrize(
    ("kind", "data", "named"),
    [
        (TriggerKind.LOG, b"", "config"),
        (TriggerKind.LOG, b"{}", "addresses"),
        (TriggerKind.LOG, b'{"addresses": []}', "canonical"),
        (TriggerKind.LOG, encode_json({"addresses": []}), "addresses"),
        (TriggerKind.LOG, encode_json({"addresses": [A] * 17}), "addresses"),
        (TriggerKind.LOG, encode_json({"addresses": ["0x" + "AA" * 20]}), "addresses.0"),
        (TriggerKind.LOG, encode_json({"addresses": [A], "topics": [[T]] * 5}), "topics"),
        (TriggerKind.LOG, encode_json({"addresses": [A], "topics": [[T] * 17]}), "topics.0"),
        (TriggerKind.LOG, encode_json({"addresses": [A], "topics": [["0x01"]]}), "topics.0.0"),
        (TriggerKind.LOG, encode_json({"addresses": [A], "confirmations": -1}), "confirmations"),
        (TriggerKind.LOG, encode_json({"addresses": [A], "confirmations": "latest"}), "confirmations"),
        (TriggerKind.LOG, encode_json({"addresses": [A], "chain_id": 0}), "chain_id"),
        (TriggerKind.LOG, encode_json({"addresses": [A], "contracts": [B]}), "contracts"),
        (TriggerKind.CRON, b"{}", "schedule"),
        (TriggerKind.CRON, encode_json({"schedule": "61 * * * *"}), "minute '61'"),
        (TriggerKind.CRON, encode_json({"schedule": "0 0 * * *", "catch_up": 101}), "catch_up"),
        (TriggerKind.CRON, encode_json({"schedule": "0 0 * * *", "per_hour": 0}), "per_hour"),
        (TriggerKind.CRON, encode_json({"schedule": "0 0 * * *", "per_hour": True}), "per_hour"),
        (TriggerKind.CRON, encode_json({"schedule": "0 0 * * *", "lifetime_s": 86_401}), "lifetime_s"),
        (TriggerKind.BLOCK, encode_json({"every": 0}), "every"),
        (TriggerKind.BLOCK, encode_json({"every": "1"}), "every"),
        (TriggerKind.HTTP, encode_json({"signers": []}), "signers"),
        (TriggerKind.HTTP, encode_json({"signers": [A], "body_bytes": 16_385}), "body_bytes"),
        (TriggerKind.HTTP, b" " * 5_000, "limit is 4096"),
        (TriggerKind.HTTP, b"[" * 4_000, "nested"),
        (TriggerKind.HTTP, b"[]", "dictionary"),
        (TriggerKind.HTTP, b"\xff", "canonical"),
    ],
)
def test_other_configs_are_refused(kind: TriggerKind, data: bytes, named: str) -> None:
    """By the key that is wrong."""
    with pytest.raises(InvalidTrigger, match=named):
        parse_trigger_config(kind, data)


@pytest.mark.parametrize(
    ("topics", "log", "expected"),
    [
        ([], [], True),
        ([], [T], True),
        ([[T]], [T], True),
        ([[T, U]], [U], True),
        ([[T]], [U], False),
        ([[T]], [], False),
        ([[], [U]], [T, U], True),
        ([[], [U]], [T, T], False),
        ([[], []], [T], False),  # places that are named must be there, as eth_getLogs has it
    ],
)
def test_topics_have_alternatives(topics: list[list[str]], log: list[str], expected: bool) -> None:
    """Each place one of its list; an empty list takes any."""
    config = LogConfig(addresses=[A], topics=topics)
    found = tuple(Digest.from_hex(topic) for topic in log)
    assert expected == config.matches(Address.from_hex(A), found)
    assert not config.matches(Address.from_hex(B), found)
