"""What `executor request` tells of nodes' events: each phase once, a draw by where it came from."""

from __future__ import annotations

from executor.cli._phases import Phases

REQUEST = "0x" + "ab" * 32


def test_a_draw_is_told_by_its_source() -> None:
    """drand's by its round; the committee's own has none. Each once, whoever says it."""
    told: list[str] = []
    phases = Phases(REQUEST, told.append)
    drand = {"number": 1, "request_id": REQUEST, "kind": "drawn", "ordinal": 0, "round": 77}
    own = {"number": 2, "request_id": REQUEST, "kind": "drawn", "ordinal": 1}
    assert [phases.take(node, [drand, own]) for node in (0, 1)] == [2, 2]
    assert told == ["drawn       from drand's round 77", "drawn       by the committee"]
    assert phases.take(0, [{**own, "ordinal": 2, "request_id": "0x"}]) == 2
    assert len(told) == 2
