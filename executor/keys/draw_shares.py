"""A signer's part in its epochs' draw keys (protocol/keygen.py): it deals, judges, opens and signs; no share leaves it.

Rule 1. The members, a dealing, the list that is opened and the key that is signed are promises: one of each for an
        epoch, on disk before anything leaves. The same may be asked for again; a record that is an old copy does none
        of it (record.py).
Rule 2. So of an epoch's members the first word counts, for good; of a plan, while it is kept. The threshold is f + 1
        whatever a plan says.
Rule 3. The share of an older key is dealt anew only to a committee that keeps it a secret: fewer of its members than
        make the key are new (`may_reshare`). Whoever invents a committee around this signer learns nothing of a share.
Rule 4. A list that is opened is as long as any that q members agree on.
Rule 5. A part of a draw is signed only of a draw of the epoch's own chain and router, and only when q of the epoch's
        members stated that its request is final and settled (protocol/releases.py).
Rule 6. What is kept is in share_store.py: plan and own dealing, the sum of shares, the signed key. A share of a single
        dealing is not kept: the dealing holds it, sealed to this member. So a record that was handed over without what
        was kept opens the same list again, and has its share.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final as Constant
from typing import TypeAlias, assert_never

from executor.crypto import bls, secp256k1
from executor.crypto.digests import draw_key_digest, epoch_digest, keccak256
from executor.crypto.draws import committee_digest
from executor.crypto.proofs import needs_bls
from executor.crypto.threshold import Share, sign_partly
from executor.errors import (
    InvalidEncoding,
    InvalidValue,
    PeerFault,
    RuleBroken,
    SigningRefused,
    StoreError,
)
from executor.keys.draw_messages import (
    DealShares,
    Dealt,
    ForgetShares,
    Found,
    JudgeDealing,
    OpenShare,
    ShareOpened,
    SignDrawKey,
    SignPart,
)
from executor.keys.keyset import KeySet
from executor.keys.messages import Bytes, Counted, OfShares, Signed
from executor.keys.promises import KeyStep, Promise, key_promise
from executor.keys.record import Admission, SignerRecord
from executor.keys.share_store import Name, ShareStore
from executor.keys.shares import Shares
from executor.keys.standing import JournalMark
from executor.model.codec import decode, encode
from executor.model.committee import MAX_MEMBERS, Epoch, EpochIdentity
from executor.model.draw import MAX_DRAWS
from executor.model.ids import Digest
from executor.protocol.checks import Subject
from executor.protocol.dealings import Dealing, check_message, hash_of
from executor.protocol.key_plan import Plan
from executor.protocol.releases import Release, check_release
from executor.protocol.resharing import may_reshare
from executor.protocol.statements import Signatures

MAX_VERIFIERS: Constant = 8
MAX_MAKING_BYTES: Constant = 512 * 1024  # 100 members, their keys, an older key's shares and a dealing: a third of it
MAX_OPEN: Constant = 4  # makings in memory: an epoch's, the next one's, of both plans

Judged: TypeAlias = Dealt | Found | ShareOpened | Signed | Bytes | Counted


@dataclass(frozen=True, slots=True)
class Making:
    """What is kept of an epoch's key by one plan: the members without their endpoints, and the own dealing, if any."""

    epoch: Epoch
    plan: Plan
    dealing: Dealing | None


class DrawShares:
    """The draw keys of one key set; not safe for concurrent calls."""

    def __init__(self, keys: KeySet, record: SignerRecord) -> None:
        self._keys = keys
        self._signer = keys.public.signer
        self._record = record
        self._store = ShareStore(record, self._signer, keys.encryption)
        self._open: OrderedDict[tuple[EpochIdentity, bool], Shares] = OrderedDict()

    def answer(self, ask: OfShares) -> Judged:
        """Raises SigningRefused, InvalidValue, or StoreError."""
        match ask:
            case DealShares(epoch, plan, mark):
                return self._deal(_checked(epoch), plan, mark)
            case JudgeDealing(epoch, dealing):
                shares = self._shares(epoch, anew=bool(dealing.opened))
                _check(shares, dealing)
                return Found(shares.judge(dealing))
            case OpenShare(epoch, dealings, mark):
                return self._open_share(epoch, dealings, mark)
            case SignDrawKey():
                return self._sign_key(ask)
            case SignPart():
                return self._sign_part(ask)
            case ForgetShares(epoch):
                self._store.forget(epoch)
                for key in [key for key in self._open if _is_over(key[0], epoch)]:
                    del self._open[key]
                return Counted(self._record.counter)
            case _:
                assert_never(ask)

    def _deal(self, epoch: Epoch, plan: Plan, mark: JournalMark) -> Dealt:
        identity, anew = epoch.identity, plan.reshared
        index = self._index(epoch)
        held = self._check_plan(epoch, plan)
        known = self._making(identity, anew)
        if known is not None and known.plan != plan:
            raise SigningRefused("another plan was begun for this epoch's draw key")
        begun = _promise(identity, KeyStep.BEGUN, keccak256(encode(epoch)))
        deals = plan.dealer is not None and not (anew and held is None)
        if known is not None and (known.dealing is not None or not deals):
            return Dealt(known.dealing, self._admit(identity, [begun], mark))
        shares = Shares(epoch, index, plan, secrets.token_bytes(32), self._keys.encryption, held)
        dealing = shares.deal() if deals else None
        text = encode(Making(epoch, plan, dealing))
        made = [] if dealing is None else [_promise(identity, KeyStep.DEALT + anew, hash_of(identity, dealing))]
        try:
            return Dealt(dealing, self._admit(identity, [begun, *made], mark, _name("plan", anew), text))
        except SigningRefused:  # it dealt, and what it dealt is not here (Rule 6): it goes on without, unless barred
            text = encode(Making(epoch, plan, None))
            return Dealt(None, self._admit(identity, [begun], mark, _name("plan", anew), text))

    def _check_plan(self, epoch: Epoch, plan: Plan) -> Share | None:
        """The share that this member deals anew, if any; raises InvalidValue for a plan that no epoch has (Rule 2)."""
        dealers = len(plan.shares_of) if plan.reshared else epoch.n
        if plan.threshold != epoch.f + 1 or plan.dealers != dealers:
            raise InvalidValue(
                f"a key of {epoch.n} members has the threshold {epoch.f + 1} and {dealers} dealers, "
                f"not {plan.threshold} and {plan.dealers}"
            )
        if len(plan.shares_of) > MAX_MEMBERS or any(len(key) != bls.PUBLIC_KEY_BYTES for key in plan.shares_of):
            raise InvalidValue(
                f"an older key has at most {MAX_MEMBERS} shares, with keys of {bls.PUBLIC_KEY_BYTES} bytes"
            )
        if plan.dealer is None:
            return None
        if not plan.reshared:
            if plan.dealer != self._index(epoch):
                raise InvalidValue(f"this signer is member {self._index(epoch)}, not dealer {plan.dealer}")
            return None
        if plan.dealer >= dealers:
            raise InvalidValue(f"dealer {plan.dealer} is none of {dealers}")
        return self._held(epoch, plan.shares_of[plan.dealer])

    def _held(self, epoch: Epoch, public_key: bytes) -> Share | None:
        """The share of this public key, of an earlier epoch of the committee; raises InvalidValue (Rule 3)."""
        for earlier in self._store.epochs(epoch.identity):
            for anew in (False, True):
                if earlier.number >= epoch.number or (kept := self._kept_sum(earlier, anew)) is None:
                    continue
                if bls.public_key(kept[1].value.to_bytes(32, "big")) == public_key:
                    making = self._making(earlier, anew)
                    if making is None or not may_reshare(making.epoch, epoch):
                        raise InvalidValue(
                            "too many of these members are new: a share is dealt anew where fewer than make a key are; "
                            "have a fresh key made"
                        )
                    return kept[1]
        return None

    def _open_share(self, identity: EpochIdentity, dealings: tuple[Dealing, ...], mark: JournalMark) -> ShareOpened:
        anew = any(each.opened for each in dealings)
        shares = self._shares(identity, anew=anew)
        for dealing in dealings:
            _check(shares, dealing)
        if len({each.dealer for each in dealings}) != len(dealings) or len(dealings) < shares.plan.least:
            raise InvalidValue(f"a list has dealings of {shares.plan.least} dealers or more, one of each")
        made = shares.made(dealings)
        promises = [_promise(identity, KeyStep.OPENED + anew, made)]
        kept = self._kept_sum(identity, anew)
        if kept is not None and kept[0] == made:
            return ShareOpened(shares.opened(made), self._admit(identity, promises, mark))
        opened = shares.open(dealings)
        text = made + shares.share(made).encode()
        return ShareOpened(opened, self._admit(identity, promises, mark, _name("share", anew), text))

    def _sign_key(self, ask: SignDrawKey) -> Signed:
        making = self._making(ask.epoch, anew=False) or self._making(ask.epoch, anew=True)
        if making is None:
            raise InvalidValue(_not_begun(ask.epoch))
        digest = draw_key_digest(ask.epoch, bls.to_evm_g2(ask.public_key), ask.hash)
        promises = [_promise(ask.epoch, KeyStep.SIGNED, digest)]
        counter = self._admit(ask.epoch, promises, ask.mark, "key", ask.hash + ask.public_key)
        signed_too = bls.sign(self._keys.bls, digest) if needs_bls(making.epoch) else b""
        return Signed(Signatures(secp256k1.sign(self._keys.signer, digest), signed_too), counter)

    def _sign_part(self, ask: SignPart) -> Bytes:
        draw, identity = ask.draw, ask.epoch
        if (draw.chain_id, draw.router) != (identity.chain_id, identity.router) or not 0 <= draw.ordinal < MAX_DRAWS:
            raise InvalidValue(f"{draw} is no draw of epoch {identity.number} on chain {identity.chain_id}")
        kept = self._share(identity)
        if kept is None:
            raise InvalidValue(f"no share of epoch {identity.number}'s draw key is held here")
        making = self._making(identity, anew=False) or self._making(identity, anew=True)
        if making is None:
            raise InvalidValue(_not_begun(identity))
        try:
            _check_release(Subject(making.epoch, draw.request, ask.function_id), ask.release)
        except PeerFault as error:
            raise InvalidValue(f"this draw is not released: {error}") from error
        self._admit(identity, [], ask.mark)
        return Bytes(sign_partly(kept.value, committee_digest(draw)))

    # What is kept.

    def _share(self, epoch: EpochIdentity) -> Share | None:
        """The share of the key that was signed; of the only list that was opened, where this member signed none."""
        sums = dict(kept for anew in (False, True) if (kept := self._kept_sum(epoch, anew)) is not None)
        if (signed := self._store.find(epoch, "key")) is not None:
            return sums.get(Digest(signed[: Digest.size]))
        return next(iter(sums.values())) if len(sums) == 1 else None

    def _admit(
        self,
        epoch: EpochIdentity,
        promises: list[Promise],
        mark: JournalMark,
        name: Name | None = None,
        text: bytes = b"",
    ) -> int:
        """Record promises, and a text beside them; the record's counter (Rule 1)."""

        def keep() -> None:
            if name is not None:
                self._store.save(epoch, name, text)

        self._record.admit_with(Admission(epoch, tuple(promises), mark), keep)
        return self._record.counter

    def _making(self, epoch: EpochIdentity, anew: bool) -> Making | None:
        text = self._store.find(epoch, _name("plan", anew))
        if text is None:
            return None
        try:
            making: Making = decode(Making, text, limit=MAX_MAKING_BYTES)
        except InvalidEncoding as error:  # it was encrypted by this program: another version of it
            raise StoreError(f"what the signer's record keeps of epoch {epoch.number}'s draw key: {error}") from error
        return making

    def _kept_sum(self, epoch: EpochIdentity, anew: bool) -> tuple[Digest, Share] | None:
        """The hash of the opened list, and the share of the key."""
        text = self._store.find(epoch, _name("share", anew))
        return None if text is None else (Digest(text[: Digest.size]), Share.decode(text[Digest.size :]))

    def _shares(self, epoch: EpochIdentity, *, anew: bool) -> Shares:
        """The shares of a making that was begun; raises InvalidValue where none was."""
        if (shares := self._open.get((epoch, anew))) is None:
            if (making := self._making(epoch, anew)) is None:
                raise InvalidValue(_not_begun(epoch))
            shares = Shares(making.epoch, self._index(making.epoch), making.plan, b"", self._keys.encryption)
            self._open[epoch, anew] = shares
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end((epoch, anew))
        if (kept := self._kept_sum(epoch, anew)) is not None:
            shares.take(*kept)
        return shares

    def _index(self, epoch: Epoch) -> int:
        for member in epoch.members:
            if member.signer == self._signer:
                if member.encryption_key != self._keys.public.encryption_key:
                    raise InvalidValue("the epoch has another encryption key for this signer: ask the key set it has")
                return member.index
        raise InvalidValue(f"signer {self._signer} is no member of this epoch: name the key set that is")


@lru_cache(maxsize=64)
def _check_release(subject: Subject, release: Release) -> None:
    """Once for all draws of a request; what fails is looked at each time. Raises PeerFault."""
    check_release(subject, release)


def _checked(epoch: Epoch) -> Epoch:
    """The epoch as it is kept: without endpoints; raises InvalidValue for what no registration has."""
    if len(epoch.verifiers) > MAX_VERIFIERS:
        raise InvalidValue(f"an epoch has at most {MAX_VERIFIERS} verifiers, not {len(epoch.verifiers)}")
    for member in epoch.members:
        if (len(member.bls_key), len(member.encryption_key)) != (bls.PUBLIC_KEY_BYTES, 32):
            raise InvalidValue(f"member {member.index}'s keys are not of the length that keys have")
    return replace(epoch, members=tuple(replace(member, endpoint="") for member in epoch.members))


def _check(shares: Shares, dealing: Dealing) -> None:
    plan = shares.plan
    try:
        check_message(
            dealing, dealers=plan.dealers, members=shares.epoch.n, threshold=plan.threshold, reshared=plan.reshared
        )
    except RuleBroken as error:
        raise InvalidValue(f"a dealing that no member of this epoch made: {error}") from error


def _promise(epoch: EpochIdentity, step: int, hashed: Digest) -> Promise:
    return key_promise(epoch_digest(epoch), KeyStep(step), hashed)


def _name(what: str, anew: bool) -> Name:
    names: dict[tuple[str, bool], Name] = {
        ("plan", False): "plan",
        ("plan", True): "plan-anew",
        ("share", False): "share",
        ("share", True): "share-anew",
    }
    return names[what, anew]


def _is_over(epoch: EpochIdentity, last: EpochIdentity) -> bool:
    return epoch.number <= last.number and replace(epoch, number=last.number) == last


def _not_begun(epoch: EpochIdentity) -> str:
    return f"no draw key of epoch {epoch.number} is begun here, or it was forgotten: deal-shares comes first"
