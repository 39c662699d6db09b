"""The use cases by name; each is imported when it is asked for."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import Final, Protocol, cast

from executor.demos.stage import Stage
from executor.errors import InvalidConfig

DEFAULT: Final = "price"
PLAYS: Final = MappingProxyType(
    {
        DEFAULT: "executor.demos.price",
        "dynamic-nft": "executor.demos.dynamic_nft",
        "lottery": "executor.demos.lottery",
        "draws": "executor.demos.draws",
        "identity": "executor.demos.identity",
        "rebalancer": "executor.demos.rebalancer",
        "guard": "executor.demos.guard",
    }
)


class Play(Protocol):
    """What a use case's module has."""

    NAME: str
    ABOUT: str

    async def play(self, stage: Stage, /) -> bool:
        """Show it; False when something that should hold does not."""


def reads_other_chain(play: Play) -> bool:
    """Whether the use case wants a second chain beside the network's: its module says OTHER_CHAIN = True."""
    return bool(getattr(play, "OTHER_CHAIN", False))


def draws_itself(play: Play) -> bool:
    """Whether the use case needs a committee that makes its own draws: its module says COMMITTEE_DRAWS = True."""
    return bool(getattr(play, "COMMITTEE_DRAWS", False))


def find_play(name: str) -> Play:
    """The use case of this name; raises InvalidConfig that names the nearest there is."""
    if name not in PLAYS:
        nearest = get_close_matches(name, PLAYS, n=1, cutoff=0.0)[0]
        raise InvalidConfig(f"there is no demo {name!r}: did you mean {nearest!r}? `executor demo --list` names all")
    return cast(Play, import_module(PLAYS[name]))
