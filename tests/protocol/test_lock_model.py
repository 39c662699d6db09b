"""P2 under a random adversary: no walk ends in two attestations, and every weakened rule set is caught.

The adversary schedules, leads every round and owns f members, which prepare and vote for everything: so a certificate
exists as soon as q - f honest members prepared, an attestation as soon as q - f honest members voted.
"""

import random
from dataclasses import dataclass

import pytest

from executor.model.view import View
from executor.protocol import lock
from executor.protocol.lock import Consent, Promises, extends

PATHS = [(a,) for a in "ab"] + [(a, b) for a in "ab" for b in "ab"]
ROUNDS = 5
IDS = [Consent(View(round, len(path)), path) for round in range(1, ROUNDS + 1) for path in PATHS]


@dataclass(frozen=True)
class Rules:
    """A rule set to check; the real one by default."""

    may_prepare: object = lock.may_prepare
    may_accept: object = lock.may_accept
    vote_names_view: bool = True


def no_lock_rule(promises, asked, shown):
    return asked.view > promises.highest


def several_prepares_a_view(promises, asked, shown):
    lowered = Promises(promises.lock, View(promises.highest.round, 0), promises.prepared)
    return lock.may_prepare(lowered, asked, shown)


def accept_anything_above_the_lock(promises, certified):
    return certified.view >= promises.lock.view


def accept_what_does_not_conflict(promises, certified):
    """The first wording: a proper prefix prepared above does not conflict."""
    above = [consent.path for consent in promises.prepared if consent.view > certified.view]
    compatible = all(extends(path, certified.path) or extends(certified.path, path) for path in above)
    return certified.view >= promises.lock.view and compatible


class Network:
    """The honest members' promises and votes."""

    def __init__(self, rules, n, f):
        self.rules, self.honest, self.needed = rules, n - f, n - 2 * f
        self.promises = [Promises() for _ in range(self.honest)]
        self.prepared = {}
        self.votes = {}

    def certificates(self):
        return [consent for consent, members in self.prepared.items() if len(members) >= self.needed]

    def prepare(self, member, asked, shown):
        if any(self.rules.may_prepare(self.promises[member], asked, each) for each in [None, *shown]):
            self.promises[member] = lock.prepare(self.promises[member], asked)
            self.prepared.setdefault(asked, set()).add(member)

    def accept(self, member, certified):
        if self.rules.may_accept(self.promises[member], certified):
            self.promises[member] = lock.accept(self.promises[member], certified)
            if len(certified.path) == 2:
                key = certified if self.rules.vote_names_view else certified.path
                self.votes.setdefault(key, set()).add(member)

    def attested(self):
        keys = [key for key, members in self.votes.items() if len(members) >= self.needed]
        return {key.path if isinstance(key, Consent) else key for key in keys}


def walk(rules, rng, n=4, f=1, depth=45):
    """One random schedule; the outcomes attested in it."""
    network = Network(rules, n, f)
    for step in range(depth):
        certificates = network.certificates()
        size = rng.choice([1, network.needed, network.needed, network.honest])
        members = rng.sample(range(network.honest), size)
        if certificates and rng.random() < 0.45:
            certified = rng.choice(certificates)
            for member in members:
                network.accept(member, certified)
        else:
            round = min(ROUNDS, 1 + int(step * ROUNDS / depth * 1.3 * rng.random() + rng.random() * 1.5))
            asked = rng.choice([consent for consent in IDS if consent.view.round == round])
            for member in members:
                network.prepare(member, asked, certificates)
        if len(network.attested()) > 1:
            break
    return network.attested()


def test_the_rules_never_attest_two_outcomes():
    """P2: 6,000 random walks at n = 4 and 1,000 at n = 7."""
    for n, f, walks in ((4, 1, 6_000), (7, 2, 1_000)):
        rng = random.Random(n)
        assert all(len(walk(Rules(), rng, n, f)) <= 1 for _ in range(walks))


@pytest.mark.parametrize(
    "weakened",
    [
        Rules(may_prepare=no_lock_rule),
        Rules(may_prepare=several_prepares_a_view),
        Rules(may_accept=accept_anything_above_the_lock),
        Rules(may_accept=accept_what_does_not_conflict),
        Rules(vote_names_view=False),
    ],
    ids=["no lock rule", "several Prepares a view", "no accept rule", "first wording", "no view in the vote"],
)
def test_the_checker_sees_every_weakened_rule_fall(weakened):
    """Each rule is needed: without it the same walks find two attested outcomes."""
    rng = random.Random(1)
    assert any(len(walk(weakened, rng)) > 1 for _ in range(30_000))


def test_the_walks_reach_attestations():
    """The checker is no bystander: many walks of the real rules do attest something."""
    rng = random.Random(2)
    assert sum(len(walk(Rules(), rng)) for _ in range(500)) > 50
