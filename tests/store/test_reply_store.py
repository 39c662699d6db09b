"""Raw replies that a node keeps for its operator: bounded, private to its user, nothing rests on them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from executor.errors import StoreError
from executor.model.ids import RequestId
from executor.model.reply import MAX_BODY_BYTES, MAX_RECEIPT_BYTES, KeptReply, for_receipt
from executor.store.replies import FILE, ReplyStore, read_replies

ONE, TWO = RequestId(b"\x01" * 32), RequestId(b"\x02" * 32)


def reply(number: int = 0, body: bytes = b"ok") -> KeptReply:
    return KeptReply(0, number, "GET", "https://a.test/", 200, {"x": "1"}, body, len(body), "")


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    """By request and in order, while the node runs and after a restart."""
    store = ReplyStore(tmp_path / FILE, replies=10, max_bytes=1_000_000)
    for request, number in ((ONE, 0), (TWO, 1), (ONE, 2)):
        store.keep(request, reply(number))
    assert (reply(0), reply(2)) == store.of_request(ONE)
    assert [(each.request_id, each.reply.ordinal) for each in read_replies(tmp_path / FILE)] == [
        (ONE, 0),
        (TWO, 1),
        (ONE, 2),
    ]
    assert [each.reply.ordinal for each in read_replies(tmp_path / FILE, last=2)] == [1, 2]
    assert [reply(1)] == [each.reply for each in read_replies(tmp_path / FILE, TWO)]
    store.close()
    again = ReplyStore(tmp_path / FILE, replies=10, max_bytes=1_000_000)
    assert (reply(0), reply(2)) == again.of_request(ONE)
    again.close()


def test_the_file_is_the_users_alone(tmp_path: Path) -> None:
    """What a guest was answered is its operator's business."""
    ReplyStore(tmp_path / "data" / FILE, replies=1, max_bytes=1_000).close()
    assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_the_oldest_go(tmp_path: Path) -> None:
    """Over a number of replies, over a number of bytes, and after a restart with less room."""
    store = ReplyStore(tmp_path / FILE, replies=3, max_bytes=1_000_000)
    for number in range(10):
        store.keep(ONE, reply(number))
    assert [each.ordinal for each in store.of_request(ONE)] == [7, 8, 9]
    store.close()
    few = ReplyStore(tmp_path / FILE, replies=100, max_bytes=30_000)
    for number in range(10, 20):
        few.keep(ONE, reply(number, b"x" * 5_000))  # 10 kB each, in hex
    assert [each.ordinal for each in few.of_request(ONE)] == [18, 19]
    few.close()


def test_a_flood_of_large_replies_stays_in_its_room(tmp_path: Path) -> None:
    """200 MB into 4 MB: bodies are cut, pages are used again."""
    store = ReplyStore(tmp_path / FILE, replies=1_000, max_bytes=4_000_000)
    for number in range(200):
        store.keep(ONE, reply(number, bytes(1_048_576)))
    store.close()
    kept = read_replies(tmp_path / FILE)
    assert 20 <= len(kept) <= 31
    assert {(MAX_BODY_BYTES, 1_048_576)} == {(len(each.reply.body), each.reply.body_bytes) for each in kept}
    assert (tmp_path / FILE).stat().st_size < 6_000_000


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """With what to do; read or opened."""
    (tmp_path / FILE).write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="may be deleted"):
        ReplyStore(tmp_path / FILE, replies=1, max_bytes=1_000)
    with pytest.raises(StoreError, match="cannot read"):
        read_replies(tmp_path / FILE)
    with pytest.raises(StoreError, match="keeps no raw replies"):
        read_replies(tmp_path / "nothing")


def test_a_failing_file_keeps_nothing_more_and_raises_nothing(tmp_path: Path) -> None:
    """The run goes on; the log says it once."""
    store = ReplyStore(tmp_path / FILE, replies=3, max_bytes=1_000)
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("DROP TABLE replies")
    other.close()
    for _ in range(3):
        store.keep(ONE, reply())
    assert store.of_request(ONE) == ()
    store.close()


def test_a_damaged_reply_is_named(tmp_path: Path) -> None:
    """By its place."""
    store = ReplyStore(tmp_path / FILE, replies=3, max_bytes=1_000)
    store.keep(ONE, reply())
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("UPDATE replies SET reply = x'7b7d'")
    other.commit()
    other.close()
    assert store.of_request(ONE) == ()
    store.close()
    with pytest.raises(StoreError, match="reply 1 is damaged"):
        read_replies(tmp_path / FILE)


def test_a_receipt_takes_what_fits() -> None:
    """The first ones, a megabyte together."""
    many = [reply(number, bytes(MAX_BODY_BYTES)) for number in range(100)]
    taken = for_receipt(many)
    assert tuple(many[: len(taken)]) == taken
    assert MAX_RECEIPT_BYTES - 2 * MAX_BODY_BYTES < sum(each.size for each in taken) <= MAX_RECEIPT_BYTES
