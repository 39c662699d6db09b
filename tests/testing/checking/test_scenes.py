"""Scenes are small values: what they change, what they say, and how they shrink."""

from __future__ import annotations

import json
import random
from itertools import islice

from executor.model.profile import PROFILE
from executor.testing.checking.contents import Drift, Edge, Grown, numbers_in
from executor.testing.checking.guess import guesses
from executor.testing.checking.inputs import boundary_inputs, random_input
from executor.testing.checking.scene import NODES, Scene, alike
from executor.testing.checking.scenes import scenes
from executor.testing.checking.shrink import shrink
from executor.testing.outages import Outage
from executor.testing.replies import Reply, look_up
from executor.testing.variations import Variation

URL = "https://a.example/x"
REPLY = Reply.of({"a": 1, "b": ["2.5", "word", True, None], "c": {"d": 3.5}})
BASE = {URL: REPLY}


def body(scene: Scene, node: int = 0, url: str = URL) -> object:
    reply = look_up(scene.worlds(BASE, frozenset())[node], url)
    assert reply is not None
    return json.loads(reply.body)


def test_a_pristine_scene_gives_every_node_the_example() -> None:
    """Its very body; the headers that every server sends are there too, the same for all."""
    worlds = Scene(b"").worlds(BASE, frozenset())
    assert [world[URL].body for world in worlds] == [REPLY.body] * NODES
    assert {tuple(world[URL].headers) for world in worlds} == {("content-type", "date", "x-request-id")}
    assert worlds[0] == worlds[3]


def test_an_edge_replaces_one_number_in_its_own_form() -> None:
    """Numbers stay numbers, text stays text, null is null; truth values and words are no numbers."""
    assert numbers_in(REPLY) == 3
    assert body(alike(b"", ((URL, Edge(0, -1)),))) == {"a": -1, "b": ["2.5", "word", True, None], "c": {"d": 3.5}}
    assert body(alike(b"", ((URL, Edge(1, 7)),))) == {"a": 1, "b": ["7", "word", True, None], "c": {"d": 3.5}}
    assert body(alike(b"", ((URL, Edge(2, None)),))) == {"a": 1, "b": ["2.5", "word", True, None], "c": {"d": None}}


def test_drift_moves_measured_whole_numbers() -> None:
    """In number and text form; not ids, not other words, not fractions, and not what is steady."""
    reply = Reply.of({"price": 5, "bids": ["7", 8], "block_id": 9, "task": 18, "total": 2.5, "volume": 1, "lastBid": 3})
    world = Scene(b"", (((URL, Drift(2)),), (), (), ())).worlds({URL: reply}, frozenset({"volume"}))[0]
    assert json.loads(world[URL].body) == {
        "price": 7, "bids": ["9", 10], "block_id": 9, "task": 18, "total": 2.5, "volume": 1, "lastBid": 5
    }  # fmt: skip


def test_growth_repeats_lists_and_words() -> None:
    """Never numbers; and never over what a node takes of one reply."""
    assert body(alike(b"", ((URL, Grown(2)),))) == {
        "a": 1, "b": ["2.5", "word", True, None] * 2, "c": {"d": 3.5}
    }  # fmt: skip
    world = alike(b"", ((URL, Grown(1_000)),)).worlds(
        {URL: Reply.of({"words": ["x" * 5_000] * 3, "word": "y" * 5_000})}, frozenset()
    )[0]
    assert 500_000 < len(world[URL].body) <= 1_000_000
    assert alike(b"", ((URL, Grown(3)),)).worlds({URL: Reply(body=b"ab")}, frozenset())[0][URL].body == b"ababab"


def test_an_example_answers_its_url_with_any_query() -> None:
    """A URL that the function makes from its input."""
    assert body(Scene(b""), url=f"{URL}?pair=a") == json.loads(REPLY.body)


def test_a_scene_says_what_it_changes() -> None:
    """One line where all nodes have the same."""
    assert alike(b"", ((URL, Outage.TIMEOUT),)).changes() == (f"all nodes: {URL}: no answer in time",)
    one = Scene(b"", ((), ((URL, Variation(ulps=2)),), (), ()))
    assert one.changes() == (f"node 1: {URL}: last digits +2",)
    assert (one.ordinary, one.pristine) == (True, False)


def test_a_scene_is_dead_when_no_node_gets_an_answer() -> None:
    """From any URL; an error page with status 200 is an answer."""
    urls = frozenset({URL})
    assert alike(b"", ((URL, Outage.RATE_LIMITED),)).dead(urls)
    assert not alike(b"", ((URL, Outage.ERROR_PAGE),)).dead(urls)
    assert not Scene(b"", (((URL, Outage.TIMEOUT),), (), (), ())).dead(urls)
    assert not Scene(b"").dead(frozenset())


def test_shrinking_keeps_one_difference() -> None:
    """Many changes on many nodes, one of which matters."""
    everything = Variation(ulps=9, seconds=70, request=3)
    big = Scene(b'{"n": 12345, "m": [1, 2, 3]}', (((URL, everything), ("https://b.example/", everything)),) * 3 + ((),))

    def still(scene: Scene) -> bool:
        ulps = [twist.ulps for row in scene.twists for url, twist in row if url == URL and isinstance(twist, Variation)]
        return any(ulps) and b'"n"' in scene.input

    small = shrink(big, still)
    assert [row for row in small.twists if row] == [((URL, Variation(ulps=1)),)]
    assert small.input in (b'{"n":0}', b'"n"')
    assert shrink(small, still) == small


def test_shrinking_ends_after_so_many_plays() -> None:
    """However slow a function is."""
    plays: list[Scene] = []
    shrink(Scene(bytes(range(1, 200))), lambda scene: bool(plays.append(scene)), max_plays=7)
    assert len(plays) == 7


def test_boundary_inputs_stay_in_shape_and_limit() -> None:
    """Each part of the example at each boundary; and what has no shape at all."""
    found = boundary_inputs((b'{"n":10,"who":["ann"]}',))
    assert len(found) == len(set(found))
    assert max(map(len, found)) <= PROFILE.ceilings.input_bytes
    for wanted in (b'{"n":-1,"who":["ann"]}', b'{"n":10}', b'{"n":10,"who":[]}', b"", b"-1", b"null", bytes(32)):
        assert wanted in found
    assert b"-1" in boundary_inputs((b"10",))
    assert (1).to_bytes(32, "big") + bytes(32) in boundary_inputs((bytes(64),))


def test_random_inputs_are_reproducible() -> None:
    """By seed."""
    examples = (b'{"n":10}', b"text")
    drawn = [[random_input(examples, random.Random(seed)) for seed in range(40)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 10


def test_the_list_of_scenes_depends_on_the_seed_alone() -> None:
    """And every sort is in it."""
    first, again, other = (list(islice(scenes((b"7",), BASE, seed), 250)) for seed in (0, 0, 1))
    assert first == again != other
    assert {label for label, _ in first} == {
        "examples", "differing replies", "outages", "large replies", "extreme replies", "inputs", "mixtures"
    }  # fmt: skip


def test_guesses_have_the_names_that_the_source_reads() -> None:
    """Chains, list places and destructured names; not methods, not words in texts and comments."""
    source = b"""
    // body.comment.here
    const { volume } = http.get("https://a.example/not.this").json();
    const price = body.result.XETH.c[1] + body.data?.amount.length;
    """
    plain = json.loads(next(iter(guesses(source)))["http*"].body)
    assert plain["result"] == {"XETH": {"c": ["1842.17", "1842.17"]}}
    assert plain["data"] == {"amount": "1842.17"}
    assert plain["volume"] == "1842.17"
    assert not {"comment", "not", "json", "get"} & set(plain)
