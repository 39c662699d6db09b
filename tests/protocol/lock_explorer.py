"""Every state that n = 4 members with f = 1 faulty can reach under the rules of executor/protocol/lock.py.

The adversary schedules, leads every round, and owns one member that prepares and votes for everything: so a certificate
exists once two of the three honest members prepared it, an attestation once two voted for it. It keeps every
certificate for ever and shows or delivers it to whom it likes, when it likes. Honest members vote as soon as they may,
since a vote binds its member to nothing. A restart (`Rules.restored`) may strike any member in any state.

A state is (certificates and attested outcomes, one number for each honest member). A member's number packs the index of
its promises, which are real `Promises` values moved by the real functions, with the masks of what it prepared that is
no certificate yet, and of what it voted for. States that differ by the names of honest members or of values are one.

With `reduced`, states and parts of states are dropped that cannot matter, because a Prepare only ever narrows what its
member may do next (test_lock_explorer.py tries this on every member's state):
  1. nobody prepares what is a certificate already;
  2. a state holding a lone Prepare that no other member can join any more is dropped;
  3. certificates nobody can accept any more, and votes nobody can join any more, are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, permutations, product

from lock_rules import REAL, Rules

from executor.model.view import View
from executor.protocol import lock
from executor.protocol.lock import NO_LOCK, Consent, Promises

HONEST = 3  # of n = 4; with the faulty member, two of them make a quorum
ALL_PATHS = ("a", "b", "aa", "ab", "ba", "bb")
INDEX_BITS = 20  # for the index of a promises value

State = tuple[int, int, int, int]
"""(certificates and attested outcomes, the three members in ascending order)."""


class Explorer:
    """The states of one rule set within `rounds` rounds, over `paths`; one that no other continues is complete."""

    def __init__(
        self, rules: Rules = REAL, rounds: int = 2, paths: tuple[str, ...] = ALL_PATHS, reduced: bool = True
    ) -> None:
        self.rules, self.rounds, self.reduced = rules, rounds, reduced
        self.ids = [Consent(View(round, len(path)), tuple(path)) for round in range(1, rounds + 1) for path in paths]
        self.width = len(self.ids)
        self.all = (1 << self.width) - 1
        self.complete = [
            tuple(path) for path in paths if not any(other != path and other.startswith(path) for other in paths)
        ]
        self.votes_of = [sum(1 << i for i, c in enumerate(self.ids) if c.path == path) for path in self.complete]
        self.promises: list[Promises] = []
        self.index: dict[Promises, int] = {}
        self.tables: list[Table] = []
        self.renamings = self._renamings()
        self.renamed: list[dict[int, int]] = [{} for _ in self.renamings]
        self.stabilisers: dict[int, tuple[int, list[int]]] = {}
        self.start: State = (0, *[self.intern(Promises()) << (2 * self.width)] * HONEST)  # type: ignore[assignment]

    # NUMBERS

    def intern(self, promises: Promises) -> int:
        """The index of a promises value; the order of what it prepared says nothing."""
        ordered = tuple(sorted(promises.prepared, key=lambda consent: (consent.view, consent.path)))
        promises = replace(promises, prepared=ordered)
        if promises not in self.index:
            self.index[promises] = len(self.promises)
            self.promises.append(promises)
            self.tables.append(None)  # type: ignore[arg-type]
        return self.index[promises]

    def table(self, number: int) -> Table:
        """What a member with these promises may do, asked of the rules once."""
        if self.tables[number] is None:
            self.tables[number] = Table.of(self, self.promises[number])
        return self.tables[number]

    def pack(self, state: State) -> int:
        """One integer for a state: a third of the memory."""
        common, x, y, z = state
        size = 2 * self.width + INDEX_BITS
        return ((common << size | x) << size | y) << size | z

    def unpack(self, packed: int) -> State:
        """The state of an integer."""
        size = 2 * self.width + INDEX_BITS
        every = (1 << size) - 1
        return packed >> 3 * size, packed >> 2 * size & every, packed >> size & every, packed & every

    # SYMMETRY

    def _renamings(self) -> list[list[int]]:
        """Every renaming of entries that keeps the tree of paths, as a map of consents; the first changes nothing."""
        paths = sorted({consent.path for consent in self.ids}, key=lambda path: (len(path), path))
        lengths = sorted({len(path) for path in paths})
        found = []
        for images in product(*[permutations([p for p in paths if len(p) == length]) for length in lengths]):
            image = dict(zip(paths, chain(*images), strict=True))
            kept = all(image[p[:-1]] == image[p][:-1] for p in paths if p[:-1] in image)
            if kept and {image[p] for p in self.complete} == set(self.complete):
                found.append([self.ids.index(Consent(c.view, image[c.path])) for c in self.ids])
        return found

    def _mask(self, mask: int, renaming: list[int]) -> int:
        return sum(1 << renaming[i] for i in _bits(mask))

    def _common(self, common: int, renaming: list[int]) -> int:
        """Certificates and attested outcomes, renamed."""
        attested = 0
        for outcome in _bits(common >> self.width):
            path = self.complete[outcome]
            consent = self.ids[renaming[self.ids.index(Consent(View(1, len(path)), path))]]
            attested |= 1 << self.complete.index(consent.path)
        return self._mask(common & self.all, renaming) | attested << self.width

    def _member(self, member: int, which: int) -> int:
        known, renaming = self.renamed[which], self.renamings[which]
        if member not in known:
            promises = self.promises[member >> (2 * self.width)]

            def rename(consent: Consent) -> Consent:
                return consent if consent == NO_LOCK else self.ids[renaming[self.ids.index(consent)]]

            moved = Promises(rename(promises.lock), promises.highest, tuple(map(rename, promises.prepared)))
            pending = self._mask(member >> self.width & self.all, renaming)
            votes = self._mask(member & self.all, renaming)
            known[member] = self.intern(moved) << (2 * self.width) | pending << self.width | votes
        return known[member]

    def canonical(self, common: int, x: int, y: int, z: int) -> State:
        """The least state that differs from this one by names only."""
        if common not in self.stabilisers:
            images = [self._common(common, renaming) for renaming in self.renamings]
            least = min(images)
            self.stabilisers[common] = least, [which for which, image in enumerate(images) if image == least]
        least, choices = self.stabilisers[common]
        best: State | None = None
        for which in choices:
            if which:
                known = self.renamed[which]
                members = [known.get(m) or self._member(m, which) for m in (x, y, z)]
            else:
                members = [x, y, z]
            members.sort()
            state = (least, *members)
            if best is None or state < best:
                best = state  # type: ignore[assignment]
        assert best is not None
        return best

    # MOVES

    def moves(self, state: State) -> Iterator[tuple[int, str, int, tuple[int, int, int, int]]]:
        """(which member, verb, consent's index, state after it, not yet canonical) for everything that may happen."""
        common, *members = state
        certificates, width, every = common & self.all, self.width, self.all
        for which in range(HONEST):
            member = members[which]
            if which and member == members[which - 1]:
                continue
            others = [members[other] for other in range(HONEST) if other != which]
            table = self.table(member >> (2 * width))
            others_prepared = (others[0] | others[1]) >> width & every
            for number, needs, after in table.prepares:
                bit = 1 << number
                if not (needs < 0 or needs & certificates) or (self.reduced and bit & certificates):
                    continue
                prepared = member >> width & every | bit
                left = common | bit if bit & others_prepared else common
                moved = after << (2 * width) | prepared << width | member & every
                yield from self._settled(which, "prepares", number, left, moved, others)
            for number, after in table.accepts:
                if certificates >> number & 1:
                    moved = after << (2 * width) | member & (1 << 2 * width) - 1
                    yield from self._settled(which, "accepts", number, common, moved, others)
            if table.restored != member >> (2 * width):
                moved = table.restored << (2 * width) | member & (1 << 2 * width) - 1
                yield from self._settled(which, "restarts", -1, common, moved, others)

    def _settled(
        self, which: int, verb: str, number: int, common: int, moved: int, others: list[int]
    ) -> Iterator[tuple[int, str, int, tuple[int, int, int, int]]]:
        """The state with every vote cast that may be, and without what cannot matter."""
        width, every = self.width, self.all
        members = [moved, *others]
        tables = [self.table(member >> (2 * width)) for member in members]
        certificates = common & every
        votes = [member & every | table.votes & certificates for member, table in zip(members, tables, strict=True)]
        attested = common >> width
        for outcome, of in enumerate(self.votes_of):
            if self.rules.vote_names_view:
                x, y, z = votes
                agreed = (x & y | x & z | y & z) & of
            else:
                agreed = sum(bool(vote & of) for vote in votes) >= HONEST - 1
            if agreed:
                attested |= 1 << outcome
        prepared = [member >> width & every for member in members]
        if self.reduced:
            x, y, z = prepared
            prepared = [p & ~certificates for p in prepared]
            able = [table.able for table in tables]
            for m in range(HONEST):
                if prepared[m] & ~(able[m - 1] | able[m - 2]):
                    return
            acceptable = [table.acceptable for table in tables]
            certificates &= acceptable[0] | acceptable[1] | acceptable[2]
            done = 0
            for outcome in _bits(attested):
                done |= self.votes_of[outcome]
            if self.rules.vote_names_view:
                votes = [votes[m] & (acceptable[m - 1] | acceptable[m - 2]) & ~done for m in range(HONEST)]
        members = [
            member >> (2 * width) << (2 * width) | p << width | vote
            for member, p, vote in zip(members, prepared, votes, strict=True)
        ]
        yield which, verb, number, (certificates | attested << width, *members)  # type: ignore[misc]

    def attested(self, state: State) -> list[str]:
        """The outcomes attested in a state."""
        return ["".join(self.complete[outcome]) for outcome in _bits(state[0] >> self.width)]


@dataclass(frozen=True, slots=True)
class Table:
    """What a member with given promises may do: indices of consents and of the promises after them.

    `prepares` holds (consent, certificates one of which must be shown, or -1 for none, promises after). `able` is what
    it could still prepare or `acceptable` accept if nothing but the views stood against it.
    """

    prepares: list[tuple[int, int, int]]
    accepts: list[tuple[int, int]]
    restored: int
    votes: int
    able: int
    acceptable: int

    @staticmethod
    def of(explorer: Explorer, promises: Promises) -> Table:
        rules, ids = explorer.rules, explorer.ids
        prepares, accepts = [], []
        able = acceptable = votes = 0
        unlocked, unprepared = replace(promises, lock=NO_LOCK), replace(promises, prepared=())
        for number, consent in enumerate(ids):
            able |= rules.may_prepare(unlocked, consent, None) << number
            acceptable |= rules.may_accept(unprepared, consent) << number
            if consent.path in explorer.complete:
                votes |= rules.may_vote(promises, consent) << number
            if rules.may_prepare(promises, consent, None):
                needs = -1
            else:
                needs = sum(rules.may_prepare(promises, consent, shown) << c for c, shown in enumerate(ids))
            if needs:
                prepares.append((number, needs, explorer.intern(lock.prepare(promises, consent))))
            if promises.lock != consent and rules.may_accept(promises, consent):
                accepts.append((number, explorer.intern(lock.accept(promises, consent))))
        return Table(prepares, accepts, explorer.intern(rules.restored(promises)), votes, able, acceptable)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
