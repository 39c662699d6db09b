"""Whether a record, and the journal that asks, are the latest there were (protocol.md, "Signer record").

Rule 1. A journal that asks names itself, its sequence and the record's counter as it knows it. The record keeps the
        highest sequence with each promise: at a begin, a lower one is a journal restored from a copy.
Rule 2. A counter above the record's own, known to the journal or stated to a peer over the signer's own signature, is
        a record restored from a copy: it is barred from every epoch begun, for good.
Rule 3. A new or restored journal beside a true record may begin an epoch in which nothing was signed yet: every
        earlier one is then barred.
Rule 4. A record that was imported from a backup is barred from whatever epoch it is first asked about.

A bar stands in the record that is old. The true record, brought back, has none; it was never restored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final as Constant

from executor.model.codec import Hex, Natural
from executor.model.committee import EpochIdentity
from executor.model.ids import Address

JOURNAL_ID_BYTES: Constant = 16
NEVER: Constant = -1  # no epoch is barred; none was signed in
ADVICE: Constant = "bring back the files as they were last, or go on in the next epoch, or register new keys"


@dataclass(frozen=True, slots=True)
class JournalMark:
    """What a journal says of itself: its name (16 random bytes), its sequence, and the record's counter it knows.

    `latest_epoch`: the last epoch that its node knows to have begun. An old record is barred up to that one.
    """

    journal: Hex
    sequence: Natural
    record_counter: Natural
    latest_epoch: Natural


@dataclass(frozen=True, slots=True)
class Scope:
    """One committee on one chain, over all its epochs."""

    chain_id: int
    router: Address
    committee: Address


@dataclass(frozen=True, slots=True)
class Standing:
    """What a record holds about one scope. `begun_restores`: how many restores of the record its begins have seen."""

    barred: int = NEVER
    journal: bytes = b""
    sequence: int = 0
    begun_restores: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """The standing from now on, the record's counter, and why the ask is refused; empty when it is not."""

    standing: Standing
    counter: int
    refusal: str = ""


def scope_of(epoch: EpochIdentity) -> Scope:
    """The scope of an epoch."""
    return Scope(epoch.chain_id, epoch.router, epoch.committee)


def judge(
    standing: Standing, counter: int, restores: int, highest: int, number: int, mark: JournalMark, *, begins: bool
) -> Judgement:
    """Rules 1 to 4 for an ask about epoch `number`; `highest` is the last epoch signed in. Pure."""
    begun = max(standing.barred, highest, number, mark.latest_epoch)
    if standing.begun_restores < restores:
        barred = replace(standing, barred=begun, begun_restores=restores)
        return Judgement(barred, counter, _barred(barred.barred, "this record was imported from a backup"))
    if number <= standing.barred:
        return Judgement(standing, counter, _barred(standing.barred, "it, or the journal beside it, was restored"))
    if mark.record_counter > counter:
        barred = replace(standing, barred=begun)
        why = f"it holds {counter} promises and held {mark.record_counter}: it was rolled back"
        return Judgement(barred, mark.record_counter, _barred(barred.barred, why))
    if not standing.journal or (mark.journal == standing.journal and mark.sequence >= standing.sequence):
        return Judgement(replace(standing, journal=mark.journal, sequence=mark.sequence), counter)
    if not begins and mark.journal == standing.journal:
        return Judgement(standing, counter)  # asks of one running node may overtake one another
    if begins and highest < number:
        return Judgement(replace(standing, barred=number - 1, journal=mark.journal, sequence=mark.sequence), counter)
    if mark.journal == standing.journal:
        why = f"the journal stands at {mark.sequence}, and stood at {standing.sequence}: it was restored from a copy"
    else:
        why = "this is another journal than the one that this signer has signed for"
    return Judgement(standing, counter, f"{why}; without the promises of the true one this member could contradict "
                     f"itself: {ADVICE}")  # fmt: skip


def judge_shown(standing: Standing, counter: int, highest: int, begun: int, shown: int) -> Judgement:
    """Rule 2 for a counter that a peer shows, over the signer's own signature; `begun` is the last epoch. Pure."""
    if shown <= counter:
        return Judgement(standing, counter)
    barred = replace(standing, barred=max(standing.barred, highest, begun))
    why = f"it holds {counter} promises, and this signer has stated {shown} to a peer: it was rolled back"
    return Judgement(barred, shown, _barred(barred.barred, why))


def _barred(number: int, why: str) -> str:
    return f"the signer's record is barred from every epoch up to {number}, for good: {why}; {ADVICE}"
