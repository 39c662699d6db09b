"""A committee's draws: specs in one spelling, which manifests may draw so, and keys of the right size."""

from __future__ import annotations

import pytest

from executor.errors import InvalidManifest, InvalidSpec, InvalidValue
from executor.model.codec import decode, encode
from executor.model.committee import MAX_MEMBERS
from executor.model.draw import MAX_DRAWS, CommitteeDraw, encode_draw, is_draw, parse_draw
from executor.model.draw_key import MAX_PROOF_BYTES, CertifiedDrawKey, DrawKey, ShownDrawKey
from executor.model.ids import Address, Digest, RequestId
from executor.model.manifest import CommitteeRandom, Terms, parse_manifest, parse_terms
from executor.model.report import Scheme

DRAW = CommitteeDraw(31337, Address(b"\x02" * 20), RequestId(b"\xab" * 32), 3)
SPEC = encode_draw(DRAW)
HEAD = '[function]\nname = "raffle"\nlanguage = "javascript"\nsource = "raffle.js"\n'
KEY, MADE = b"\x01" * 96, Digest(b"\x05" * 32)


def manifest(random: str = "", chain: str = "", source: str = '"committee"') -> Terms:
    return parse_manifest(f"{HEAD}{chain}[capabilities.random]\nsource = {source}\n{random}").terms


def test_a_spec_names_the_request_and_no_key() -> None:
    """Canonical JSON, which parses to what was encoded."""
    assert SPEC == (
        b'{"draw":{"chain":31337,"ordinal":3,"request":"0x' + b"ab" * 32 + b'","router":"0x' + b"02" * 20 + b'",'
        b'"source":"committee"}}'
    )
    assert is_draw(SPEC)
    assert parse_draw(SPEC) == DRAW


@pytest.mark.parametrize(
    "spec",
    [
        SPEC.replace(b"committee", b"drand"),
        SPEC.replace(b'"ordinal":3', b'"ordinal":-1'),
        SPEC.replace(b'"ordinal":3', b'"ordinal":%d' % MAX_DRAWS),
        SPEC.replace(b'"ordinal":3', b'"ordinal":true'),
        SPEC.replace(b"31337", b"true"),
        SPEC.replace(b"31337", b"-1"),
        SPEC.replace(b"31337", b'"31337"'),
        SPEC.replace(b"0xab", b"0xAB"),
        SPEC.replace(b"0xab", b"0x"),
        SPEC.replace(b"0x02", b"0x0202"),
        SPEC.replace(b'"router"', b'"key":"0x11","router"'),
        SPEC.replace(b'"request"', b'"round":1,"request"'),
        SPEC + b" ",
    ],
)
def test_what_is_no_draw_of_a_committee_is_refused(spec: bytes) -> None:
    """Values out of range, other spellings, a key in it."""
    with pytest.raises(InvalidSpec):
        parse_draw(spec)


def test_a_committee_draws_for_finalized_requests_only() -> None:
    """Without a word in the manifest, or with that word; its canonical form says nothing of depth."""
    for chain in ("", '[capabilities.chain]\nconfirmations = "finalized"\n'):
        assert manifest("draws = 2", chain).confirmations == "finalized"
    granted = manifest().capabilities.random
    assert granted == CommitteeRandom(source="committee", draws=1)
    assert b'"capabilities":{"random":{"draws":1,"source":"committee"}}' in manifest().canonical()
    with pytest.raises(InvalidManifest, match=r"confirmations = 7: a committee draws for finalized requests only"):
        manifest(chain="[capabilities.chain]\nconfirmations = 7\n")


def test_observing_and_drawing_needs_no_word_here() -> None:
    """Draws come after a settled transcript, so nobody can know them before."""
    assert manifest().limits.observations == 5


@pytest.mark.parametrize(
    ("random", "source", "words"),
    [
        ("delay_s = 30", '"committee"', 'capabilities.random.delay_s: belongs to source = "drand"'),
        ("accept_draw_known_before_observations = true", '"committee"', 'belongs to source = "drand"'),
        ("[capabilities.random.chain]\ngenesis = 1", '"committee"', 'random.chain: belongs to source = "drand"'),
        ("draw = 1", '"committee"', "capabilities.random.draw: unknown key; did you mean draws"),
        ("key = 1", '"committee"', "capabilities.random.key: unknown key$"),
        ("draws = 0", '"committee"', "capabilities.random.draws: "),
        ("draws = 17", '"committee"', "capabilities.random.draws: "),
        ("", '"Committee"', "capabilities.random.source: it is one of 'committee', 'drand'; did you mean 'committee'"),
        ("", '"dice"', "capabilities.random.source: it is one of 'committee', 'drand'$"),
        ("", "1", "capabilities.random.source: it is one of 'committee', 'drand'"),
        ("dely_s = 30", '"drand"', "capabilities.random.dely_s: unknown key; did you mean delay_s"),
        ("", '"drand"', "capabilities.random.delay_s: "),
    ],
)
def test_a_wrong_manifest_is_told_what_is_wrong(random: str, source: str, words: str) -> None:
    """Each by the key as it stands in the file."""
    with pytest.raises(InvalidManifest, match=words):
        manifest(random, source=source)


def test_a_missing_source_is_named() -> None:
    """It decides which keys there are."""
    with pytest.raises(InvalidManifest, match=r"capabilities\.random\.source: missing; it is one of"):
        parse_terms({"capabilities": {"random": {"draws": 1}}})


def test_a_certified_key_has_one_encoding() -> None:
    """What members keep, and what they show of it."""
    certified = CertifiedDrawKey(DrawKey(KEY, MADE, (KEY, KEY)), Scheme.BLS, b"\x07" * 144)
    assert decode(CertifiedDrawKey, encode(certified), limit=10_000) == certified
    assert certified.shown == ShownDrawKey(KEY, MADE, Scheme.BLS, b"\x07" * 144)


@pytest.mark.parametrize(
    ("key", "shares", "proof"),
    [(KEY[1:], 1, 0), (KEY + b"\0", 1, 0), (KEY, MAX_MEMBERS + 1, 0), (KEY, 1, MAX_PROOF_BYTES + 1)],
)
def test_a_key_of_another_size_is_none(key: bytes, shares: int, proof: int) -> None:
    """Too short, too long, for more members than there are, with more signatures than there can be."""
    with pytest.raises(InvalidValue):
        CertifiedDrawKey(DrawKey(key, MADE, (KEY,) * shares), Scheme.ECDSA, bytes(proof))
    with pytest.raises(InvalidValue):
        DrawKey(KEY, MADE, (KEY[1:],))
    with pytest.raises(InvalidValue):
        ShownDrawKey(KEY, MADE, Scheme.ECDSA, bytes(MAX_PROOF_BYTES + 1))
