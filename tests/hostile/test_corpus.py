"""What is written in the heads of hostile guests."""

from __future__ import annotations

from collections import Counter

from fixtures.guests.hostile.corpus import ENDS, guests

MIN_GUESTS = 70


def test_every_guest_says_what_it_attacks() -> None:
    """A sentence, and a name of its own."""
    assert len(guests()) >= MIN_GUESTS
    assert [name for name, count in Counter(guest.name for guest in guests()).items() if count > 1] == []
    assert [guest.name for guest in guests() if not guest.attack.endswith((".", "?"))] == []


def test_every_kind_of_end_is_attacked() -> None:
    """No end a run can have is left out."""
    assert {guest.ends for guest in guests()} == set(ENDS)
