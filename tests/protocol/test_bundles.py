"""Bundles: messages that travel together arrive whole, in order and bounded; anything else is InvalidEncoding."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_messages import SEEN

from executor.errors import InvalidEncoding
from executor.protocol.bundles import MAX_BUNDLE_BYTES, MAX_TOGETHER, decode_bundle, encode_bundles
from executor.protocol.messages import encode_message

KINDS = sorted(SEEN)


@settings(deadline=None)
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=40))
def test_messages_survive_together(kinds):
    """In their order, and encoding them again gives the same bytes (D7)."""
    messages = [SEEN[kind] for kind in kinds]
    (bundle,) = encode_bundles(messages)
    assert list(decode_bundle(bundle.data)) == list(bundle.messages) == messages
    assert list(encode_bundles(decode_bundle(bundle.data))) == [bundle]


def test_too_many_messages_go_in_several_bundles():
    """Neither count nor size of one is exceeded, and the order stays."""
    messages = [SEEN[KINDS[place % len(KINDS)]] for place in range(2 * MAX_TOGETHER + 1)]
    bundles = list(encode_bundles(messages))
    assert [len(decode_bundle(bundle.data)) for bundle in bundles] == [MAX_TOGETHER, MAX_TOGETHER, 1]
    assert [message for bundle in bundles for message in decode_bundle(bundle.data)] == messages
    assert list(encode_bundles([])) == []


def test_large_messages_share_a_bundle_only_while_they_fit(monkeypatch):
    """A bundle is no longer than a message may be, unless it holds that one alone."""
    size = max(len(encode_message(message)) for message in SEEN.values())
    monkeypatch.setattr("executor.protocol.bundles.MAX_BUNDLE_BYTES", size + 2)
    bundles = list(encode_bundles(SEEN[kind] for kind in KINDS))
    assert max(len(bundle.data) for bundle in bundles) <= size + 2
    assert len(bundles) > 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"[null]",
        encode_message(SEEN["vote"]),
        b"[" + encode_message(SEEN["vote"]) + b", " + encode_message(SEEN["vote"]) + b"]",
        b"[" + encode_message(SEEN["vote"]) + b",]",
        b"[[" + encode_message(SEEN["vote"]) + b"]]",
        b"[" + b",".join([encode_message(SEEN["batch-vote"])] * (MAX_TOGETHER + 1)) + b"]",
        b"[" + b" " * MAX_BUNDLE_BYTES + b"]",
        b"[" * 100_000,
    ],
    ids=["empty", "none", "object", "null", "no array", "space", "comma", "nested", "many", "large", "deep"],
)
def test_what_is_no_bundle_is_refused(data):
    """Nothing else is raised."""
    with pytest.raises(InvalidEncoding):
        decode_bundle(data)
