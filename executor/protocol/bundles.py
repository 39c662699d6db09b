"""Messages that travel together: what a member has for one recipient at a time, under one signature.

Rule 1. A bundle is a canonical JSON array of 1 to MAX_TOGETHER messages, in the order in which they were sent, and no
        longer than one message may be.
Rule 2. Each message stands for itself: one that breaks a rule costs the others of its bundle nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final as Constant

from executor.errors import InvalidEncoding, InvalidValue
from executor.model.codec import decode
from executor.protocol.messages import MAX_MESSAGE_BYTES, Message, encode_message

MAX_TOGETHER: Constant = 256  # about what one turn of a busy member says of its open requests
MAX_BUNDLE_BYTES: Constant = MAX_MESSAGE_BYTES + 2  # one message of the largest size, in its brackets


@dataclass(frozen=True, slots=True)
class Bundle:
    """Messages and what travels of them."""

    messages: tuple[Message, ...]
    data: bytes


def encode_bundles(messages: Iterable[Message]) -> Iterator[Bundle]:
    """The messages, encoded, in as few bundles as hold them (Rule 1)."""
    waiting: list[tuple[Message, bytes]] = []
    size = 1
    for message in messages:
        piece = encode_message(message)
        if waiting and (len(waiting) == MAX_TOGETHER or size + len(piece) + 1 > MAX_BUNDLE_BYTES):
            yield _bundle(waiting)
            waiting, size = [], 1
        waiting.append((message, piece))
        size += len(piece) + 1
    if waiting:
        yield _bundle(waiting)


def _bundle(waiting: Iterable[tuple[Message, bytes]]) -> Bundle:
    messages, pieces = zip(*waiting, strict=True)
    return Bundle(messages, b"[" + b",".join(pieces) + b"]")


def decode_bundle(data: bytes) -> tuple[Message, ...]:
    """The messages in untrusted bytes; raises InvalidEncoding, and nothing else whatever the bytes."""
    try:
        messages: tuple[Message, ...] = decode(tuple[Message, ...], data, limit=MAX_BUNDLE_BYTES)
    except InvalidEncoding:
        raise
    except InvalidValue as error:
        raise InvalidEncoding(f"message: {error}") from error
    if not 1 <= len(messages) <= MAX_TOGETHER:
        raise InvalidEncoding(f"a bundle of {len(messages)} messages; 1 to {MAX_TOGETHER} travel together")
    return messages
