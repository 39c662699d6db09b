"""Draws: drand's clock, specs in one spelling, and which manifests may draw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from executor.crypto.digests import manifest_hash
from executor.errors import InvalidManifest, InvalidSpec, InvalidValue
from executor.model.draw import MAX_DRAWS, QUICKNET, DrandDraw, encode_draw, is_draw, parse_draw
from executor.model.manifest import MAX_DELAY_S, Terms, parse_manifest
from executor.model.observation import Kind
from executor.model.spec import parse_spec
from executor.model.transcript import Entry, observed

VECTORS = json.loads((Path(__file__).parents[2] / "fixtures/vectors/randomness.json").read_text())
DRAW = DrandDraw(3, QUICKNET.hash, QUICKNET.key, 1_000, 1_692_806_364)
SPEC = encode_draw(DRAW)
HEAD = '[function]\nname = "raffle"\nlanguage = "javascript"\nsource = "raffle.js"\n'
OBSERVES_NOT = HEAD + "[limits]\nobservations = 0\n"
OTHER = '[capabilities.random.chain]\nhash = "0x{0}"\nkey = "0x{1}"\ngenesis = 0\nperiod_s = 1\n'


def manifest(random: str, head: str = OBSERVES_NOT) -> Terms:
    return parse_manifest(f'{head}[capabilities.random]\nsource = "drand"\n{random}').terms


def test_quicknet_is_the_vectors() -> None:
    """Hash, key, genesis and period, as forge has them too."""
    stated = VECTORS["quicknet"]
    assert "0x" + QUICKNET.hash.hex() == stated["chainHash"]
    assert "0x" + QUICKNET.key.hex() == stated["publicKey"]
    assert (QUICKNET.genesis_s, QUICKNET.period_s) == (int(stated["genesis"]), int(stated["period"]))


@pytest.mark.parametrize("row", VECTORS["times"], ids=lambda row: row["comment"])
def test_a_round_is_the_first_published_at_a_time_or_later(row: dict[str, str]) -> None:
    """Equal to contracts/src/libraries/Drand.sol."""
    assert QUICKNET.round_at(int(row["time"])) == int(row["round"])
    assert QUICKNET.time_of(int(row["round"])) == int(row["at"])


def test_a_spec_has_one_spelling_and_is_no_observations() -> None:
    """What parses is what was encoded; an observation's parser refuses it."""
    assert parse_draw(SPEC) == DRAW
    assert is_draw(SPEC)
    with pytest.raises(InvalidSpec, match="unknown key 'draw'"):
        parse_spec(SPEC)


@pytest.mark.parametrize(
    "spec",
    [
        b"",
        b"{}",
        b'{"draw":1}',
        b'{"draw":{"ordinal":0,"source":"drand"}}',
        SPEC.replace(b"drand", b"coins"),
        SPEC.replace(b'"ordinal":3', b'"ordinal":-1'),
        SPEC.replace(b'"ordinal":3', b'"ordinal":%d' % MAX_DRAWS),
        SPEC.replace(b'"ordinal":3', b'"ordinal":true'),
        SPEC.replace(b'"round":1000', b'"round":0'),
        SPEC.replace(b"0x52", b"52"),
        SPEC.replace(b"0x52", b"0x5_2"),
        SPEC.replace(b'"source"', b'"a":1,"source"'),
        SPEC.replace(b"}}", b'},"label":"x"}'),
        SPEC + b" ",
        b'{"draw":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"draw":"' + b"x" * 2_000 + b'"}',
    ],
)
def test_what_is_no_draw_is_refused(spec: bytes) -> None:
    """Unknown sources, values out of range, other spellings, too long."""
    with pytest.raises(InvalidSpec):
        parse_draw(spec)


@pytest.mark.parametrize(
    ("spec", "kind", "value"),
    [
        (SPEC, Kind.VALUE, bytes(48)),
        (SPEC, Kind.DEFAULT, bytes(48)),
        (b'{"aggregate":"mode"}', Kind.DRAW, bytes(48)),
        (SPEC, Kind.DRAW, bytes(47)),
        (SPEC, Kind.DRAW, b""),
    ],
)
def test_an_entry_is_a_draw_or_none(spec: bytes, kind: Kind, value: bytes) -> None:
    """Kind, spec and the proof's length belong together."""
    with pytest.raises(InvalidValue, match="draw"):
        Entry(spec, kind, value)


def test_what_was_observed_ends_at_the_first_draw() -> None:
    """A view counts these."""
    seen, drawn = Entry(b'{"aggregate":"mode"}', Kind.VALUE, b"1"), Entry(SPEC, Kind.DRAW, bytes(48))
    assert observed(()) == ()
    assert observed((seen,)) == (seen,)
    assert observed((seen, drawn, seen)) == (seen,)
    assert observed((drawn, drawn)) == ()


def test_quicknet_and_one_draw_are_the_defaults() -> None:
    """The shortest manifest that draws."""
    granted = manifest("delay_s = 30").capabilities.random
    assert granted is not None
    assert (granted.drand, granted.draws) == (QUICKNET, 1)


def test_another_chain_is_part_of_the_function() -> None:
    """It may be drawn from at once, and it is another function."""
    own = manifest("delay_s = 1\n" + OTHER.format("11" * 32, "22" * 96))
    assert own.capabilities.random is not None
    assert own.capabilities.random.drand.key == b"\x22" * 96
    assert manifest_hash(own) != manifest_hash(manifest("delay_s = 30"))


@pytest.mark.parametrize(
    ("random", "words"),
    [
        ("delay_s = 29", "delay_s = 29: at least 30, because a block's producer"),
        ("delay_s = 0", "delay_s"),
        (f"delay_s = {MAX_DELAY_S + 1}", "delay_s"),
        ("", "delay_s"),
        ("delay_s = 30\ndraws = 0", "draws"),
        ("delay_s = 30\ndraws = 17", "draws"),
        ("delay_s = 30\ndraw = 1", "did you mean draws"),
        ("delay_s = 30\naccept_draw_known_before_observations = false", "accept_draw_known_before_observations"),
        ("delay_s = 1\n" + OTHER.format(QUICKNET.hash.hex(), "22" * 96), "this is quicknet"),
        ("delay_s = 1\n" + OTHER.format("11" * 32, QUICKNET.key.hex()), "this is quicknet"),
        ("delay_s = 1\n" + OTHER.format("11" * 31, "22" * 96), "chain.hash"),
        ("delay_s = 1\n" + OTHER.format("11" * 32, "22" * 96).replace("period_s = 1", "period_s = 0"), "period_s"),
    ],
)
def test_a_draw_that_could_be_known_early_is_refused(random: str, words: str) -> None:
    """Each wrong key is named, and quicknet's floor cannot be had lower by calling it another chain."""
    with pytest.raises(InvalidManifest, match=words):
        manifest(random)


def test_observing_and_drawing_needs_a_word() -> None:
    """A function that may observe says that it accepts a draw known before."""
    with pytest.raises(InvalidManifest, match=r"limits\.observations = 0, or accept that with"):
        manifest("delay_s = 30", HEAD)
    assert manifest("delay_s = 30\naccept_draw_known_before_observations = true", HEAD).capabilities.random is not None


def test_manifests_without_draws_have_their_old_hash() -> None:
    """What is absent is in no digest: ids of functions stay."""
    assert b"random" not in Terms().canonical()
    assert b"time" not in Terms().canonical()
