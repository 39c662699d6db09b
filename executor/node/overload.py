"""What a node says when more requests are open than it keeps: to people, to those who ask for one, to orchestrators.

Nothing is lost by it: the requests stay on the chain, the node reads them again (left_out.py), and whoever asked is
refunded when the deadline passes. Requests that only wait for a place are no overload of this kind (places.py).
"""

from __future__ import annotations

from typing import Protocol

from executor.node.conditions import Conditions


class Book(Protocol):
    """The open requests, as far as this needs them."""

    @property
    def open_count(self) -> int:
        """Requests seen and not yet closed."""

    @property
    def shed_from(self) -> int | None:
        """The block from which requests were left out and are still to be read."""


def overload(book: Book) -> str | None:
    """Which requests are left out, and until when; None when none is."""
    if book.shed_from is None:
        return None
    return (
        f"{book.open_count} requests are open and this node keeps no more: those made from block {book.shed_from} on "
        "stay on the chain and are read again when half of the others are closed"
    )


def tell_overload(book: Book, conditions: Conditions) -> None:
    """Have readiness say it."""
    reason = overload(book)
    if reason is None:
        conditions.works("requests")
    else:
        conditions.fails("requests", reason)
