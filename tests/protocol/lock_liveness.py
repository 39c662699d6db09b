"""From any state the explorer can reach: rounds of honest leaders in time, proposing as leading.py's Rules 1 and 2 say.

A leader knows only what the members told it in this round, as after a restart. The faulty member prepares nothing and
stands at nothing, but shows the leader, in its status, any certificate it holds. Each liveness rule can be left out:
then the adversary has the choices that the rule takes from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lock_explorer import HONEST, Explorer, State
from lock_rules import REAL, Rules

from executor.model.view import View
from executor.protocol import lock
from executor.protocol.lock import NO_LOCK, Consent, Path, Promises


@dataclass(frozen=True)
class Proposing:
    """The liveness rules of protocol.md; `waiting`: for every lock, not for the first quorum's."""

    repropose: bool = True
    waiting: bool = True
    leader_only: bool = True
    private_prepares: bool = True


@dataclass(frozen=True)
class World:
    """The honest members' promises and the certificates that exist; the next round's number."""

    members: tuple[Promises, ...]
    certificates: frozenset[Consent]
    round: int

    @staticmethod
    def of(explorer: Explorer, state: State) -> World:
        """A state of the explorer, one round after its last."""
        common, *numbers = state
        certificates = frozenset(c for i, c in enumerate(explorer.ids) if common >> i & 1)
        members = tuple(explorer.promises[number >> (2 * explorer.width)] for number in numbers)
        return World(members, certificates, explorer.rounds + 1)

    def finished(self, complete: frozenset[Path]) -> bool:
        """Whether every honest member votes for the same report."""
        return len({member.lock for member in self.members}) == 1 and self.members[0].lock.path in complete


@dataclass(frozen=True)
class Choice:
    """What the adversary does in one round.

    `shown` is what it tells the leader, `unheard` whom the leader does not wait for, `released` a certificate that it
    gives to one member after the leader has listened, `cut` after how many proposals the leader restarts.
    """

    shown: Consent | None = None
    unheard: int | None = None
    released: tuple[Consent, int] | None = None
    cut: int | None = None


def choices(world: World, proposing: Proposing) -> Iterator[Choice]:
    """Everything the adversary may do in this round, but for restarts."""
    leader = world.round % HONEST
    known = sorted(world.certificates, key=lambda consent: (consent.view, consent.path), reverse=True)
    unheard = [None] if proposing.waiting else [m for m in range(HONEST) if m != leader]
    released = [None, *[(c, m) for c in known for m in range(HONEST) if not proposing.leader_only]]
    for one in unheard:
        for two in released:
            for shown in (None, *known):
                yield Choice(shown, one, two)


@dataclass(frozen=True)
class Requests:
    """What may be agreed: the explorer's paths."""

    paths: tuple[Path, ...]
    complete: frozenset[Path]

    @staticmethod
    def of(explorer: Explorer) -> Requests:
        return Requests(tuple({c.path: 0 for c in explorer.ids}), frozenset(explorer.complete))

    def next(self, path: Path) -> Path:
        """The path after one more observation."""
        return next(p for p in self.paths if len(p) == len(path) + 1 and p[:-1] == path)


def play(
    world: World, choice: Choice, requests: Requests, proposing: Proposing = Proposing(), rules: Rules = REAL
) -> World:
    """The world after one round of an honest leader."""
    members, certificates, round = list(world.members), set(world.certificates), world.round
    heard = [m for m in range(HONEST) if m != choice.unheard]
    locks = [members[m].lock for m in heard] + ([choice.shown] if choice.shown else [])
    top = max(locks, key=lambda consent: consent.view)
    if choice.released:
        certificate, to = choice.released
        if rules.may_accept(members[to], certificate):
            members[to] = lock.accept(members[to], certificate)
    for proposals in range(len(requests.paths)):
        if not proposing.repropose:
            members = [lock.accept(m, top) if top != NO_LOCK and rules.may_accept(m, top) else m for m in members]
        standing = sum(members[m].lock.path == top.path for m in heard) + (choice.unheard is not None)
        if top.path not in requests.complete and standing == HONEST:
            path = requests.next(top.path)
        elif proposing.repropose and top.view.round < round and any(members[m].lock != top for m in heard):
            path = top.path
        else:
            break
        asked = Consent(View(round, len(path)), path)
        shown = None if top == NO_LOCK else top
        willing = [m for m in range(HONEST) if rules.may_prepare(members[m], asked, shown)]
        for m in willing:
            members[m] = lock.prepare(members[m], asked)
        if len(willing) >= HONEST - 1 and not proposing.private_prepares:
            certificates.add(asked)  # the faulty member adds its own
        if len(willing) < HONEST or proposals == choice.cut:
            break
        certificates.add(asked)
        members = [lock.accept(m, asked) if rules.may_accept(m, asked) else m for m in members]
        top = asked
    return replace(world, members=tuple(members), certificates=frozenset(certificates), round=round + 1)


def stuck(world: World, requests: Requests, proposing: Proposing, rounds: int) -> list[Choice] | None:
    """What the adversary does so that nothing is finished for so many rounds, if it can."""
    if rounds == 0:
        return []
    for choice in choices(world, proposing):
        after = play(world, choice, requests, proposing)
        if not after.finished(requests.complete):
            rest = stuck(after, requests, proposing, rounds - 1)
            if rest is not None:
                return [choice, *rest]
    return None
