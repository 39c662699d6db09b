"""A committee in memory that makes a key: real members, machines and shares; who cheats, and how, is a test's."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from executor.crypto.digests import keccak256, request_id
from executor.crypto.draw_keys import check_draw_key, signed_digest
from executor.crypto.threshold import Share
from executor.errors import PeerFault
from executor.keys.sealing import encryption_key_of
from executor.keys.shares import Shares
from executor.model.committee import Epoch
from executor.model.draw_key import DrawKey
from executor.model.ids import Digest, RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.report import Scheme
from executor.model.transcript import Transcript
from executor.protocol.certifying import scheme_of
from executor.protocol.dealings import Dealing, KeyMessage, encode_key_message
from executor.protocol.effects import ALL, Attested, Effect
from executor.protocol.key_effects import Deal, Judge, KeyEffect, MadeKey, OpenShare, SignKey, Tell
from executor.protocol.key_plan import Plan
from executor.protocol.keygen import KeyGeneration
from executor.testing.fast_signatures import FastSignatures
from executor.testing.simulated_committee import START_S, bls_key, make_epoch, private_key
from executor.testing.simulated_engine import Engine, Node


def encryption_secret(index: int) -> bytes:
    """A member's X25519 secret."""
    return keccak256(b"encryption %d" % index)


def key_epoch(n: int, suite: FastSignatures, number: int = 1, schemes: tuple[Scheme, ...] = (Scheme.ECDSA,)) -> Epoch:
    """An epoch whose members can have shares sealed to them."""
    epoch = make_epoch(n, schemes=schemes, suite=suite)
    members = tuple(
        replace(member, encryption_key=encryption_key_of(encryption_secret(member.index))) for member in epoch.members
    )
    return replace(epoch, members=members, number=number)


@dataclass
class Dealer:
    """One member's machine and shares; `cheat` changes what it sends to whom, None for nothing."""

    machine: KeyGeneration
    shares: Shares
    cheat: Callable[[int, KeyMessage], KeyMessage | None] | None = None
    refuses: bool = False  # to consent, whatever it said it holds
    dealt: Dealing | None = None  # the signer's, kept
    made: MadeKey | None = None
    faults: list[PeerFault] = field(default_factory=list)


class KeyCommittee(Engine):
    """A committee that makes a key; messages take a random while."""

    def __init__(
        self,
        n: int,
        seed: int,
        *,
        faulty: Sequence[int] = (),
        slow_s: float = 0.5,
        before: KeyCommittee | None = None,
        number: int = 1,
        schemes: tuple[Scheme, ...] = (Scheme.ECDSA,),
    ) -> None:
        suite = FastSignatures()
        self.random = random.Random(seed)  # noqa: S311 (when messages arrive)
        self.slow_s, self.faulty = slow_s, set(faulty)
        self.lost: Callable[[int, int], bool] = lambda _sender, _recipient: False
        self._sized: tuple[KeyMessage | None, int] = (None, 0)
        self.carried_bytes = [0] * n  # told by each member about the key
        super().__init__(key_epoch(n, suite, number, schemes), suite, None, START_S)
        self.before = before
        self.dealers = [self._dealer(index, seed) for index in range(n)]

    def _dealer(self, index: int, seed: int) -> Dealer:
        epoch, before = self.epoch, self.before
        held: Share | None = None
        shares_of: tuple[bytes, ...] = ()
        count = epoch.n
        if before is not None:
            made = before.made
            shares_of, count = made.shares, before.epoch.n
            if index < count:
                held = before.dealers[index].shares.share(made.hash)
        plan = Plan(epoch.f + 1, count, index if index < count else None, shares_of)
        shares = Shares(epoch, index, plan, keccak256(b"seed %d %d" % (seed, index)), encryption_secret(index), held)
        return Dealer(KeyGeneration(epoch, index, plan, suite=self.suite), shares)

    @property
    def honest(self) -> list[Dealer]:
        """Who keeps the rules."""
        return [each for index, each in enumerate(self.dealers) if index not in self.faulty]

    @property
    def made(self) -> DrawKey:
        """The key that all honest members made, each with a proof that verifies."""
        (key,) = {None if each.made is None else each.made.certified.key for each in self.honest}
        assert key is not None
        for each in self.honest:
            assert each.made is not None
            check_draw_key(self.epoch, each.made.certified.shown, self.suite)
        return key

    def make(self, limit_s: float = 600.0) -> bool:
        """Have everybody begin; whether every honest member has the key in time."""
        for index in range(self.epoch.n):
            self.begin(index)
            self.pace(index)
        return self.wait(limit_s)

    def wait(self, limit_s: float = 600.0) -> bool:
        """Whether every honest member has the key in time."""
        return self.until(lambda: all(each.made for each in self.honest), limit_s)

    def follow(self, index: int) -> None:
        """The member takes its attempt up."""
        request = self.dealers[index].machine.request()
        key = request_id(request)
        self.requests[key] = request
        if key not in self.nodes[index].known:
            self.see(self.nodes[index], key)

    def pace(self, index: int) -> None:
        """Rounds of the machine."""
        if self.nodes[index].alive:
            self.do(index, self.dealers[index].machine.tick())
        if not all(each.made for each in self.honest):
            self.later(float(self.epoch.round_length_s), partial(self.pace, index))

    def do(self, index: int, effects: Sequence[KeyEffect]) -> None:
        """Carry the machine's effects out."""
        dealer = self.dealers[index]
        machine, shares = dealer.machine, dealer.shares
        for effect in effects:
            match effect:
                case Deal():
                    if machine.plan.dealer is not None:
                        dealer.dealt = dealer.dealt or shares.deal()
                        self._answer(index, partial(machine.dealt, dealer.dealt))
                case Judge(dealing, hashed):
                    self._answer(index, partial(_judge, dealer, dealing, hashed))
                case OpenShare(dealings):
                    self._answer(index, partial(machine.opened, shares.open(dealings)))
                case Tell(recipient, message):
                    others = range(self.epoch.n) if recipient == ALL else [recipient]
                    for to in others:
                        if to != index:
                            self._tell(index, to, message)
                case SignKey(key):
                    self._answer(index, partial(machine.key_signed, self.sign_key(index, key)))
                case MadeKey():
                    dealer.made = effect

    def _answer(self, index: int, act: Callable[[], list[KeyEffect]]) -> None:
        """The signer's, a moment later, unless the member is killed in between."""
        machine = self.dealers[index].machine

        def arrive() -> None:
            if self.dealers[index].machine is machine and self.nodes[index].alive:
                self.do(index, act())

        self.later(0.01, arrive)

    def sign_key(self, index: int, key: DrawKey) -> bytes:
        """A member's signature of a key."""
        digest = signed_digest(self.epoch, key.public_key, key.hash)
        if scheme_of(self.epoch) is Scheme.ECDSA:
            return self.suite.sign(private_key(index), digest)
        return self.suite.bls_sign(bls_key(index), digest)

    def crash(self, index: int, down_s: float = 1.0) -> None:
        """Kill a member, to start again: what it made is kept, and its signer."""
        dealer = self.dealers[index]
        dealer.machine = KeyGeneration(self.epoch, index, dealer.machine.plan, suite=self.suite)
        self.kill(self.nodes[index], down_s)
        self.later(down_s, partial(self.begin, index))

    def begin(self, index: int) -> None:
        """Have a member begin, or take up what it made."""
        dealer = self.dealers[index]
        self.do(index, dealer.machine.begin() if dealer.made is None else dealer.machine.resume(dealer.made))
        self.follow(index)

    def _tell(self, sender: int, recipient: int, message: KeyMessage) -> None:
        cheat = self.dealers[sender].cheat
        told = message if cheat is None else cheat(recipient, message)
        if told is not None:
            self.carried_bytes[sender] += self._size(told)
        if told is not None and not self.lost(sender, recipient):
            self.later(self.random.uniform(0.01, self.slow_s), partial(self._hear, sender, recipient, told))

    def _size(self, message: KeyMessage) -> int:
        if self._sized[0] is not message:  # the same goes to many, one after the other
            self._sized = (message, len(encode_key_message(message)))
        return self._sized[1]

    def _hear(self, sender: int, recipient: int, message: KeyMessage) -> None:
        dealer = self.dealers[recipient]
        if not self.nodes[recipient].alive:
            return
        of_old = sender if self.before is not None and sender < self.before.epoch.n else None
        try:
            self.do(recipient, dealer.machine.received(sender, message, dealer=of_old))
        except PeerFault as fault:
            dealer.faults.append(fault)

    # What the engine asks.

    def takes(self, request: RequestId) -> bool:  # noqa: ARG002 (the interface's)
        """No contract knows of it."""
        return False

    def moment_s(self, node: Node) -> float:  # noqa: ARG002 (the interface's)
        """A while."""
        return 0.01

    def delays_s(self, sender: int, recipient: int) -> Sequence[float]:
        """Of the members' own messages."""
        return [] if self.lost(sender, recipient) else [self.random.uniform(0.01, self.slow_s)]

    def runs(self, node: Node, request: RequestId, transcript: Transcript) -> Outcome:  # noqa: ARG002 (the interface's)
        """The built-in function."""
        return self.dealers[node.index].machine.execute(transcript)

    def sees(self, node: Node, request: RequestId, transcript: Transcript, slot: int) -> Observation | None:
        """What the machine says."""
        dealer = self.dealers[node.index]
        if request != request_id(dealer.machine.request()):
            return None
        seen = dealer.machine.observe(transcript, int(self.now // self.epoch.round_length_s))
        if seen is not None and slot == 1 and dealer.refuses:
            return Observation.error("refused")
        return seen

    def carry_out_one(self, node: Node, effect: Effect) -> None:
        """And attestations end attempts."""
        super().carry_out_one(node, effect)
        if isinstance(effect, Attested):
            dealer = self.dealers[node.index]
            if effect.request_id == request_id(dealer.machine.request()):
                self.do(node.index, dealer.machine.attested(effect.transcript))
                self.follow(node.index)


def _judge(dealer: Dealer, dealing: Dealing, hashed: Digest) -> list[KeyEffect]:
    return dealer.machine.judged(dealing.dealer, hashed, dealer.shares.judge(dealing))
