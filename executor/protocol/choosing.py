"""Which dealings a member names that is to name a list (keygen.py, Rules 2 and 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from executor.model.ids import Digest


def longest_common(
    holdings: Mapping[int, Mapping[int, Digest]],
    quorum: int,
    *,
    least: int,
    suspicion: Mapping[int, int],
) -> dict[int, Digest] | None:
    """A list, as long as can be found simply, that `quorum` members say they hold, of `least` dealings; or None.

    Members under suspicion are left out first.
    """
    telling = dict(holdings)
    while len(telling) >= quorum:
        common = _common(list(telling.values()))
        if least <= len(common):
            return common
        holders = Counter(item for held in telling.values() for item in held.items())
        worst = min(
            telling,
            key=lambda each: (
                -suspicion.get(each, 0),
                sum(holders[item] >= quorum for item in telling[each].items()),
                each,
            ),
        )
        del telling[worst]
    return None


def _common(holdings: list[Mapping[int, Digest]]) -> dict[int, Digest]:
    first, *others = holdings
    return {dealer: hashed for dealer, hashed in first.items() if all(other.get(dealer) == hashed for other in others)}
