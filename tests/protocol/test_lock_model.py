"""P2 under a random adversary at n = 7, f = 2, which is too large for test_lock_explorer.py.

The adversary schedules, leads every round and owns f members, which prepare and vote for everything: so a certificate
exists as soon as q - f honest members prepared, an attestation as soon as q - f honest members voted.
"""

import random

import pytest
from lock_rules import REAL, WEAKENED

from executor.model.view import View
from executor.protocol import lock
from executor.protocol.lock import Consent, Promises

PATHS = [(a,) for a in "ab"] + [(a, b) for a in "ab" for b in "ab"]
ROUNDS = 5
IDS = [Consent(View(round, len(path)), path) for round in range(1, ROUNDS + 1) for path in PATHS]


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


def walk(rules, rng, n=7, f=2, depth=45):
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
    """P2 in 1,500 random walks."""
    rng = random.Random(7)
    assert all(len(walk(REAL, rng)) <= 1 for _ in range(1_500))


@pytest.mark.parametrize(
    "name", ["no lock rule", "several Prepares a view", "no accept rule", "first wording of the accept rule"]
)
def test_the_walks_see_weakened_rules_fall(name):
    """The same walks find two attested outcomes without a rule."""
    rng = random.Random(1)
    assert any(len(walk(WEAKENED[name], rng)) > 1 for _ in range(3_000))


def test_the_walks_reach_attestations():
    """The checker is no bystander: many walks of the real rules do attest something."""
    rng = random.Random(2)
    assert sum(len(walk(REAL, rng)) for _ in range(500)) > 50
