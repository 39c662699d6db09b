"""Messages between members: canonical bytes, and nothing but InvalidEncoding for hostile ones."""

import pytest
from drawing_bench import simulate_draws, two_draws
from hypothesis import given
from hypothesis import strategies as st
from protocol_scenarios import simulate, two_slots

from executor.errors import InvalidEncoding
from executor.protocol.inbox import MAX_EARLY, Inbox
from executor.protocol.messages import MAX_MESSAGE_BYTES, Status, decode_message, encode_message, request_ids


def recorded():
    """One message of every type, as a simulated committee sends them."""
    seen = {}

    def tap(sender, recipient, message):
        if message.type not in seen or len(encode_message(message)) > len(encode_message(seen[message.type])):
            seen[message.type] = message
        return [message]

    simulate(two_slots, requests=3, tamper=tap)
    simulate_draws(two_draws, tamper=tap)
    return seen


SEEN = recorded()


def test_every_type_of_message_is_sent():
    """The union has no member that nobody uses."""
    types = {"status", "proposal", "prepare", "certificate", "vote", "batch-proposal", "batch-vote", "attestation"}
    assert types | {"draw-status", "draw-news"} == set(SEEN)


@pytest.mark.parametrize("kind", sorted(SEEN))
def test_a_message_survives_the_wire(kind):
    """Decoding gives an equal message, and encoding it again the same bytes (D7)."""
    data = encode_message(SEEN[kind])
    assert encode_message(decode_message(data)) == data
    assert decode_message(data) == SEEN[kind]


@pytest.mark.parametrize("kind", sorted(SEEN))
@given(position=st.integers(0, 2**20), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_is_another_message(kind, position, byte):
    """Nothing but InvalidEncoding is raised."""
    data = bytearray(encode_message(SEEN[kind]))
    data[position % len(data)] = byte
    try:
        message = decode_message(bytes(data))
    except InvalidEncoding:
        return
    assert encode_message(message) == bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"type":"gossip"}',
        b'{"type":"status"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"type":"batch-vote","root":"0x00","vote":{"bls":"0x","ecdsa":"0x","member":0}}',
        b'{"extra":1,' + encode_message(SEEN["vote"])[1:],
    ],
)
def test_malformed_bytes_are_refused(data):
    """No type, wrong lengths, unknown fields, deep nesting."""
    with pytest.raises(InvalidEncoding):
        decode_message(data)


def test_an_oversized_message_is_refused_unread():
    """The size is checked before parsing."""
    with pytest.raises(InvalidEncoding, match="the limit is"):
        decode_message(b" " * (MAX_MESSAGE_BYTES + 1))


def test_the_inbox_gives_each_sender_a_budget_of_its_own():
    """P4: a flood drops the flooder's oldest messages and nobody else's."""
    inbox, status = Inbox(4), SEEN["status"]
    other = Status(type(status.request_id)(b"\x77" * 32), 1, None, (), ())
    inbox.keep(2, other)
    inbox.keep(1, other)
    for _ in range(MAX_EARLY):
        inbox.keep(1, status)
    assert inbox.claim(other.request_id) == [(2, other)]
    assert len(inbox.claim(status.request_id)) == MAX_EARLY
    assert inbox.claim(status.request_id) == []


def test_messages_name_the_requests_they_are_about():
    """A batch vote names none: its root is enough for the leader that proposed it."""
    assert request_ids(SEEN["batch-vote"]) == ()
    assert len(request_ids(SEEN["batch-proposal"])) == 3
    assert len(request_ids(SEEN["attestation"])) in (1, 2, 3)
    for kind in ("status", "proposal", "prepare", "certificate", "vote", "draw-status", "draw-news"):
        assert len(request_ids(SEEN[kind])) == 1
