"""A key that the members of an epoch make together, and nobody holds (docs/adr/0027).

Rule 1. Every dealer deals once. A member holds a dealing when its own share of it, opened and checked in the signer, is
        what the commitments say; it takes a dealing from its dealer alone until the committee has agreed on it.
Rule 2. Whose dealings count is agreed like any request's outcome, over a built-in function of two slots: a list, from
        the one member that the attempt's id names (`single`), and the consent of q members that hold all of it
        (`consent`). A member consents to nothing it does not hold, so q - f honest ones can sign.
Rule 3. A list has `least` dealings: enough that one dealer at least is honest, and, where shares of a key are dealt,
        enough for the key. A list too short, or not consented to, ends its attempt; the next one is another request.
Rule 4. Nothing of the key is shown before a list is attested. Then whoever holds all of it opens the key of its share;
        `threshold` opened ones are the group's key and everybody's. Nothing that anybody does then changes it.
Rule 5. A member that lacks a dealing on the list asks for it by its hash: its dealer, then another in each round.
Rule 6. A member without a certified key tells everybody what it holds in every round. Who opened its share answers with
        that; who has the certified key, with it and the list, which stand for themselves: so late members come to both.
Rule 7. Who knows the key signs it and tells everybody; q signatures certify it (certifying.py), and the machine ends.
Rule 8. Where the former epoch's key may be handed on, the first attempts do it, and later ones make a fresh key
        (resharing.py). Dealings of the other kind than the attempt's are left alone, unless a certified list has them.

Theory of operation: the attempt's request runs in protocol/member.py as any other: its rounds, views, locks, crashes
and evidence are the ones of requests. This machine answers for the built-in function instead of a worker, and exchanges
dealings beside it. What must survive a crash is the signer's (its seed, and what it judged) and the members' requests;
dealings are sent again to who wants them. A certified key is kept with its dealings, to answer with (`MadeKey`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final as Constant

from executor.crypto.digests import dkg_hash, epoch_digest
from executor.crypto.suite import REAL, Suite
from executor.crypto.threshold import (
    GROUP,
    Point,
    check_opened,
    combine_commitments,
    committed,
    interpolate,
    points,
)
from executor.errors import InvalidValue, RuleBroken
from executor.model.committee import Epoch
from executor.model.draw_key import CertifiedDrawKey, DrawKey
from executor.model.ids import Digest
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Outcome, Returned
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.model.values import YES
from executor.protocol.certifying import Certification
from executor.protocol.choosing import longest_common
from executor.protocol.dealings import (
    CertifiedKey,
    Dealing,
    FormerShares,
    FormerWanted,
    Holdings,
    KeyMessage,
    KeySignature,
    Opened,
    Wanted,
    check_message,
    decode_list,
    encode_list,
    hash_of,
)
from executor.protocol.effects import ALL
from executor.protocol.key_effects import Deal, Judge, KeyEffect, MadeKey, OpenShare, SignKey, Tell
from executor.protocol.key_plan import Plan, attempt_request, opening_context, resharing_context
from executor.protocol.resharing import RESHARED_ATTEMPTS, SHORT_ROUNDS, Former

LIST_SPEC: Constant = b'{"aggregate":"single","label":"dealings"}'
CONSENT_SPEC: Constant = b'{"aggregate":"consent","label":"held"}'
PATIENCE_ROUNDS: Constant = 2  # for dealings that are late, before a list or consent does without


@dataclass(slots=True)
class _Held:
    dealing: Dealing
    hash: Digest
    good: bool | None = None  # None until the signer said


@dataclass(slots=True)
class KeyGeneration:
    """One member's side."""

    epoch: Epoch
    index: int
    plan: Plan
    attempt: int = 0
    suite: Suite = REAL
    key: DrawKey | None = None
    certified: CertifiedDrawKey | None = None
    _held: dict[int, _Held] = field(default_factory=dict)
    _holdings: dict[int, Mapping[int, Digest]] = field(default_factory=dict)
    _awaited: dict[tuple[int, int], int] = field(default_factory=dict)  # (attempt, slot): since which round
    _agreed: dict[int, Digest] | None = None
    _opening: bool = False
    _opened: dict[int, Opened] = field(default_factory=dict)  # not checked while dealings lack
    _keys: dict[int, bytes] = field(default_factory=dict)
    _own: Opened | None = None
    _total: tuple[Point, ...] | None = None  # commitments to the sum of the agreed dealings
    _lacking: dict[int, Digest] = field(default_factory=dict)  # of a list that waits for consent
    _suspicion: Counter[int] = field(default_factory=Counter)
    _certification: Certification = field(init=False)
    _signed: KeySignature | None = None
    _shown: CertifiedKey | None = None  # checked, of a key that this member has yet to come to
    _turn: int = 0  # of whom is asked for dealings
    _former: Former | None = None  # the key that the first attempts hand on
    _fresh: Plan = field(init=False)  # for the others
    _anew: bool = field(init=False)  # whether `plan` hands a key on; its shares_of may be unknown yet
    _effects: list[KeyEffect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._certification = Certification(self.epoch, self.suite)
        self._fresh, self._anew = self.plan, self.plan.reshared

    # The committee's agreement asks.

    def request(self, attempt: int | None = None) -> Request:
        """The request of an attempt, by default of this one: the same at every member, and nobody's on chain."""
        return attempt_request(self.epoch, self.attempt if attempt is None else attempt)

    def execute(self, transcript: Transcript) -> Outcome:
        """The built-in function: pure, the same at every member (Rule 2)."""
        if not transcript:
            return Awaiting(0, LIST_SPEC)
        listed = transcript[0]
        if listed.kind is not Kind.VALUE:
            return Failed(listed.value, 0)
        try:
            dealings = decode_list(listed.value, self.plan.dealers)
        except InvalidValue:
            return Failed(b"no-list", 0)
        if len(dealings) < self.plan.least:
            return Failed(b"too-few-dealings", 0)
        if len(transcript) == 1:
            return Awaiting(1, CONSENT_SPEC)
        consent = transcript[1]
        return Returned(listed.value, 0) if consent.kind is Kind.VALUE else Failed(consent.value, 0)

    def observe(self, transcript: Transcript, round: int) -> Observation | None:
        """What this member says in the awaited slot; None while it waits for better. Ask again in every round."""
        since = self._awaited.setdefault((self.attempt, len(transcript)), round)
        patient = round - since >= PATIENCE_ROUNDS
        if not transcript:
            chosen = self._choose(patient)
            if chosen is None and self._former is not None and self._anew and round - since >= SHORT_ROUNDS:
                return Observation.error("too-few-dealings")  # another attempt does without the former key
            return None if chosen is None else Observation(Kind.VALUE, encode_list(chosen))
        dealings = decode_list(transcript[0].value, self.plan.dealers)
        if all(self._holds(dealer, hashed) for dealer, hashed in dealings.items()):
            return Observation(Kind.VALUE, YES)
        self._lacking = {dealer: hashed for dealer, hashed in dealings.items() if dealer not in self._held}
        return Observation.error("not-held") if patient else None

    def attested(self, transcript: Transcript) -> list[KeyEffect]:
        """The attempt's transcript, with a quorum's votes: its list stands, or the next attempt begins (Rule 3)."""
        if self._agreed is None:
            self._lacking.clear()
            match self.execute(transcript):
                case Returned(output):
                    self._agree(decode_list(output, self.plan.dealers))
                    self._fetch()
                    self._open()
                case _:
                    self._suspect(transcript)
                    self.attempt += 1
                    self._awaited.clear()
                    if self._former is not None and self._anew and self.attempt >= RESHARED_ATTEMPTS:
                        self._turn_to(anew=False)
                        self._begin()
        return self._take()

    # The signer, the network, the clock.

    def hand_on(self, former: Former) -> None:
        """Before `begin`: Rule 8."""
        self._former = former
        self._turn_to(anew=self.attempt < RESHARED_ATTEMPTS)

    def begin(self) -> list[KeyEffect]:
        """Have the signer begin, and deal, where this member is a dealer."""
        self._begin()
        return self._take()

    def resume(self, made: MadeKey, former_shares: tuple[bytes, ...] = ()) -> list[KeyEffect]:
        """Take up what was kept before a restart, instead of `begin`; of a former key to tell others its share keys."""
        self._anew = any(dealing.opened for dealing in made.dealings)
        if former_shares:
            self.plan = replace(self.plan, shares_of=former_shares)
        self.key, self.certified, self._own = made.certified.key, made.certified, made.opened
        hashes = {each.dealer: hash_of(self.epoch.identity, each) for each in made.dealings}
        self._agree(hashes)
        self._opening = made.opened is not None
        for dealing in made.dealings:
            hashed = hashes[dealing.dealer]
            self._held[dealing.dealer] = _Held(dealing, hashed)
            if made.opened is None:
                self._effects.append(Judge(dealing, hashed))
        return self._take()

    def dealt(self, dealing: Dealing) -> list[KeyEffect]:
        """The signer's dealing: it goes to everybody, unless the list was agreed on without it."""
        if self._agreed is None and bool(dealing.opened) is self._anew:
            self._effects.append(Tell(ALL, dealing))
            self._keep(dealing)
        return self._take()

    def judged(self, dealer: int, hashed: Digest, good: bool) -> list[KeyEffect]:
        """Whether the signer found this member's share good."""
        held = self._held.get(dealer)
        if held is not None and held.hash == hashed:
            held.good = good
            if len(self._good()) == self._dealers:
                self._tell_holdings()
            self._open()
        return self._take()

    def opened(self, opened: Opened) -> list[KeyEffect]:
        """The signer opened its share."""
        self._own = opened
        self._effects.append(Tell(ALL, opened))
        if self.key is None:
            self._opened[self.index] = opened
            self._check_opened()
        self._end()
        return self._take()

    def key_signed(self, signature: bytes) -> list[KeyEffect]:
        """The signer signed the key; raises RuleBroken when that is no signature of this member's."""
        self._certification.hear(self.index, signature)
        self._signed = KeySignature(signature)
        self._effects.append(Tell(ALL, self._signed))
        self._certify()
        return self._take()

    def received(self, sender: int, message: KeyMessage, *, dealer: int | None = None) -> list[KeyEffect]:
        """A message whose envelope `sender` signed. Raises RuleBroken, having changed nothing.

        `dealer`: which dealer the sender is, where the dealers are of another epoch.
        """
        plan = self.plan
        anew = bool(message.opened) if isinstance(message, Dealing) else self._anew  # of either kind (Rule 8)
        check_message(message, dealers=plan.dealers, members=self.epoch.n, threshold=plan.threshold, reshared=anew)
        match message:
            case Dealing():
                if anew is self._anew or self._is_listed(message):
                    self._take_kind(anew)
                    place = dealer if self._former is None else self._former.places[sender]
                    self._hear_dealing(sender, message, place if anew else sender)
            case Holdings(dealings):
                self._holdings[sender] = decode_list(dealings, plan.dealers)
                self._answer(sender)
            case Wanted(dealer, hashed):
                held = self._held.get(dealer)
                if held is not None and held.hash == hashed:
                    self._effects.append(Tell(sender, held.dealing))
            case Opened():
                if self.key is None:
                    self._opened.setdefault(sender, message)
                self._check_opened()
            case KeySignature(signature):
                if self.certified is None:
                    self._certification.hear(sender, signature)
                    self._certify()
            case CertifiedKey():
                self._hear_certified(sender, message)
            case FormerWanted():
                shares = self._former.shares if self._former is not None else plan.shares_of
                if shares:
                    self._effects.append(Tell(sender, FormerShares(shares)))
            case FormerShares(shares):
                if self._former is not None and self._former.hear(sender, shares) and self._anew:
                    self.plan = self._plan_anew(self._former)
                    self._begin()
                    self._effects += [Judge(held.dealing, held.hash) for held in self._held.values()]
        return self._take()

    def tick(self) -> list[KeyEffect]:
        """A round began: tell again what others may have missed (Rule 5)."""
        if self.certified is not None:
            return self._take()
        if self._signed is not None:
            self._effects.append(Tell(ALL, self._signed))
        mine = None if self.plan.dealer is None else self._held.get(self.plan.dealer)
        if self._agreed is None:
            if mine is not None:  # who lacks it says so, in its own round
                for member, held in self._holdings.items():
                    if member != self.index and held.get(mine.dealing.dealer) != mine.hash:
                        self._effects.append(Tell(member, mine.dealing))
            for dealer, hashed in self._lacking.items() if self._judges else ():
                self._effects.append(Tell(ALL if self._anew else dealer, Wanted(dealer, hashed)))
        else:
            self._fetch()
        if not self._judges:
            self._effects.append(Tell(ALL, FormerWanted()))
        self._tell_holdings()
        return self._take()

    # Inside.

    @property
    def _judges(self) -> bool:
        """Whether this member can judge dealings: it knows what is dealt."""
        return not self._anew or self.plan.reshared

    @property
    def _dealers(self) -> int:
        """Of how many a dealing can come."""
        return self._former.dealers if self._anew and self._former is not None else self.plan.dealers

    def _begin(self) -> None:
        self._effects.append(Deal() if self._judges else Tell(ALL, FormerWanted()))

    def _plan_anew(self, former: Former) -> Plan:
        dealer = former.places[self.index] if former.shares else None
        return Plan(self._fresh.threshold, self._fresh.dealers, dealer, former.shares)

    def _turn_to(self, *, anew: bool) -> None:
        """Rule 8: dealings of one kind, and none yet."""
        self._anew = anew
        self.plan = self._fresh if not anew or self._former is None else self._plan_anew(self._former)
        for kept in (self._held, self._holdings, self._lacking, self._suspicion):
            kept.clear()

    def _take_kind(self, anew: bool) -> None:
        if anew is not self._anew:
            self._turn_to(anew=anew)
            self._begin()

    def _is_listed(self, dealing: Dealing) -> bool:
        listed = (self._agreed or {}).get(dealing.dealer)
        return listed is not None and listed == hash_of(self.epoch.identity, dealing)

    def _holds(self, dealer: int, hashed: Digest) -> bool:
        held = self._held.get(dealer)
        return held is not None and held.hash == hashed and held.good is True

    def _good(self) -> dict[int, Digest]:
        return {dealer: held.hash for dealer, held in self._held.items() if held.good}

    def _hear_dealing(self, sender: int, dealing: Dealing, dealer: int | None) -> None:
        if self._agreed is None:
            if dealer != dealing.dealer:
                raise RuleBroken(f"dealer {dealing.dealer}'s dealing from another", sender)
            if not self._judges:
                return  # told again to who holds it not
            if dealing.dealer not in self._held and self._anew:
                self._check_constant(sender, dealing)
        elif not self._is_listed(dealing):
            return  # a list that is agreed on has what q members judged
        self._keep(dealing)

    def _check_constant(self, sender: int, dealing: Dealing) -> None:
        """What is dealt is the dealer's share of the key."""
        share = self.plan.shares_of[dealing.dealer]
        context = resharing_context(self.epoch, dealing.dealer)
        try:
            commitment = committed(points(dealing.commitments), GROUP)
        except InvalidValue as error:
            raise RuleBroken(f"a dealing's commitments: {error}", sender) from error
        if not check_opened(commitment, share, dealing.opened, context):
            raise RuleBroken("a dealing of something else than the dealer's share", sender)

    def _agree(self, listed: dict[int, Digest]) -> None:
        self._agreed = listed
        self._held = {dealer: held for dealer, held in self._held.items() if listed.get(dealer) == held.hash}

    def _answer(self, member: int) -> None:
        """Rule 6."""
        if member == self.index:
            return
        if self._own is not None:
            self._effects.append(Tell(member, self._own))
        if self.certified is not None:
            key = self.certified.key
            self._effects.append(Tell(member, CertifiedKey(key.public_key, self._list(), self.certified.proof)))

    def _hear_certified(self, sender: int, message: CertifiedKey) -> None:
        """Rule 6: it settles whose dealings count, and which key must come of them."""
        if self.certified is not None or message == self._shown:
            return
        if self._agreed is not None and self._list() != message.dealings:
            raise RuleBroken("a certified key of other dealings than the agreed ones", sender)
        hashed = self._hash_of(message.dealings)
        self._certification.check(message.public_key, hashed, message.proof, sender)
        self._shown = message
        if self._agreed is None:
            self._lacking.clear()
            self._agree(decode_list(message.dealings, self.plan.dealers))
            self._fetch()
            self._open()
        self._certify()

    def _keep(self, dealing: Dealing) -> None:
        if dealing.dealer in self._held:
            return  # its dealer deals once; two are its own loss
        hashed = hash_of(self.epoch.identity, dealing)
        self._held[dealing.dealer] = _Held(dealing, hashed)
        if self._judges:
            self._effects.append(Judge(dealing, hashed))

    def _tell_holdings(self) -> None:
        """Also where there are none: who hears it learns what this member lacks."""
        good = self._good()
        self._holdings[self.index] = good
        self._effects.append(Tell(ALL, Holdings(encode_list(good))))

    def _choose(self, patient: bool) -> dict[int, Digest] | None:
        self._holdings[self.index] = self._good()
        least, quorum = self.plan.least if patient else self._dealers, self.epoch.quorum
        return longest_common(self._holdings, quorum, least=least, suspicion=self._suspicion)

    def _suspect(self, transcript: Transcript) -> None:
        """Members that said they hold a list, and were not seen to consent to it, are asked for less next time."""
        if len(transcript) < 2:
            return
        listed = decode_list(transcript[0].value, self.plan.dealers).items()
        consenting = {each.member for each in transcript[1].observations if each.observation.kind is Kind.VALUE}
        for member, held in self._holdings.items():
            if member not in consenting and listed <= held.items():
                self._suspicion[member] += 1

    def _fetch(self) -> None:
        """Rule 5."""
        n, turn = self.epoch.n, self._turn
        self._turn += 1
        for dealer, hashed in (self._agreed or {}).items():
            if dealer not in self._held:
                asked = (dealer + turn) % n
                self._effects.append(Tell(asked if asked != self.index else (asked + 1) % n, Wanted(dealer, hashed)))

    def _complete(self) -> tuple[Dealing, ...] | None:
        """The agreed dealings, when all are here; whether their shares are good is another matter."""
        if self._agreed is None or len(self._held) < len(self._agreed):
            return None
        return tuple(self._held[dealer].dealing for dealer in sorted(self._agreed))

    def _open(self) -> None:
        """Rule 4."""
        dealings = self._complete()
        if dealings is None:
            return
        if not self._opening and all(held.good for held in self._held.values()):
            self._opening = True
            self._effects.append(OpenShare(dealings))
        self._check_opened()

    def _check_opened(self) -> None:
        dealings = self._complete()
        if dealings is None or self.key is not None:
            return
        if self._total is None:
            dealt = {each.dealer: points(each.commitments) for each in dealings}
            self._total = combine_commitments(dealt, weighted=self._anew)
        hashed, threshold = self._hash_of(self._list()), self.plan.threshold
        while self._opened and len(self._keys) < threshold:
            member, opened = self._opened.popitem()
            context = opening_context(hashed, member)
            if member in self._keys or check_opened(committed(self._total, member), opened.key, opened.proof, context):
                self._keys.setdefault(member, opened.key)
        if len(self._keys) == threshold:
            public_key, *shares = interpolate(self._keys, [GROUP, *range(self.epoch.n)])
            self.key = DrawKey(public_key, hashed, tuple(shares))
            self._opened.clear()
            self._certification.know(self.key)
            self._effects.append(SignKey(self.key))
            self._certify()

    def _certify(self) -> None:
        """Rule 7: with what somebody showed, or with the signatures that are here."""
        if self.key is None or self.certified is not None:
            return
        shown = self._shown
        proof = shown.proof if shown is not None and shown.public_key == self.key.public_key else None
        proof = proof or self._certification.proof()
        if proof is not None:
            self.certified = self._certification.certified(self.key, proof)
            self._end()

    def _end(self) -> None:
        dealings = self._complete()
        if self.certified is not None and dealings is not None:
            self._effects.append(MadeKey(self.certified, dealings, self._own))

    def _list(self) -> bytes:
        assert self._agreed is not None, "asked once a list is agreed"
        return encode_list(self._agreed)

    def _hash_of(self, listed: bytes) -> Digest:
        return dkg_hash(epoch_digest(self.epoch.identity), self.plan.threshold, listed)

    def _take(self) -> list[KeyEffect]:
        effects, self._effects = self._effects, []
        return effects
