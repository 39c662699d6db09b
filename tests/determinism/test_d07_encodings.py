"""D7: one value, one byte string; no bytes are hashed for two purposes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.crypto import digests
from executor.errors import InvalidEncoding, InvalidReceipt
from executor.model.codec import MAX_INTEGER, decode, decode_json, encode, encode_json
from executor.model.function import Function
from executor.model.ids import Address, Digest, EpochDigest, EventHash, FunctionId, RegistrationId, RequestId
from executor.model.manifest import Terms
from executor.model.observation import Kind, Observation
from executor.model.outcome import Returned
from executor.model.profile import PROFILE, Profile
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.model.trigger import BlockTick, ClockTick, HomeBlock, HttpCall, LogEvent
from executor.model.view import NO_VIEW
from executor.receipts import Receipt

RECEIPTS = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "receipts").glob("*.json"))
SCALARS = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)
STYLES: list[dict[str, Any]] = [
    {"indent": 1}, {"separators": (", ", ":")}, {"ensure_ascii": True}, {"sort_keys": False},
]  # fmt: skip


def accepted(data: bytes) -> Any:
    """What bytes decode to; the exception itself when they are refused."""
    try:
        return decode_json(data, limit=1 << 20)
    except InvalidEncoding as refusal:
        return refusal


@settings(max_examples=100)
@given(VALUES, st.data())
def test_no_edit_of_an_encoding_is_the_same_value(value: object, draw: st.DataObject) -> None:
    """Replacing, inserting or deleting bytes gives another value or a refusal: nothing has two spellings."""
    data = encode_json(value)
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, min(len(data), start + 3)))
    other = data[:start] + draw.draw(st.binary(max_size=4)) + data[end:]
    found = accepted(other)
    if other != data and not isinstance(found, InvalidEncoding):
        assert encode_json(found) == other


@settings(max_examples=80)
@given(
    VALUES, st.sampled_from([{"indent": 1}, {"separators": (", ", ":")}, {"ensure_ascii": True}, {"sort_keys": False}])
)
def test_another_writer_of_json_agrees_byte_for_byte_or_is_refused(value: object, style: dict[str, Any]) -> None:
    """What Python's own writer makes in another style is taken only where it is the canonical form."""
    text = json.dumps(value, **{"ensure_ascii": False, "separators": (",", ":"), "sort_keys": True} | style)
    data = text.encode("utf-8", "surrogatepass")
    found = accepted(data)
    assert isinstance(found, InvalidEncoding) or data == encode_json(value)


@settings(max_examples=80)
@given(VALUES, VALUES)
def test_two_values_never_share_an_encoding(first: object, second: object) -> None:
    """Equal bytes are equal values, types included: true is not 1."""
    if encode_json(first) == encode_json(second):
        assert repr(decode_json(encode_json(first), limit=1 << 20)) == repr(
            decode_json(encode_json(second), limit=1 << 20)
        )


@pytest.mark.parametrize("path", RECEIPTS, ids=lambda path: path.stem)
@settings(max_examples=15, deadline=None)
@given(draw=st.data())
def test_no_edit_of_a_receipt_is_the_same_receipt(path: Path, draw: st.DataObject) -> None:
    """The largest thing we encode: an edited file is refused, or is another receipt, whose bytes it is."""
    data = path.read_bytes().removesuffix(b"\n")
    assert Receipt.parse(data).to_bytes() == data
    at = draw.draw(st.integers(0, len(data) - 1))
    other = data[:at] + draw.draw(st.binary(max_size=2)) + data[at + draw.draw(st.integers(0, 2)) :]
    try:
        found = Receipt.parse(other)
    except InvalidReceipt:
        return
    assert found.to_bytes() == other.removesuffix(b"\n")


def test_a_profile_survives_and_a_changed_one_is_another() -> None:
    """Every field is encoded; none has a default on the wire."""
    data = encode(PROFILE)
    assert decode(Profile, data, limit=1 << 16) == PROFILE
    plain = json.loads(data)
    for name in plain:
        with pytest.raises(InvalidEncoding):
            decode(Profile, encode_json({key: value for key, value in plain.items() if key != name}), limit=1 << 16)


FUNCTION = Function(b"\0asm")
REQUEST = Request.local(digests.function_id(FUNCTION), b"input")
ENTRY = Entry(b"{}", Kind.VALUE, b"1")
BYTES_32 = bytes(range(32))
ADDRESS, EPOCH, DIGEST = Address(bytes(20)), EpochDigest(BYTES_32), Digest(BYTES_32)
HOME = HomeBlock(1, 2, DIGEST)
REQUEST_ID, FUNCTION_ID, NOTHING = RequestId(BYTES_32), FunctionId(BYTES_32), digests.transcript_hash(())
TAGGED: dict[str, Callable[[], bytes]] = {
    "MANIFEST": lambda: digests.manifest_hash(Terms()),
    "FUNCTION": lambda: digests.function_id(FUNCTION),
    "PROFILE": lambda: digests.profile_id(PROFILE),
    "REQUEST": lambda: digests.request_id(REQUEST),
    "SPEC": lambda: digests.spec_hash(b"{}"),
    "ENTRY": lambda: digests.entry_hash(0, ENTRY),
    "TRANSCRIPT": lambda: digests.transcript_hash((ENTRY,)),
    "OBSERVATION": lambda: digests.observation_digest(
        EPOCH, REQUEST_ID, FUNCTION_ID, NOTHING, 0, b"{}", Observation(Kind.VALUE, b"1")
    ),
    "PREPARE": lambda: digests.prepare_digest(EPOCH, REQUEST_ID, FUNCTION_ID, NOTHING, NO_VIEW),
    "MESSAGE": lambda: digests.message_digest(EPOCH, 1, 2, b"payload"),
    "POSSESSION": lambda: digests.possession_digest(1, ADDRESS, ADDRESS, bytes(256)),
    "COUNTER": lambda: digests.counter_digest(EPOCH, 1),
    "TICKET": lambda: digests.ticket_digest(1, ADDRESS, ADDRESS, 0),
    "RANDOMNESS": lambda: digests.ticket_randomness(DIGEST, DIGEST),
    "DRAW": lambda: digests.draw_digest(1, ADDRESS, REQUEST_ID, 0),
    "NAME": lambda: digests.name_id(ADDRESS, b"name"),
    "REGISTRATION": lambda: digests.registration_id(1, ADDRESS, ADDRESS, 0),
    "TRIGGER": lambda: digests.triggered_request_id(
        1, ADDRESS, RegistrationId(BYTES_32), FUNCTION_ID, 1, EventHash(BYTES_32)
    ),
    "LOG": lambda: digests.event_hash(LogEvent(1, DIGEST, DIGEST, 0), b"", HOME),
    "CRON": lambda: digests.event_hash(ClockTick(0), b"", HOME),
    "BLOCK": lambda: digests.event_hash(BlockTick(0), b"", HOME),
    "HTTP": lambda: digests.event_hash(HttpCall(DIGEST), b"", HOME),
    "UPLOAD": lambda: digests.upload_digest(1, ADDRESS, FUNCTION_ID, 0),
    "SECRET": lambda: digests.secret_digest(DIGEST, 1, b"sealed"),
    "SEALING": lambda: digests.secret_context(EPOCH, ADDRESS, FUNCTION_ID, "NAME", 1, 2),
    "LISTING": lambda: digests.secret_list_digest(1, ADDRESS, ADDRESS, 0),
    "IDEMPOTENCY": lambda: digests.idempotency_digest(REQUEST_ID, 0, 0),
    "DEALING": lambda: digests.dealing_hash(EPOCH, 1, b"commitments", b"sealed", b""),
    "MEMBERS": lambda: digests.members_digest(EPOCH, b"members"),
    "SETTLED": lambda: digests.settled_digest(EPOCH, REQUEST_ID, FUNCTION_ID, NOTHING, NO_VIEW),
    "DKG": lambda: digests.dkg_hash(EPOCH, 2, b"dealings"),
    "OPENED": lambda: digests.key_context(DIGEST, 1),
    "ENVELOPE": lambda: digests.private_input_context(EPOCH, FUNCTION_ID, ADDRESS),
}  # fmt: skip
"""Every tagged digest that takes values; the epoch's is covered by its tag, its fields by docs/wire.md's vectors."""


@pytest.fixture
def preimages(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is hashed, in order."""
    seen: list[bytes] = []
    keccak = digests.keccak

    def recorded(data: bytes) -> bytes:
        seen.append(bytes(data))
        return keccak(data)

    monkeypatch.setattr(digests, "keccak", recorded)
    return seen


def test_every_tag_is_its_own() -> None:
    """No two constants are the same, and each is the hash of its own name."""
    tags = {name.removeprefix("TAG_"): value for name, value in vars(digests).items() if name.startswith("TAG_")}
    assert len(set(tags.values())) == len(tags)
    assert tags == {name: digests.keccak(b"executor/v1/" + name.lower().encode()) for name in tags}
    assert tags.keys() == TAGGED.keys() | {"EPOCH"}


@pytest.mark.parametrize("name", TAGGED)
def test_every_digest_begins_with_its_own_tag(name: str, preimages: list[bytes]) -> None:
    """The outermost preimage starts with the tag of its kind, so no other kind of digest has it."""
    TAGGED[name]()
    assert preimages[-1].startswith(getattr(digests, f"TAG_{name}"))
    assert len(preimages[-1]) > 32


def test_what_is_signed_in_another_form_can_be_no_tagged_preimage(preimages: list[bytes]) -> None:
    """Leaves are hashes of hashes, an attestation has EIP-712's two bytes: neither has a tag's first 32 bytes."""
    tags = [value for name, value in vars(digests).items() if name.startswith("TAG_")]
    report = digests.make_report(REQUEST_ID, FUNCTION_ID, NOTHING, Returned(b"", 1), NO_VIEW)
    preimages.clear()
    digests.report_leaf(report)
    inner, outer = preimages
    assert len(inner) == 8 * 32
    assert len(outer) == 32  # a tagged preimage has more
    assert not any(inner.startswith(tag) for tag in tags)
