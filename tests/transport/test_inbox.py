"""What an inbox opens and what it refuses, by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.crypto.digests import epoch_digest, keccak256
from executor.errors import InvalidEncoding, InvalidValue
from executor.model.committee import Epoch
from executor.model.ids import EpochDigest
from executor.transport import inbox as inbox_module
from executor.transport.envelope import Envelope, decode_envelope, encode_envelope, make_envelope, read_envelope
from executor.transport.inbox import MAX_SEATS, Duplicate, Inbox, Limits, Opened, Refusal
from executor.transport.interface import EVERYONE
from executor.transport.limits import Allowance, Recent
from tests.transport.conftest import make_epoch

SOURCE = "192.0.2.1"


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The inbox's clock."""
    return Clock()


@pytest.fixture
def inbox(epoch: Epoch, member_keys: list[Any], clock: Clock) -> Inbox:
    """Member 0's inbox."""
    limits = Limits(body_bytes=10_000, messages_burst=5, messages_per_second=1, faults_burst=3, faults_per_second=1)
    made = Inbox(clock, limits)
    made.take_seat(epoch, 0, member_keys[0])
    return made


@pytest.fixture
def write(epoch: Epoch, member_keys: list[Any]) -> Callable[..., Any]:
    """An envelope of member 1 to member 0, unless told otherwise; `change` edits it after signing."""

    async def write_one(
        payload: bytes = b"hello", sender: int = 1, recipient: int = 0, sealed: bool = False, **change: Any
    ) -> bytes:
        envelope = await make_envelope(epoch, member_keys[sender], sender, recipient, payload, sealed=sealed)
        return encode_envelope(dataclasses.replace(envelope, **change))

    return write_one


Write = Callable[..., Any]


def opened(sender: int, payload: bytes, number: int = 1) -> Opened:
    """A message of epoch 1, unless another is named."""
    return Opened(epoch_digest(make_epoch(number).identity), sender, payload)


async def test_a_members_message_opens(inbox: Inbox, write: Write) -> None:
    """To this member, to everyone, and sealed."""
    assert opened(1, b"hello") == await inbox.judge(SOURCE, await write())
    assert opened(2, b"all") == await inbox.judge(SOURCE, await write(b"all", sender=2, recipient=EVERYONE))
    assert opened(3, b"secret") == await inbox.judge(SOURCE, await write(b"secret", sender=3, sealed=True))
    assert opened(3, b"") == await inbox.judge(SOURCE, await write(b"", sender=3, sealed=True))


async def test_a_sealed_payload_is_for_its_recipient_only(
    epoch: Epoch, member_keys: list[Any], clock: Clock, write: Write
) -> None:
    """The bytes on the wire do not show it, and no other member's key opens it."""
    body = await write(b"a very secret Prepare", sealed=True)
    envelope = decode_envelope(body, limit=10_000)
    assert b"a very secret Prepare".hex().encode() not in body
    for other in member_keys[1:]:
        with pytest.raises(InvalidValue):
            await other.unseal(envelope.payload)
    assert await member_keys[0].unseal(envelope.payload) == b"a very secret Prepare"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another epoch": ({"epoch": EpochDigest(keccak256(b"other"))}, "wrong-epoch"),
    "another recipient": ({"recipient": 1, "sender": 2}, "wrong-recipient"),
    "no such recipient": ({"to": 9}, "wrong-recipient"),
    "a stranger": ({"from_": 4}, "not-a-member"),
    "everyone's index as sender": ({"from_": 65535}, "not-a-member"),
    "ourselves": ({"sender": 0}, "own-message"),
    "another member's name": ({"from_": 2}, "bad-signature"),
    "another payload": ({"text": b"hellO"}, "bad-signature"),
    "no signature": ({"signature": b""}, "bad-signature"),
    "a signature of zeros": ({"signature": bytes(64)}, "bad-signature"),
    "claims to be sealed": ({"sealed_": True}, "unreadable"),
    "to everyone, claims to be sealed": ({"recipient": EVERYONE, "sealed_": True}, "malformed"),
}
EDITS = {"to": "recipient", "from_": "sender", "text": "payload", "sealed_": "sealed"}


@pytest.mark.parametrize(("change", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_wrong_envelopes_are_refused_by_name(
    epoch: Epoch, member_keys: list[Any], inbox: Inbox, change: dict[str, Any], code: str
) -> None:
    """Each is a refusal with a stable code, and a good message is opened after it."""
    written = {name: change[name] for name in ("sender", "recipient") if name in change}
    edited = {EDITS.get(name, name): value for name, value in change.items() if name not in written}
    parties = {"sender": 1, "recipient": 0, **written}
    envelope = await make_envelope(epoch, member_keys[parties["sender"]], payload=b"hello", sealed=False, **parties)
    verdict = await inbox.judge(SOURCE, encode_envelope(dataclasses.replace(envelope, **edited)))
    assert isinstance(verdict, Refusal)
    assert code == verdict.code
    good = await make_envelope(epoch, member_keys[1], 1, 0, b"hello", sealed=False)
    assert opened(1, b"hello") == await inbox.judge(SOURCE, encode_envelope(good))


async def test_a_stranger_with_a_good_signature_is_no_member(
    epoch: Epoch, member_keys: list[Any], inbox: Inbox
) -> None:
    """P4: the key of nobody, under a member's name and under its own."""
    for sender in (1, 4):
        signature = await member_keys[4].sign_message(epoch.identity, sender, 0, b"hello")
        envelope = Envelope(epoch_digest(epoch.identity), sender, 0, b"hello", signature, False)
        verdict = await inbox.judge(SOURCE, encode_envelope(envelope))
        assert isinstance(verdict, Refusal)
        assert verdict.code in ("bad-signature", "not-a-member")


MALFORMED = {
    "empty": b"",
    "no JSON": b"garbage",
    "an array": b"[]",
    "nested objects": b'{"a":' * 1000,
    "nested arrays": b'{"payload":' + b"[" * 5000,
    "an empty object": b"{}",
    "an extra field": b'{"more":1,',
    "not UTF-8": b"{\xff}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_bodies_are_refused(inbox: Inbox, write: Write, body: bytes) -> None:
    """By name, whatever the bytes are."""
    if body.endswith(b","):
        body += (await write())[1:]
    verdict = await inbox.judge(SOURCE, body)
    assert isinstance(verdict, Refusal)
    assert verdict.code == "malformed"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: ("{" + text + "}").encode("utf-8", "replace")))
def test_no_bytes_crash_the_decoder(body: bytes) -> None:
    """Any bytes are an envelope or InvalidEncoding."""
    with pytest.raises(InvalidEncoding):
        decode_envelope(body, limit=10_000)


async def test_a_second_spelling_is_malformed(inbox: Inbox, write: Write) -> None:
    """D7: whitespace, upper-case hex, other order of keys."""
    good = await write()
    for bad in (good + b"\n", good.replace(b"0x68", b"0X68"), good.replace(b'"sealed":false', b'"sealed":0')):
        assert bad != good
        verdict = await inbox.judge("another source", bad)
        assert isinstance(verdict, Refusal)
        assert verdict.code == "malformed"


async def test_oversized_bodies_are_refused_unread(inbox: Inbox) -> None:
    """By the announced size, and by the real one."""
    announced = inbox.refuse_unread(SOURCE, 10_001)
    assert announced is not None
    assert (announced.code, announced.status) == ("oversized", 413)
    verdict = await inbox.judge(SOURCE, bytes(10_001))
    assert isinstance(verdict, Refusal)
    assert verdict.code == "oversized"
    assert inbox.refuse_unread(SOURCE, 10_000) is None


async def test_replays_are_dropped_within_the_window(inbox: Inbox, write: Write, clock: Clock) -> None:
    """The same bytes at once are a duplicate; rounds later the protocol may send them again."""
    body = await write()
    assert opened(1, b"hello") == await inbox.judge(SOURCE, body)
    assert Duplicate() == await inbox.judge("elsewhere", body)
    clock.now += 2
    assert opened(1, b"hello") == await inbox.judge(SOURCE, body)


async def test_refused_messages_are_no_duplicates(inbox: Inbox, write: Write) -> None:
    """A refused body does not stand in the way of anything."""
    bad = await write(signature=bytes(64))
    for _ in range(2):
        verdict = await inbox.judge(SOURCE, bad)
        assert isinstance(verdict, Refusal)
    assert opened(1, b"hello") == await inbox.judge(SOURCE, await write())


async def test_each_member_has_its_own_allowance(inbox: Inbox, write: Write, clock: Clock) -> None:
    """Member 1 floods: member 1 is refused, member 2 is not, and after a while member 1 is heard again."""
    codes = [await inbox.judge(SOURCE, await write(b"%d" % number)) for number in range(7)]
    assert [opened(1, b"%d" % number) for number in range(5)] == codes[:5]
    assert all(isinstance(verdict, Refusal) and verdict.status == 429 for verdict in codes[5:])
    assert opened(2, b"hello") == await inbox.judge(SOURCE, await write(sender=2))
    clock.now += 1
    assert opened(1, b"again") == await inbox.judge(SOURCE, await write(b"again"))


async def test_nobody_spends_another_members_allowance(inbox: Inbox, write: Write) -> None:
    """Rule 3: forgeries in member 1's name from many addresses cost member 1 nothing."""
    for number in range(20):
        verdict = await inbox.judge(f"192.0.2.{number}", await write(b"%d" % number, signature=bytes(64)))
        assert isinstance(verdict, Refusal)
        assert verdict.code == "bad-signature"
    assert opened(1, b"hello") == await inbox.judge(SOURCE, await write())


async def test_a_faulty_source_is_refused_unread_for_a_while(inbox: Inbox, write: Write, clock: Clock) -> None:
    """Rule 4: after three faults this address waits, others do not."""
    for _ in range(3):
        assert isinstance(await inbox.judge(SOURCE, b"garbage"), Refusal)
    verdict = await inbox.judge(SOURCE, await write())
    assert isinstance(verdict, Refusal)
    assert verdict.code == "rate-limited"
    assert opened(1, b"hello") == await inbox.judge("198.51.100.1", await write())
    clock.now += 2
    assert opened(1, b"hello") == await inbox.judge(SOURCE, await write())


async def test_envelopes_that_cannot_be_made(epoch: Epoch, member_keys: list[Any]) -> None:
    """No such member, a box for everyone, a member whose registered key is none."""
    with pytest.raises(InvalidValue, match="not one of 4"):
        await make_envelope(epoch, member_keys[0], 0, 4, b"x", sealed=False)
    with pytest.raises(InvalidValue, match="one recipient"):
        await make_envelope(epoch, member_keys[0], 0, EVERYONE, b"x", sealed=True)
    weak = dataclasses.replace(epoch.members[1], encryption_key=bytes(32))
    short = dataclasses.replace(epoch.members[2], encryption_key=b"short")
    broken = dataclasses.replace(epoch, members=(epoch.members[0], weak, short, epoch.members[3]))
    for recipient in (1, 2):
        with pytest.raises(InvalidValue, match="encryption key"):
            await make_envelope(broken, member_keys[0], 0, recipient, b"x", sealed=True)


def test_bounds_forget_the_oldest() -> None:
    """Neither names nor keys grow without end."""
    allowance = Allowance[int](1, 1, names=2)
    assert [allowance.spend(name, 0) for name in (1, 2, 3, 1, 3)] == [True, True, True, True, False]
    recent = Recent(10, size=2)
    for key in (b"1", b"2", b"3"):
        recent.add(key, 0)
    assert [recent.holds(key, 0) for key in (b"1", b"2", b"3")] == [False, True, True]
    assert not recent.holds(b"3", 11)


async def test_an_epochs_flood_costs_another_epoch_nothing(
    epoch: Epoch, later_epoch: Epoch, member_keys: list[Any], inbox: Inbox, write: Write
) -> None:
    """Allowances are of one member in one epoch; a seat that was left is refused, without a fault."""
    digest = inbox.take_seat(later_epoch, 0, member_keys[0])
    for number in range(7):
        await inbox.judge(SOURCE, await write(b"%d" % number))
    later = await make_envelope(later_epoch, member_keys[1], 1, 0, b"hello", sealed=False)
    assert opened(1, b"hello", 2) == await inbox.judge(SOURCE, encode_envelope(later))
    inbox.leave_seat(digest)
    verdict = await inbox.judge(SOURCE, encode_envelope(later))
    assert isinstance(verdict, Refusal)
    assert verdict.code == "wrong-epoch"


async def test_seats_are_counted(epoch: Epoch, member_keys: list[Any], inbox: Inbox) -> None:
    """An epoch more than MAX_SEATS is refused."""
    for number in range(2, MAX_SEATS + 1):
        inbox.take_seat(dataclasses.replace(epoch, number=number), 0, member_keys[0])
    with pytest.raises(InvalidValue, match="one more"):
        inbox.take_seat(dataclasses.replace(epoch, number=MAX_SEATS + 1), 0, member_keys[0])


async def test_a_stranger_is_refused_before_its_payload_is_parsed(
    inbox: Inbox, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its megabytes hold: both ends of the body are enough."""
    body = await write(b"x" * 4_000, sender=4)

    def parse(*_: object, **__: object) -> Envelope:
        raise AssertionError("a stranger's payload was parsed")

    monkeypatch.setattr(inbox_module, "decode_envelope", parse)
    for stranger in (body, body.replace(b'"sender":4', b'"sender":65535')):
        verdict = await inbox.judge("198.51.100.7", stranger)
        assert isinstance(verdict, Refusal)
        assert verdict.code == "not-a-member"


async def test_an_end_that_lies_about_the_middle_is_malformed(inbox: Inbox, write: Write) -> None:
    """Two tails, the second in a form no encoder writes."""
    body = await write()
    tail = body[body.index(b'"recipient"') :]
    verdict = await inbox.judge(SOURCE, body[:-1] + b"," + tail)
    assert isinstance(verdict, Refusal)
    assert verdict.code == "malformed"


async def test_a_forgery_is_refused_for_its_signature_and_not_parsed(
    inbox: Inbox, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parsing costs several times what the hash under a signature does."""

    def parse(*_: object, **__: object) -> Envelope:
        raise AssertionError("a forgery was parsed")

    forged = await write(b"x" * 4_000, signature=bytes(64))
    monkeypatch.setattr(inbox_module, "decode_envelope", parse)
    verdict = await inbox.judge(SOURCE, forged)
    assert isinstance(verdict, Refusal)
    assert verdict.code == "bad-signature"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    payload=st.binary(max_size=40),
    numbers=st.tuples(st.integers(0, 70_000), st.integers(0, 70_000)),
    sealed=st.booleans(),
    signature=st.binary(max_size=70),
    place=st.integers(0, 400),
    put=st.sampled_from([b"", b" ", b"0", b"A", b'"', b"\\", b",", b"\xff"]),
)
def test_reading_by_place_and_parsing_agree(
    epoch: Epoch,
    payload: bytes,
    numbers: tuple[int, int],
    sealed: bool,
    signature: bytes,
    place: int,
    put: bytes,
) -> None:
    """D7: what is read by place is what the parser would give; what the parser refuses is not read."""
    plain = Envelope(epoch_digest(epoch.identity), numbers[0], numbers[1], payload, signature, sealed)
    body = encode_envelope(plain)
    for each in (body, body[:place] + put + body[place:], body[:place] + put + body[place + 1 :]):
        try:
            parsed = decode_envelope(each, limit=10_000)
        except InvalidEncoding:
            parsed = None
        assert read_envelope(each) in (parsed, None)
    if max(numbers) <= EVERYONE:
        assert read_envelope(body) == plain


async def test_a_large_forgery_costs_its_source_more_than_a_small_one(
    epoch: Epoch, member_keys: list[Any], clock: Clock
) -> None:
    """Hashing it took time: its address, or of IPv6 its network, waits as long as that is worth."""
    inbox = Inbox(clock, Limits(faults_burst=3, faults_per_second=1, fault_bytes=1_000))
    inbox.take_seat(epoch, 0, member_keys[0])
    envelope = await make_envelope(epoch, member_keys[1], 1, 0, bytes(9_000), sealed=False)
    forged = encode_envelope(dataclasses.replace(envelope, signature=bytes(64)))
    for source, neighbour in (
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("::ffff:192.0.2.9",) * 2,
    ):
        assert (await inbox.judge(source, forged)).code == "bad-signature"  # type: ignore[union-attr]
        clock.now += 7.5
        assert inbox.refuse_unread(neighbour, 100) is not None
        clock.now += 0.6
        assert inbox.refuse_unread(neighbour, 100) is None
    assert inbox.refuse_unread("2001:db8:0:1::1", 100) is None


async def test_a_member_is_heard_so_many_bytes_a_second(epoch: Epoch, member_keys: list[Any], clock: Clock) -> None:
    """The largest message passes, seldom; who has spent all is refused before its signature is checked."""
    inbox = Inbox(clock, Limits(bytes_per_second=1_000, bytes_burst=2_000))
    inbox.take_seat(epoch, 0, member_keys[0])

    async def send(sender: int, size: int, fill: bytes) -> object:
        envelope = await make_envelope(epoch, member_keys[sender], sender, 0, fill * size, sealed=False)
        return await inbox.judge(SOURCE, encode_envelope(envelope))

    assert isinstance(await send(1, 9_000, b"a"), Opened)
    for elapsed, sender, kind in ((0.0, 1, Refusal), (0.0, 2, Opened), (6.9, 1, Refusal), (0.2, 1, Opened)):
        clock.now += elapsed
        assert isinstance(await send(sender, 10, b"b%d" % sender), kind)


async def test_no_stranger_has_the_signer_open_a_large_box(inbox: Inbox, write: Write) -> None:
    """Only the signer can tell what is in a box: what is longer than any honest one does not reach it."""
    wide = Inbox(inbox._clock, Limits())
    wide._seats = inbox._seats
    verdict = await wide.judge(SOURCE, await write(bytes(300_000), sealed=True))
    assert isinstance(verdict, Refusal)
    assert verdict.code == "oversized"
